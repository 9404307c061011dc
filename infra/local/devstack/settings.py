"""The settings of a stack: files, ports and times."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
HOST = "127.0.0.1"
REGION = "eu-west-1"
STACK_NAME = "bitrelay"
PREFERRED_PORT = 4566
FUNCTIONS = ("webhook", "poller", "publisher")
# The program that a person starts this with: `make` in the sources, `./run` in the bundle of a release.
COMMAND = "make" if (ROOT / "Makefile").is_file() else "./run"


def target_dir() -> Path:
    """Returns cargo's output folder, by cargo's own rules."""
    return Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))


def tool(name: str) -> Path:
    """Returns a program of the tools' virtual environment, which also runs this code."""
    return Path(sys.executable).parent / name


@dataclass(frozen=True)
class Settings:
    """Everything that may differ between local stacks."""

    state_dir: Path
    template: Path
    functions_dir: Path
    simulator: Path
    # None: the usual port if it is free, else any. 0: any. Else exactly this one.
    port: int | None = None
    simulator_port: int = 0
    link: str = "demo"
    log_level: str = "info"
    # Longer than the minute between two runs of the poller: a run sees the window of every edit open.
    window_seconds: int = 90
    window_margin_seconds: int = 3
    poll_interval_seconds: int = 2
    grace_seconds: int = 2
    task_interval_seconds: int = 2
    sweep_seconds: int = 20
    # The simulator has a limit of its own, which tests set.
    calls_per_hour: int = 10000
    max_calls_per_run: int = 1000

    def parameters(self, architecture: str, bitbucket_url: str) -> dict[str, str]:
        """The template's parameters for this stack."""
        return {
            "Architecture": architecture,
            "BitbucketApiUrl": f"{bitbucket_url}/2.0",
            "BitbucketOAuthUrl": f"{bitbucket_url}/site/oauth2",
            "WindowSeconds": str(self.window_seconds),
            "WindowMarginSeconds": str(self.window_margin_seconds),
            "PollIntervalSeconds": str(self.poll_interval_seconds),
            "GraceSeconds": str(self.grace_seconds),
            "TaskIntervalSeconds": str(self.task_interval_seconds),
            "SweepSeconds": str(self.sweep_seconds),
            "CallsPerHour": str(self.calls_per_hour),
            "MaxCallsPerRun": str(self.max_calls_per_run),
            "LogLevel": self.log_level,
        }
