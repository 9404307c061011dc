"""Waiting for a server to be ready, with a time limit and a check of its process."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from devstack.errors import StackError
from devstack.processes import Process

T = TypeVar("T")
STEP_SECONDS = 0.1


def until(process: Process, seconds: float, probe: Callable[[], T | None]) -> T:
    """Returns the first answer of `probe` that is not None. Fails if the process ends or the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        answer = probe()
        if answer is not None:
            return answer
        if not process.alive():
            raise StackError(f"{process.name} ended by itself", Path(process.log))
        if time.monotonic() > deadline:
            raise StackError(f"{process.name} is not ready after {seconds:.0f} s", Path(process.log))
        time.sleep(STEP_SECONDS)
