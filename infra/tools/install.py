#!/usr/bin/env python3
"""Installs pinned tools into a virtual environment. Prints nothing if they are installed already.

Usage: install.py FOLDER REQUIREMENTS. Needs nothing but Python itself; may be interrupted and run again.
"""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
import sys
import time
from pathlib import Path

OLDEST_PYTHON = (3, 11)
# The Python outside any virtual environment: one cannot clear the folder that it runs in.
BASE_PYTHON = getattr(sys, "_base_executable", sys.executable)
USAGE = "usage: install.py FOLDER REQUIREMENTS"
NO_VENV = """\
error: this Python cannot make a virtual environment (it lacks `ensurepip`).
On Debian and Ubuntu: apt-get install python3-venv
Or name another Python: make PYTHON=/path/to/python3 ...
"""


def main(words: list[str]) -> int:
    """Installs the tools, unless the stamp shows that exactly these are installed. Returns the exit code."""
    if len(words) != 2:
        print(USAGE)
        return 2
    folder, requirements = (Path(word).resolve() for word in words)
    if sys.version_info < OLDEST_PYTHON:
        found = ".".join(map(str, sys.version_info[:2]))
        print(
            f"error: Python 3.11 or newer is needed, this is {found}; name another: make PYTHON=python3.12 ..."
        )
        return 1
    stamp = folder / ".installed"
    wanted = hashlib.sha256(
        # Not `sys.executable`: once the tools are installed, their own Python comes first on the Makefile's PATH.
        requirements.read_bytes() + sys.version.encode() + sys.base_prefix.encode()
    ).hexdigest()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.is_file() and stamp.read_text() == wanted:
            return 0
        stamp.unlink(missing_ok=True)
        code = install(folder, requirements)
        if code == 0:
            stamp.write_text(wanted)
        return code


def install(folder: Path, requirements: Path) -> int:
    """Creates a new virtual environment and fills it. Returns the exit code."""
    try:
        import ensurepip  # noqa: F401 (Debian ships it in a package of its own)
    except ImportError:
        print(NO_VENV, end="")
        return 1
    print(f"Installing the tools of {requirements.name} into {folder} (once) ...", flush=True)
    started = time.monotonic()
    made = subprocess.run([BASE_PYTHON, "-m", "venv", "--clear", folder], check=False)
    if made.returncode != 0:
        print(NO_VENV, end="")
        return 1
    code = fill(folder, requirements)
    if code == 0:
        print(f"Tools installed in {time.monotonic() - started:.0f} s.", flush=True)
    return code


def fill(folder: Path, requirements: Path) -> int:
    """Runs pip and turns its lines into a counter; shows all of them if it fails. Returns the exit code."""
    packages = sum("==" in line for line in requirements.read_text().splitlines() if not line.startswith("#"))
    argv: list[str | Path] = [
        folder / "bin" / "python",
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--progress-bar=off",
        # Safety: pip takes no file whose hash is not pinned. Every dependency is pinned, so pip looks for no others: it
        # would refuse `boto3[crt]` beside `boto3`.
        "--require-hashes",
        "--no-deps",
        # Python compiles the modules that it uses itself. For *economy*: a third of the time and of the space.
        "--no-compile",
    ]
    child = subprocess.Popen(
        [*argv, "-r", requirements],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    assert child.stdout is not None
    seen, output = 0, []
    for line in child.stdout:
        output.append(line)
        if line.startswith("Collecting "):
            seen += 1
            show(f"  {seen}/{packages} {line.split()[1]}", final=seen % 25 == 0)
        elif line.startswith("Installing collected packages"):
            show(f"  {seen}/{packages} collected, unpacking ...", final=True)
    if child.wait() != 0:
        print("".join(output[-30:]), "error: pip failed; see above. Try again with: make tools", sep="\n")
        return child.returncode
    # A dependency without a pin is missing now.
    check = subprocess.run([*argv[:3], "check"], capture_output=True, text=True, check=False)
    if check.returncode != 0:
        print(check.stdout, f"error: {requirements.name} is incomplete; its first lines say how to make it", sep="\n")
    return check.returncode


def show(text: str, final: bool) -> None:
    """Redraws one line on a terminal; elsewhere prints only `final` steps."""
    if sys.stdout.isatty():
        print(f"\r\033[K{text}", end="\n" if final else "", flush=True)
    elif final:
        print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
