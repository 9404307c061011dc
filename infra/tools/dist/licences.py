"""The licences of all crates in a release: a table, then each text once with the crates that have it."""

from __future__ import annotations

from pathlib import Path

from inventory import Crate
from source import Source

STARTS = ("licen", "copying", "copyright", "notice", "unlicense")
RULE = "=" * 100


def write(source: Source, crates: list[Crate]) -> bytes:
    """Returns the document as text."""
    foreign = [crate for crate in crates if crate.checksum]
    lines = [
        f"Licences of the crates in bitrelay {source.release}",
        "",
        "Bitrelay itself: Apache-2.0. Each crate below: its name, version, SPDX expression, and the artefacts with it.",
        "The texts follow; a crate without a file of its own has the text of its SPDX expression.",
        "",
    ]
    for crate in foreign:
        lines.append(f"{crate.name} {crate.version}  |  {crate.licence}  |  {', '.join(crate.artefacts)}")
    for text, names in texts(foreign):
        lines += ["", RULE, *names, RULE, "", text]
    return ("\n".join(lines) + "\n").encode()


def texts(crates: list[Crate]) -> list[tuple[str, list[str]]]:
    """Returns each different text, with `crate version: file` for each crate that has it; the most common first."""
    found: dict[str, list[str]] = {}
    for crate in crates:
        for file in files(crate.folder):
            text = "\n".join(line.rstrip() for line in file.read_text(errors="replace").strip().splitlines())
            found.setdefault(text, []).append(f"{crate.name} {crate.version}: {file.name}")
    return sorted(found.items(), key=lambda entry: (-len(entry[1]), entry[1]))


def files(folder: Path) -> list[Path]:
    """Returns the files of a crate that hold licences and notices."""
    return sorted(
        path for path in folder.iterdir() if path.is_file() and path.name.lower().startswith(STARTS)
    )
