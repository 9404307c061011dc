"""One emulated AWS (MiniStack) for all tests of this folder."""

from __future__ import annotations

import atexit
import functools
import tempfile
import warnings
from pathlib import Path
from typing import Any

from devstack import aws, emulator, processes
from devstack.settings import Settings
from devstack.state import State


@functools.cache
def endpoint_url() -> str:
    """Starts the emulator at the first call; it ends with the tests."""
    folder = tempfile.TemporaryDirectory(prefix="examples-")
    atexit.register(folder.cleanup)
    root = Path(folder.name)
    state = State(root)
    state.make()
    # Only the port matters here: any that is free.
    settings = Settings(state_dir=root, template=root, functions_dir=root, simulator=root, port=0)
    with warnings.catch_warnings():
        # It keeps running until the function below ends it.
        warnings.simplefilter("ignore", ResourceWarning)
        process = emulator.start(settings, state)
    atexit.register(processes.stop, state, process)
    return emulator.endpoint_url(process.port)


def client(service: str) -> Any:
    """Returns a boto3 client of it."""
    return aws.client(service, endpoint_url())
