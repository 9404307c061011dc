"""Runs cargo-mutants in a copy of the code."""

from __future__ import annotations

import json
import os
import queue
import re
import resource
import shutil
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from .book import ROOT, WORK, Book, Explanation, Mutant, Stage

VERSION = "27.1.0"
TOOLS = ROOT / ".local" / "tools" / "cargo"
# Safety: a mutant may allocate for ever. The compiler needs less than this.
MOST_MEMORY = 8 << 30


def install() -> None:
    """Installs the pinned cargo-mutants, unless it is installed."""
    installed = TOOLS / ".crates.toml"
    if installed.exists() and f'"cargo-mutants {VERSION} ' in installed.read_text():
        return
    print(f"Installing cargo-mutants {VERSION} into {TOOLS} (once; some minutes) ...", flush=True)
    environment = {name: value for name, value in os.environ.items() if name != "CARGO_TARGET_DIR"}
    command = ["cargo", "install", "--quiet", "--locked", "--root", TOOLS, "--version", VERSION, "cargo-mutants"]
    subprocess.run(command, env=environment, check=True)


class Runner:
    """A copy of the code, with a target directory of its own that stays warm. Several work at the same time."""

    def __init__(self, number: int) -> None:
        self.folder = WORK / f"job-{number}"
        self.tree = self.folder / "tree"
        path = f"{TOOLS / 'bin'}{os.pathsep}{os.environ['PATH']}"
        self.environment = os.environ | {"PATH": path, "CARGO_TARGET_DIR": str(self.folder / "target")}
        self.environment.pop("PROPTEST_CASES", None)
        self.environment["RUST_BACKTRACE"] = "0"
        self.sound: set[str] = set()

    def prepare(self) -> None:
        """Brings the copy up to date."""
        listed = subprocess.check_output(["git", "ls-files", "-zco", "--exclude-standard"], cwd=ROOT, text=True)
        files = {name for name in listed.split("\0") if name and (ROOT / name).is_file()}
        for name in files:
            copy, original = self.tree / name, ROOT / name
            if not copy.is_file() or copy.read_bytes() != original.read_bytes():
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.unlink(missing_ok=True)
                shutil.copyfile(original, copy)
                shutil.copymode(original, copy)
        for path in self.tree.rglob("*"):
            name = path.relative_to(self.tree)
            if path.is_file() and name.parts[0] != ".local" and str(name) not in files:
                path.unlink()
        (self.tree / ".local").mkdir(exist_ok=True)
        if not (self.tree / ".local" / "tools").exists():
            (self.tree / ".local" / "tools").symlink_to(ROOT / ".local" / "tools")

    def list(self, packages: list[str]) -> list[Mutant]:
        command = ["cargo", "mutants", "--list", "--json"]
        command += [word for package in packages for word in ("--package", package)]
        listed = subprocess.check_output(command, cwd=self.tree, env=self.environment, text=True)
        return [Mutant.read(one, self.tree) for one in json.loads(listed)]

    def check_baseline(self, stage: Stage) -> None:
        """Checks that the tests pass without a mutant: else each mutant would seem to be caught."""
        if stage.about in self.sound:
            return
        print(f"{stage.about}: without a mutant ...", flush=True)
        command = ["cargo", "test", "--quiet", "--profile", "mutants"]
        command += [word for package in stage.packages for word in ("--package", package)] + stage.targets
        command += ["--"] + [word for name in stage.skip for word in ("--skip", name)]
        ended = self.run(command, stage, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if ended.returncode != 0:
            sys.exit(f"error: the tests fail without any mutant:\n{ended.stdout[-4000:]}")
        self.sound.add(stage.about)

    def file(self, index: int, stage: Stage, file: str, todo: list[Mutant], book: Book) -> None:
        """Runs cargo-mutants on one file."""
        self.check_baseline(stage)
        started = time.monotonic()
        output = self.folder / "out"
        shutil.rmtree(output, ignore_errors=True)
        names = self.folder / "names.toml"
        # A configuration file, because a command line may be too short for the names of hundreds of mutants.
        patterns = ["^" + re.escape(one.name) + "$" for one in todo]
        names.write_text("examine_re = " + json.dumps(patterns) + "\n")
        command = ["cargo", "mutants", "--config", names, "--in-place", "--baseline=skip", "--profile=mutants"]
        command += [f"--timeout={stage.timeout}", "--build-timeout=600", "--colors=never", "--output", output]
        command += [f"--file={file}"] + [f"--test-package={package}" for package in stage.packages]
        command += [f"--cargo-arg={target}" for target in stage.targets]
        command += ["--", "--"] + [word for name in stage.skip for word in ("--skip", name)]
        try:
            ended = self.run(command, stage, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        finally:
            found = output / "mutants.out" / "outcomes.json"
            outcomes = json.loads(found.read_text())["outcomes"] if found.exists() else []
            book.write(file, index, outcomes)
        if len(outcomes) < len(todo):
            sys.exit(f"error: cargo-mutants tested {len(outcomes)} of {len(todo)} mutants:\n{ended.stdout[-4000:]}")
        counts = Counter(one["summary"] for one in outcomes)
        words = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
        print(f"stage {index + 1}  {file}: {words}; {time.monotonic() - started:.0f} s", flush=True)
        print("".join(line for line in ended.stdout.splitlines(True) if line.startswith(("MISSED", "TIMEOUT"))), end="")

    def run(self, command: list, stage: Stage, **options) -> subprocess.CompletedProcess:
        environment = self.environment | ({"PROPTEST_CASES": str(stage.cases)} if stage.cases else {})
        limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))  # noqa: E731
        return subprocess.run(command, cwd=self.tree, env=environment, preexec_fn=limit, **options)


def run_stage(
    index: int,
    stages: dict[str, list[Stage]],
    chosen: list[Mutant],
    book: Book,
    explanations: list[Explanation],
    runners: list[Runner],
) -> None:
    """Runs one stage of each package, a file a runner at a time; long files first, so that all end at about one time."""
    explained = {one for one in chosen if any(text.covers(one) for text in explanations)}
    files: dict[str, list[Mutant]] = {}
    for one in chosen:
        if index < len(stages[one.package]) and book.needs(one, index, one in explained):
            files.setdefault(one.file, []).append(one)
    free: queue.SimpleQueue[Runner] = queue.SimpleQueue()
    for runner in runners:
        free.put(runner)

    def test(file: str) -> None:
        runner = free.get()
        runner.file(index, stages[files[file][0].package][index], file, files[file], book)
        free.put(runner)

    with ThreadPoolExecutor(len(runners)) as pool:
        waiting = [pool.submit(test, file) for file in sorted(files, key=lambda file: -len(files[file]))]
        try:
            for ended in as_completed(waiting):
                ended.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
