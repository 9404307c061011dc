"""The stack's own folder: `stack.json` for programs, pid files, logs, and a lock against two `up` at once."""

from __future__ import annotations

import contextlib
import fcntl
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devstack.errors import StackError


@dataclass(frozen=True)
class State:
    """Paths inside the state folder, and what is written there."""

    root: Path

    @property
    def stack_file(self) -> Path:
        """Exists exactly while the stack is up."""
        return self.root / "stack.json"

    @property
    def config_file(self) -> Path:
        """Leads the command line `bitrelay` to this stack; exists as long as `stack_file`."""
        return self.root / "bitrelay.toml"

    @property
    def pids(self) -> Path:
        """One file for each process that was started."""
        return self.root / "pids"

    @property
    def logs(self) -> Path:
        """Logs of the last start; they outlive `down`."""
        return self.root / "logs"

    @property
    def work(self) -> Path:
        """The prepared template, what `sam build` makes of it, and the emulator's temporary files."""
        return self.root / "work"

    def make(self) -> None:
        """Creates the folders."""
        for folder in (self.root, self.pids, self.logs, self.work):
            folder.mkdir(parents=True, exist_ok=True)

    def read_stack(self) -> dict[str, Any] | None:
        """What `up` wrote, or None."""
        try:
            value = json.loads(self.stack_file.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return None
        return value if isinstance(value, dict) else None

    def write_stack(self, value: dict[str, Any]) -> None:
        """Written whole or not at all; readable by its owner only, for it holds (simulated) secrets."""
        partial = self.stack_file.with_suffix(".partial")
        partial.touch(mode=0o600)
        partial.write_text(json.dumps(value, indent=2) + "\n")
        partial.replace(self.stack_file)

    def write_config(self, values: dict[str, str]) -> None:
        """The file that `bitrelay --config` takes. A JSON string is a TOML string too."""
        lines = [f"{name} = {json.dumps(value)}\n" for name, value in values.items()]
        self.config_file.write_text("".join(lines))

    def forget_stack(self) -> None:
        """The stack is not up any more."""
        self.stack_file.unlink(missing_ok=True)
        self.config_file.unlink(missing_ok=True)

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Held while the stack starts or stops; the system releases it when its holder dies."""
        self.make()
        with (self.root / "lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StackError(
                    f"another command is starting or stopping the stack in {self.root}; wait for it, then try again"
                ) from None
            yield
