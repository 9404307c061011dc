"""Waiting for a server to be ready, with a limit and with an eye on its process."""

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
    """What `probe` answers once it is not None. Fails when the process ends or the time is over."""
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
