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
    """Paths inside the state folder, and their contents."""

    root: Path

    @property
    def stack_file(self) -> Path:
        """File that exists exactly while the stack is up."""
        return self.root / "stack.json"

    @property
    def config_file(self) -> Path:
        """Configuration of `bitrelay` for this stack; exists as long as `stack_file`."""
        return self.root / "bitrelay.toml"

    @property
    def pids(self) -> Path:
        """Folder with one file for each started process."""
        return self.root / "pids"

    @property
    def logs(self) -> Path:
        """Folder with the logs of the last start; `down` keeps them."""
        return self.root / "logs"

    @property
    def work(self) -> Path:
        """Folder for the prepared template, the output of `sam build`, and the emulator's temporary files."""
        return self.root / "work"

    def make(self) -> None:
        """Creates the folders."""
        for folder in (self.root, self.pids, self.logs, self.work):
            folder.mkdir(parents=True, exist_ok=True)

    def read_stack(self) -> dict[str, Any] | None:
        """Returns the contents of `stack_file`, or None."""
        try:
            value = json.loads(self.stack_file.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return None
        return value if isinstance(value, dict) else None

    def write_stack(self, value: dict[str, Any]) -> None:
        """Writes the file whole or not at all. Only its owner can read it, because it holds (simulated) secrets."""
        partial = self.stack_file.with_suffix(".partial")
        partial.touch(mode=0o600)
        partial.write_text(json.dumps(value, indent=2) + "\n")
        partial.replace(self.stack_file)

    def write_config(self, values: dict[str, str]) -> None:
        """Writes the file for `bitrelay --config`. A JSON string is a TOML string too."""
        lines = [f"{name} = {json.dumps(value)}\n" for name, value in values.items()]
        self.config_file.write_text("".join(lines))

    def forget_stack(self) -> None:
        """Removes the files that exist only while the stack is up."""
        self.stack_file.unlink(missing_ok=True)
        self.config_file.unlink(missing_ok=True)

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Holds a lock while the stack starts or stops. The system releases it if its holder dies."""
        self.make()
        with (self.root / "lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StackError(
                    f"another command is starting or stopping the stack in {self.root}; wait for it, then try again"
                ) from None
            yield
