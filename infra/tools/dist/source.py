"""The source of a release: its version, its commit and its time."""

from __future__ import annotations

import os
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path

# The oldest time that a zip file can hold. Files of a build without git and without SOURCE_DATE_EPOCH have it.
OLDEST_EPOCH = 315532800
COMMIT_LETTERS = 12


@dataclass(frozen=True)
class Source:
    """What the artefacts are named after. `commit` is empty if the sources are not in a git repository."""

    root: Path
    version: str
    commit: str
    epoch: int

    @property
    def release(self) -> str:
        """The version, and the commit if it is known: `0.1.0 (4be1cc29f2c1)`."""
        return f"{self.version} ({self.commit})" if self.commit else self.version


def read(root: Path) -> Source:
    """Reads the version from Cargo.toml, commit and time from git. SOURCE_DATE_EPOCH overrides the time.

    https://reproducible-builds.org/specs/source-date-epoch/
    """
    version = tomllib.loads((root / "Cargo.toml").read_text())["workspace"]["package"]["version"]
    # A folder without `.git` may lie inside another repository.
    in_git = (root / ".git").exists()
    commit = _git(root, "rev-parse", f"--short={COMMIT_LETTERS}", "HEAD") if in_git else ""
    if commit and _git(root, "status", "--porcelain"):
        commit += "+changes"
    time = os.environ.get("SOURCE_DATE_EPOCH") or (_git(root, "log", "-1", "--format=%ct") if in_git else "")
    return Source(root, version, commit, max(int(time or OLDEST_EPOCH), OLDEST_EPOCH))


def _git(root: Path, *words: str) -> str:
    return subprocess.run(
        ["git", *words], cwd=root, check=True, capture_output=True, text=True
    ).stdout.strip()
