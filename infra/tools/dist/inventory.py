"""The crates that each program of a release contains, by cargo's own resolution."""

from __future__ import annotations

import json
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# The packages of each artefact. Functions are resolved together, as they are compiled.
ARTEFACTS = {
    "functions": ("webhook", "poller", "publisher"),
    "bitrelay": ("cli",),
    "simulator": ("simulator",),
}
# Both, so that the lists are the same on each machine. Resolution needs no standard library.
TARGETS = ("aarch64-unknown-linux-gnu", "x86_64-unknown-linux-gnu")

Key = tuple[str, str]


@dataclass(frozen=True)
class Crate:
    """A crate, with its licence as an SPDX expression and the checksum of Cargo.lock (empty for our own)."""

    name: str
    version: str
    licence: str
    repository: str
    checksum: str
    folder: Path
    artefacts: tuple[str, ...]
    needs: tuple[Key, ...]


def crates(root: Path) -> list[Crate]:
    """Returns every crate that is compiled into a program, or that runs while one is compiled."""
    artefacts: dict[Key, list[str]] = {}
    for artefact, packages in ARTEFACTS.items():
        for key in _tree(root, packages):
            artefacts.setdefault(key, []).append(artefact)
    metadata = json.loads(_cargo(root, "metadata", "--locked", "--format-version", "1"))
    locked = tomllib.loads((root / "Cargo.lock").read_text())["package"]
    checksums = {(entry["name"], entry["version"]): entry.get("checksum", "") for entry in locked}
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    found = []
    for identity, package in packages.items():
        if (key := _key(package)) not in artefacts:
            continue
        needed = {
            _key(packages[edge["pkg"]])
            for edge in nodes[identity]["deps"]
            if any(kind["kind"] != "dev" for kind in edge["dep_kinds"])
        }
        found.append(
            Crate(
                *key,
                licence=_expression(package["license"] or ""),
                repository=package["repository"] or "",
                checksum=checksums[key],
                folder=Path(package["manifest_path"]).parent,
                artefacts=tuple(artefacts[key]),
                needs=tuple(sorted(needed & artefacts.keys())),
            )
        )
    return sorted(found, key=lambda crate: (crate.name, crate.version))


def _expression(licence: str) -> str:
    """Returns an SPDX expression. Old crates separate alternatives by a slash."""
    return " OR ".join(part.strip() for part in licence.split("/"))


def _key(package: dict[str, Any]) -> Key:
    return package["name"], package["version"]


def _tree(root: Path, packages: tuple[str, ...]) -> set[Key]:
    found = set()
    for target in TARGETS:
        words = ["tree", "--locked", "--edges", "normal,build", "--prefix", "none", "--format", "{p}"]
        words += ["--target", target, *(word for package in packages for word in ("--package", package))]
        for line in _cargo(root, *words).splitlines():
            if line:
                name, version = line.split()[:2]
                found.add((name, version.removeprefix("v")))
    return found


def _cargo(root: Path, *words: str) -> str:
    return subprocess.run(["cargo", *words], cwd=root, check=True, capture_output=True, text=True).stdout
