"""The screen: lines that stay, and on a terminal one status line below them."""

from __future__ import annotations

import sys
import threading
import time

# Seconds between status lines without a terminal. A short status is not printed there.
FIRST_SECONDS = 3.0
AGAIN_SECONDS = 20.0


class Screen:
    """Lines come from two threads; the lock keeps each whole."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._terminal = sys.stdout.isatty()
        self._status = ""
        self._status_since = 0.0
        self._next_mention = 0.0

    def line(self, text: str = "") -> None:
        """Prints a line that stays."""
        with self._lock:
            erase = "\r\033[K" if self._terminal and self._status else ""
            print(f"{erase}{text}", flush=True)
            self._draw()

    def status(self, text: str) -> None:
        """Shows what the demo waits for; empty if it does not wait. Call it repeatedly: it shows the seconds."""
        with self._lock:
            if text != self._status:
                self._clear()
                self._status = text
                self._status_since = time.monotonic()
                self._next_mention = self._status_since + FIRST_SECONDS
            self._draw()

    def _clear(self) -> None:
        if self._terminal and self._status:
            print("\r\033[K", end="", flush=True)

    def _draw(self) -> None:
        if not self._status:
            return
        now = time.monotonic()
        text = f"  ... {self._status} ({now - self._status_since:.0f} s)"
        if self._terminal:
            print(f"\r\033[K{text}", end="", flush=True)
        elif now >= self._next_mention:
            print(text, flush=True)
            self._next_mention = now + AGAIN_SECONDS
