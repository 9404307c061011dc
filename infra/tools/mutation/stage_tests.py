"""The tests of one stage, compiled and run."""

from __future__ import annotations

import json
import os
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

    def check_baseline(self) -> None:
        """Checks that the tests pass without a mutant: else each mutant would seem to be caught."""
        outcome, seconds = self.run(0)
        if outcome != "missed":
            sys.exit(f"error: the tests of the stage \"{self.stage.about}\" fail without any mutant")
        print(f"{self.stage.about}: {seconds:.1f} s without a mutant", flush=True)

    def run(self, number: int) -> tuple[str, float]:
        """Runs the tests until one fails. Returns caught, missed or timeout, and the seconds."""
        started = time.monotonic()
        for program, folder in self.programs:
            left = started + self.stage.timeout - time.monotonic()
            passed = self.run_program(program, folder, number, left)
            if passed is None:
                return "timeout", time.monotonic() - started
            if not passed:
                return "caught", time.monotonic() - started
        return "missed", time.monotonic() - started

    def run_program(self, program: str, folder: Path, number: int, seconds: float) -> bool | None:
        """Runs one test program. Returns true if it passes, and none if it takes too long."""
        environment = self.environment | {VARIABLE: str(number), "CARGO_MANIFEST_DIR": str(folder)}
        process = subprocess.Popen(
            [program, *self.arguments], cwd=folder, env=environment, preexec_fn=limit_memory,
            start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )
        is_late = threading.Event()

        def end() -> None:
            is_late.set()
            kill(process)

        timer = threading.Timer(max(seconds, 0), end)
        timer.start()
        failed = any(line.endswith("... FAILED\n") for line in process.stdout)
        if failed:
            kill(process)  # the first failure is enough
        code = process.wait()
        timer.cancel()
        kill(process)
        if is_late.is_set():
            return None
        return not failed and code == 0


def kill(process: subprocess.Popen) -> None:
    """Ends a test program and the programs that it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
