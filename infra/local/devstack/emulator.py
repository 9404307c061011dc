"""MiniStack, the AWS emulator (https://github.com/ministackorg/ministack)."""

from __future__ import annotations

import functools
import json
import urllib.error
import urllib.request
from pathlib import Path

from devstack import aws, ports, processes, waiting
from devstack.errors import StackError
from devstack.processes import Process
from devstack.settings import HOST, REGION, Settings, tool
from devstack.state import State

READY_SECONDS = 30.0
# Another program may take a free port between our check and the emulator's start.
ATTEMPTS = 3


def endpoint_url(port: int) -> str:
    """Returns the URL of all services."""
    return f"http://{HOST}:{port}"


def start(settings: Settings, state: State) -> Process:
    """Starts the emulator and waits until it answers."""
    program = tool("ministack")
    if not program.exists():
        raise StackError(f"{program} is missing; run `make tools`")
    for attempt in range(1, ATTEMPTS + 1):
        port = ports.choose(settings.port)
        process = processes.start(state, "ministack", [program], _environment(state, port), port)
        try:
            waiting.until(process, READY_SECONDS, functools.partial(_ready, state, port))
            return process
        except StackError:
            processes.stop(state, process)
            if attempt == ATTEMPTS or "in use" not in Path(process.log).read_text(errors="replace"):
                raise
    raise AssertionError("unreachable: the last attempt returns or raises")


def is_healthy(state: State, port: int) -> bool:
    """True if this state folder's emulator answers, and enforces the policies of roles."""
    try:
        with urllib.request.urlopen(f"{endpoint_url(port)}/_ministack/health", timeout=2) as answer:
            health = json.load(answer)
    except (urllib.error.URLError, OSError, ValueError):
        return False
    return (
        isinstance(health, dict) and health.get("auth") == "enabled" and health.get("version") == _mark(state)
    )


def _ready(state: State, port: int) -> bool | None:
    return is_healthy(state, port) or None


def _mark(state: State) -> str:
    """Returns this emulator's version string, which differs for each stack: two may start on one port."""
    return f"of {state.root}"


def _environment(state: State, port: int) -> dict[str, str]:
    """Returns the emulator's settings. Functions inherit them and reach the emulator by the endpoint among them."""
    temporary = state.work / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    return aws.environment(endpoint_url(port)) | {
        # Without these two it listens on every interface.
        "BIND_HOST": HOST,
        "IOT_MTLS_ENABLED": "0",
        "GATEWAY_PORT": str(port),
        # The host in the URLs of queues.
        "MINISTACK_HOST": HOST,
        "MINISTACK_REGION": REGION,
        "MINISTACK_VERSION": _mark(state),
        # Check signatures and enforce each function role's policies.
        "AUTH": "true",
        "LAMBDA_EXECUTOR": "local",
        "TMPDIR": str(temporary),
        "S3_DATA_DIR": str(temporary / "s3"),
        "PYTHONUNBUFFERED": "1",
    }
