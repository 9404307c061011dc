"""Tests mutants in copies of the code."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from .book import OUTCOMES, ROOT, WORK, Book, Explanation, Mutant, Stage, load_excluded
from .stage_tests import Tests, limit_memory
from .switch import compile_switches

VERSION = "27.1.0"
TOOLS = ROOT / ".local" / "tools" / "cargo"


def install() -> None:
    """Installs the pinned cargo-mutants, unless it is installed."""
    installed = TOOLS / ".crates.toml"
    if installed.exists() and f'"cargo-mutants {VERSION} ' in installed.read_text():
        return
    print(f"Installing cargo-mutants {VERSION} into {TOOLS} (once; some minutes) ...", flush=True)
    environment = {name: value for name, value in os.environ.items() if name != "CARGO_TARGET_DIR"}
    command = ["cargo", "install", "--quiet", "--locked", "--root", TOOLS, "--version", VERSION, "cargo-mutants"]
    subprocess.run(command, env=environment, check=True)


class Workspace:
    """A copy of the code. All copies share one target directory, which stays warm."""

    def __init__(self, name: str) -> None:
        self.tree = WORK / name
        path = f"{TOOLS / 'bin'}{os.pathsep}{os.environ['PATH']}"
        self.environment = os.environ | {"PATH": path, "CARGO_TARGET_DIR": str(WORK / "target")}
        self.environment.pop("PROPTEST_CASES", None)
        self.environment["RUST_BACKTRACE"] = "0"
        # A seed that fails with one mutant must not be tried with the next.
        self.environment["PROPTEST_DISABLE_FAILURE_PERSISTENCE"] = "true"
        # A function with the bodies of all its mutants needs more stack.
        self.environment["RUST_MIN_STACK"] = str(64 << 20)

    def prepare(self, source: Path) -> None:
        """Makes the copy equal to `source`: the project, or another copy of it."""
        listed = subprocess.check_output(["git", "ls-files", "-zco", "--exclude-standard"], cwd=ROOT, text=True)
        files = {name for name in listed.split("\0") if name and (source / name).is_file()}
        for name in files:
            copy, original = self.tree / name, source / name
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

    def run(self, command: list, **options) -> subprocess.CompletedProcess:
        return subprocess.run(command, cwd=self.tree, env=self.environment, text=True, **options)

    def list(self, packages: list[str]) -> list[Mutant]:
        """Returns all mutants of the packages."""
        command = ["cargo", "mutants", "--list", "--json", *option("--package", packages)]
        command += option("--exclude", load_excluded())
        listed = self.run(command, stdout=subprocess.PIPE, check=True)
        return [Mutant.read(one, self.tree) for one in json.loads(listed.stdout)]


def option(name: str, values: list[str]) -> list[str]:
    return [word for value in values for word in (name, value)]


@dataclass(frozen=True)
class Run:
    """The mutants of one package that are to be tested, and where their outcomes go."""

    mutants: list[Mutant]
    stages: list[Stage]
    book: Book
    explanations: list[Explanation]

    def todo(self, index: int, among: Collection[Mutant]) -> list[Mutant]:
        """Returns those that have to meet a stage."""
        explained = {one for one in self.mutants if any(text.covers(one) for text in self.explanations)}
        return [one for one in self.mutants if one in among and self.book.needs(one, index, one in explained)]


def test_at_once(workspace: Workspace, plain: Workspace, run: Run, most_stages: int | None) -> set[Mutant]:
    """Tests all mutants that can be compiled at once. Returns those, and those that do not compile."""
    workspace.prepare(plain.tree)
    packages = sorted({package for stage in run.stages[:most_stages] for package in stage.packages})
    command = ["cargo", "check", "--profile", "mutants", "--tests", *option("--package", packages)]
    command.append("--message-format=json")
    check = lambda: workspace.run(command, capture_output=True)  # noqa: E731
    numbers, unviable = compile_switches(workspace.tree, run.mutants, check)
    for mutant in unviable:
        run.book.write(mutant, "unviable", 0, 0)
    print(f"{len(numbers)} of {len(run.mutants)} mutants are compiled at once", flush=True)
    for index, stage in enumerate(run.stages[:most_stages]):
        todo = run.todo(index, numbers)
        if todo:
            tests = Tests(workspace, stage)
            tests.check_baseline()
            report_outcomes(index, todo, tests, numbers, run.book)
    return set(numbers) | unviable


def report_outcomes(
    index: int, todo: list[Mutant], tests: Tests, numbers: dict[Mutant, int], book: Book
) -> None:
    """Tests mutants, one on each core, and writes their outcomes."""
    started = time.monotonic()
    counts: Counter = Counter()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        running = {pool.submit(tests.run, numbers[mutant], mutant.file): mutant for mutant in todo}
        try:
            for ended in as_completed(running):
                mutant, (outcome, seconds) = running[ended], ended.result()
                book.write(mutant, outcome, index, seconds)
                counts[outcome] += 1
                if outcome != "caught":
                    print(f"{outcome.upper():8} {mutant.name}", flush=True)
                if counts.total() % 50 == 0:
                    print(f"stage {index + 1}: {counts.total()} of {len(todo)}", flush=True)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    words = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    print(f"stage {index + 1}, {tests.stage.about}: {words}; {time.monotonic() - started:.0f} s", flush=True)


def test_one_by_one(workspace: Workspace, run: Run, most_stages: int | None, others: set[Mutant]) -> None:
    """Tests the mutants that are not among the others: cargo-mutants compiles each."""
    mutants = [one for one in run.mutants if one not in others]
    for index, stage in enumerate(run.stages[:most_stages]):
        todo = run.todo(index, mutants)
        if todo:
            Tests(workspace, stage).check_baseline()
        for file in dict.fromkeys(one.file for one in todo):
            run_cargo_mutants(workspace, index, stage, [one for one in todo if one.file == file], run.book)


def run_cargo_mutants(workspace: Workspace, index: int, stage: Stage, todo: list[Mutant], book: Book) -> None:
    """Tests mutants of one file."""
    started = time.monotonic()
    output = WORK / "out"
    shutil.rmtree(output, ignore_errors=True)
    names = WORK / "names.toml"
    # A configuration file, because a command line may be too short for the names of hundreds of mutants.
    patterns = ["^" + re.escape(one.name) + "$" for one in todo]
    names.write_text("examine_re = " + json.dumps(patterns) + "\n")
    command = ["cargo", "mutants", "--config", names, "--in-place", "--baseline=skip", "--profile=mutants"]
    command += [f"--timeout={stage.timeout}", "--build-timeout=600", "--colors=never", "--output", output]
    command += [f"--file={todo[0].file}"] + [f"--test-package={package}" for package in stage.packages]
    command += [f"--cargo-arg={target}" for target in stage.targets]
    command += ["--", "--", *option("--skip", stage.skip)]
    environment = workspace.environment | stage.environment()
    try:
        ended = subprocess.run(
            command, cwd=workspace.tree, env=environment, preexec_fn=limit_memory, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
    finally:
        found = output / "mutants.out" / "outcomes.json"
        outcomes = json.loads(found.read_text())["outcomes"] if found.exists() else []
        tested = {one.name: one for one in todo}
        counts: Counter = Counter()
        for one in outcomes:
            name = one["scenario"]["Mutant"]["name"] if isinstance(one["scenario"], dict) else None
            # cargo-mutants tests deleted fields of structures also if no name asks for them.
            if name in tested and one["summary"] in OUTCOMES:
                mutant, outcome = tested[name], OUTCOMES[one["summary"]]
                book.write(mutant, outcome, index, sum(phase["duration"] for phase in one["phase_results"]))
                counts[outcome] += 1
                if outcome in ("missed", "timeout"):
                    print(f"{outcome.upper():8} {mutant.name}", flush=True)
    if len(outcomes) < len(todo):
        sys.exit(f"error: cargo-mutants tested {len(outcomes)} of {len(todo)} mutants:\n{ended.stdout[-4000:]}")
    words = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    print(f"stage {index + 1}, {todo[0].file}: {words}; {time.monotonic() - started:.0f} s", flush=True)
