#!/usr/bin/env python3
"""Checks the Markdown files: relative links, their anchors, the tests that tables name, and the width of lines.

Usage: check-links.py [ROOT]. Needs only Python and git. Prints problems as `file:line: text`; exits 1 if there are any.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$")
CODE = re.compile(r"`[^`]*`")
# Their tables have tests in the last column.
TESTED = (Path("docs/GUARANTEES.md"), Path("docs/MOVES.md"))
TEST_FOLDERS = ("crates", "functions", "tests")
MAX_COLUMNS = 120


def prose(text: str) -> list[str]:
    """Returns the lines of a document; those inside a fenced block become empty."""
    lines, fenced = [], False
    for line in text.splitlines():
        is_fence = line.lstrip().startswith("```")
        lines.append("" if fenced or is_fence else line)
        fenced ^= is_fence
    return lines


def anchors(path: Path) -> set[str]:
    """Returns the anchors of a document, made from its headings as GitHub makes them."""
    found: set[str] = set()
    for line in prose(path.read_text()):
        if heading := HEADING.match(line):
            text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1]).lower()
            slug = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
            number = next(n for n in range(len(found) + 1) if (f"{slug}-{n}" if n else slug) not in found)
            found.add(f"{slug}-{number}" if number else slug)
    return found


def broken_link(root: Path, document: Path, target: str) -> str | None:
    """Returns what is wrong with a link, or None."""
    if re.match(r"[a-z][a-z0-9+.-]*:", target):
        return None
    name, _, anchor = target.partition("#")
    path = (document.parent / name).resolve() if name else document
    if not path.exists():
        return f"link to a missing file: {target}"
    if not path.is_relative_to(root):
        return f"link out of the repository: {target}"
    if anchor and path.suffix == ".md" and anchor not in anchors(path):
        return f"link to a missing heading: {target}"
    return None


def missing_tests(root: Path, row: str, code: str) -> list[str]:
    """Returns the tests in the last column of a table row that no Rust file defines."""
    names = re.findall(r"`([a-z][a-z0-9_]*)`", row.rstrip("| ").rsplit("|", 1)[-1])
    return [name for name in names if not re.search(rf"\bfn {name}\b", code)]


def problems(root: Path, document: Path, code: str) -> list[tuple[int, str]]:
    """Returns the problems of one document with their lines."""
    found = []
    for number, line in enumerate(prose(document.read_text()), start=1):
        broken = (broken_link(root, document, target) for target in LINK.findall(CODE.sub("", line)))
        found += [(number, text) for text in broken if text]
        is_row = line.startswith("|")
        if len(line) > MAX_COLUMNS and not is_row and "](http" not in line:
            found.append((number, f"line of {len(line)} columns; at most {MAX_COLUMNS}"))
        if is_row and document.relative_to(root) in TESTED:
            found += [(number, f"no test `{name}`") for name in missing_tests(root, line, code)]
    return found


def main(words: list[str]) -> int:
    """Checks every Markdown file that git tracks or would add. Returns the exit code."""
    root = Path(words[0] if words else Path(__file__).parents[2]).resolve()
    list_files = ["git", "-C", str(root), "ls-files", "-co", "--exclude-standard", "*.md"]
    names = subprocess.run(list_files, check=True, capture_output=True, text=True).stdout.splitlines()
    sources = (path for folder in TEST_FOLDERS for path in (root / folder).rglob("*.rs"))
    code = "\n".join(path.read_text() for path in sources)
    count = 0
    for document in (root / name for name in names if (root / name).exists()):
        for number, text in problems(root, document, code):
            print(f"{document.relative_to(root)}:{number}: {text}")
            count += 1
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
