"""The tests of one stage, compiled and run."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from .book import Stage
from .switch import VARIABLE

if TYPE_CHECKING:
    from .runner import Workspace

FAILED_TEST = re.compile(r"test (\S+)(?: - should panic)? \.\.\. FAILED$")

# Number of tests that a mutant meets before all others.
FIRST_TESTS = 12

# Safety: a mutant may allocate for ever. The compiler needs less than this.
MOST_MEMORY = 8 << 30


def limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))


class Tests:
    """The test programs of a stage, each with the folder in which it runs."""

    def __init__(self, workspace: Workspace, stage: Stage) -> None:
        self.stage = stage
        packages = [f"--package={package}" for package in stage.packages]
        command = ["cargo", "test", "--no-run", "--profile", "mutants", *packages, *stage.targets]
        built = workspace.run([*command, "--message-format=json"], capture_output=True)
        if built.returncode != 0:
            sys.exit(f"error: the tests of the stage \"{stage.about}\" do not compile:\n{built.stderr[-2000:]}")
        artifacts = [json.loads(line) for line in built.stdout.splitlines()]
        self.programs = [
            (one["executable"], Path(one["manifest_path"]).parent)
            for one in artifacts
            if one.get("executable") and one["profile"]["test"]
        ]
        self.arguments = [word for name in stage.skip for word in ("--skip", name)]
        # One thread for each mutant: several mutants are tested at the same time.
        self.environment = workspace.environment | stage.environment() | {"RUST_TEST_THREADS": "1"}
        # The tests that caught a mutant of a file, with their programs; the latest comes last.
        self.catchers: dict[str, dict[tuple[str, str], None]] = {}

    def check_baseline(self) -> None:
        """Checks that the tests pass without a mutant: else each mutant would seem to be caught."""
        outcome, seconds = self.run(0, "")
        if outcome != "missed":
            failed = [name for _, name in self.catchers.get("", {})] or ["one that took too long or ended its program"]
            sys.exit(f"error: a test of the stage \"{self.stage.about}\" fails without any mutant: {failed[0]}")
        print(f"{self.stage.about}: {seconds:.1f} s without a mutant", flush=True)

    def run(self, number: int, file: str) -> tuple[str, float]:
        """Runs the tests until one fails. Returns caught, missed or timeout, and the seconds."""
        started = time.monotonic()
        for program, folder, arguments in [*self.likely(file), *self.all()]:
            left = started + self.stage.timeout - time.monotonic()
            passed, failed_test = self.run_program(program, folder, arguments, number, left)
            if failed_test:
                self.note_catcher(file, program, failed_test)
            if passed is None:
                return "timeout", time.monotonic() - started
            if not passed:
                return "caught", time.monotonic() - started
        return "missed", time.monotonic() - started

    def all(self) -> list[tuple[str, Path, list[str]]]:
        """Returns all programs, each with its folder and arguments."""
        return [(program, folder, self.arguments) for program, folder in self.programs]

    def likely(self, file: str) -> list[tuple[str, Path, list[str]]]:
        """Returns the tests that are likely to catch a mutant of a file. *Economy*: most mutants need no other test."""
        latest = list(self.catchers.get(file, {}))[-FIRST_TESTS:]
        tests = {
            program: [name for caught_in, name in reversed(latest) if caught_in == program]
            for program, _ in self.programs
        }
        return [(program, folder, ["--exact", *tests[program]]) for program, folder in self.programs if tests[program]]

    def note_catcher(self, file: str, program: str, test: str) -> None:
        """Puts a test last, which is the place of the most likely one."""
        catchers = self.catchers.setdefault(file, {})
        catchers.pop((program, test), None)
        catchers[(program, test)] = None

    def run_program(
        self, program: str, folder: Path, arguments: list[str], number: int, seconds: float
    ) -> tuple[bool | None, str | None]:
        """Runs one test program. Returns true if it passes, none if it takes too long; and the test that failed."""
        environment = self.environment | {VARIABLE: str(number), "CARGO_MANIFEST_DIR": str(folder)}
        process = subprocess.Popen(
            [program, *arguments], cwd=folder, env=environment, preexec_fn=limit_memory,
            start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )
        is_late = threading.Event()

        def end() -> None:
            is_late.set()
            kill(process)

        timer = threading.Timer(max(seconds, 0), end)
        timer.start()
        failed = next((line for line in process.stdout if line.endswith("... FAILED\n")), None)
        if failed:
            kill(process)  # the first failure is enough
        code = process.wait()
        timer.cancel()
        kill(process)
        if is_late.is_set():
            return None, None
        name = FAILED_TEST.match(failed) if failed else None
        return not failed and code == 0, name and name[1]


def kill(process: subprocess.Popen) -> None:
    """Ends a test program and the programs that it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
