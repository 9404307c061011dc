"""Progress for a person: a running clock on a terminal, plain lines in a log."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator

# Seconds between progress lines without a terminal.
HEARTBEAT_SECONDS = 15.0
TICK_SECONDS = 0.5


def say(text: str = "") -> None:
    """Prints one line without delay."""
    print(text, flush=True)


def complain(text: str) -> None:
    """Prints one line to standard error without delay."""
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def step(label: str) -> Iterator[None]:
    """Announces a step, shows how long it has been running, and how it ended."""
    started = time.monotonic()
    stop = threading.Event()
    clock = threading.Thread(target=_tick, args=(label, started, stop), daemon=True)
    clock.start()
    outcome = "FAILED"
    try:
        yield
        outcome = "done"
    finally:
        stop.set()
        clock.join()
        seconds = time.monotonic() - started
        erase = "\r\033[K" if sys.stdout.isatty() else ""
        say(f"{erase}  {label} ... {outcome} ({seconds:.1f} s)")


def _tick(label: str, started: float, stop: threading.Event) -> None:
    """Redraws the step's line on a terminal; else prints a line at intervals."""
    terminal = sys.stdout.isatty()
    while not stop.wait(TICK_SECONDS if terminal else HEARTBEAT_SECONDS):
        seconds = time.monotonic() - started
        if terminal:
            print(f"\r\033[K  {label} ... {seconds:.0f} s", end="", flush=True)
        else:
            say(f"  {label} ... still running after {seconds:.0f} s")
