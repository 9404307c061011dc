"""The kind of failure that is printed without a traceback."""

from __future__ import annotations

from pathlib import Path

TAIL_LINES = 25


class StackError(Exception):
    """A failure that the person at the keyboard can fix.

    `message` says what happened and what to do; `log` is where the rest is written.
    """

    def __init__(self, message: str, log: Path | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.log = log

    def text(self) -> str:
        """The message, the end of the log, and where the log is."""
        if self.log is None or not self.log.exists():
            return self.message
        lines = self.log.read_text(errors="replace").splitlines()[-TAIL_LINES:]
        tail = "\n".join(f"    {line}" for line in lines)
        return f"{self.message}\n\n  the end of {self.log}:\n{tail}"
