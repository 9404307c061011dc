"""The pages of `bitrelay console` while the demo waits."""

from __future__ import annotations

import os
import selectors
import subprocess
from pathlib import Path
from types import TracebackType

START_SECONDS = 10.0


class Pages:
    """A running console. `address` is empty if it did not start in time; the demo goes on without it."""

    def __init__(self, program: Path, config: Path) -> None:
        environment = os.environ | {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        self._process = subprocess.Popen(
            [program, "--config", config, "console"],
            env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.address = self._first_line()

    def _first_line(self) -> str:
        output = self._process.stdout
        assert output is not None
        with selectors.DefaultSelector() as selector:
            selector.register(output, selectors.EVENT_READ)
            return output.readline().decode().strip() if selector.select(START_SECONDS) else ""

    def __enter__(self) -> Pages:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait()
