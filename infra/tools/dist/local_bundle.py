"""The bundle that runs everything on one machine with Python alone: the local stack and the prebuilt programs."""

from __future__ import annotations

from pathlib import Path

import template
from source import Source

HERE = Path(__file__).resolve().parent
# Packages of requirements.txt that only a build or a test needs. Their own dependencies may stay.
LEFT_OUT = ("atlassian-python-api", "cargo-lambda", "ziglang")


def files(
    source: Source, functions: dict[str, Path], programs: dict[str, Path], architecture: str
) -> dict[str, Path | bytes]:
    """Returns the bundle's files by their paths inside it. The layout is the repository's."""
    root = source.root
    pins = requirements((root / "infra/tools/requirements.txt").read_text())
    found: dict[str, Path | bytes] = {
        "run": HERE / "run.sh",
        "README.md": HERE / "run.md",
        "LICENSE": root / "LICENSE",
        "template.yaml": template.name_release((root / "template.yaml").read_text(), source.release).encode(),
        "infra/tools/install.py": root / "infra/tools/install.py",
        "infra/tools/requirements.txt": pins.encode(),
        "functions/ARCH": f"{architecture}\n".encode(),
    }
    for path in sorted((root / "infra/local").rglob("*.py")):
        found[str(path.relative_to(root))] = path
    for name, path in functions.items():
        found[f"functions/{name}/bootstrap"] = path
    for name, path in programs.items():
        found[f"bin/{name}"] = path
    return found


def requirements(text: str) -> str:
    """Returns the pinned packages without those that are left out."""
    lines, keeps = [], True
    for line in text.splitlines(keepends=True):
        # A package's hashes follow its own line, indented.
        if not line.startswith((" ", "#")):
            keeps = line.partition("==")[0] not in LEFT_OUT
        if keeps:
            lines.append(line)
    return "".join(lines)
