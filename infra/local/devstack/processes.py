"""Background processes: each in its own process group, with a pid file that survives the starter."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from devstack.errors import StackError
from devstack.state import State

TERMINATE_SECONDS = 5.0
KILL_SECONDS = 5.0


@dataclass(frozen=True)
class Process:
    """A started process. `birth` distinguishes it from a later process with the same pid."""

    name: str
    pid: int
    birth: str
    since: float
    port: int
    log: str

    def alive(self) -> bool:
        """True if it still runs (a zombie does not)."""
        return _birth(self.pid) == self.birth

    def save(self, state: State) -> None:
        """Stores it in the state folder."""
        (state.pids / f"{self.name}.json").write_text(json.dumps(asdict(self)))


def start(
    state: State,
    name: str,
    argv: list[str | Path],
    env: dict[str, str],
    port: int,
    stdout: Path | None = None,
) -> Process:
    """Starts `argv` in the background. Its output goes to the log, or its standard output to `stdout`."""
    log = state.logs / f"{name}.log"
    with contextlib.ExitStack() as files:
        errors = files.enter_context(log.open("wb"))
        output = files.enter_context(stdout.open("wb")) if stdout else errors
        try:
            child = subprocess.Popen(
                [str(word) for word in argv],
                env=env,
                cwd=state.root,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                start_new_session=True,
            )
        except OSError as error:
            raise StackError(f"cannot start {argv[0]}: {error}") from error
    process = Process(name, child.pid, _birth(child.pid) or "gone", time.time(), port, str(log))
    process.save(state)
    return process


def known(state: State) -> list[Process]:
    """Every process with a pid file, alive or not; unreadable files are dropped."""
    found = []
    for file in sorted(state.pids.glob("*.json")):
        try:
            found.append(Process(**json.loads(file.read_text())))
        except (json.JSONDecodeError, TypeError):
            file.unlink()
    return found


def stop(state: State, process: Process) -> bool:
    """Stops the process and its children, and removes its pid file. Returns True if it ran.

    The group is addressed only while its leader is the process that we started (`birth`), or is gone and has
    left children behind: the system does not reuse a group id while a member of it lives.
    """
    (state.pids / f"{process.name}.json").unlink(missing_ok=True)
    birth = _birth(process.pid)
    if birth not in (None, process.birth):
        return False
    if not _signal_group(process.pid, signal.SIGTERM):
        return False
    if not _wait_for_end(process.pid, TERMINATE_SECONDS):
        _signal_group(process.pid, signal.SIGKILL)
        if not _wait_for_end(process.pid, KILL_SECONDS):
            raise StackError(
                f"{process.name} (process group {process.pid}) does not end, not even by SIGKILL"
            )
    return True


def _signal_group(group: int, number: int) -> bool:
    """Sends a signal to the whole group; False when it has no member that we may signal."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(group, os.WNOHANG)
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _wait_for_end(group: int, seconds: float) -> bool:
    """Waits until the group has no member left."""
    deadline = time.monotonic() + seconds
    while _signal_group(group, 0):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _birth(pid: int) -> str | None:
    """Returns the start time of the process in the system's own form, or None if it does not run.

    Linux: field 22 of /proc/PID/stat, which counts from the boot (proc_pid_stat(5)).
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]
