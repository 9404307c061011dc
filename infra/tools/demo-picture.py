#!/usr/bin/env python3
"""Draws the output of the demo, as the README has it, as the picture docs/pictures/demo.svg.

Usage: demo-picture.py [--check]. With --check it only compares; exits 1 if the picture is not the README's text.
"""

from __future__ import annotations

import html
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PICTURE = ROOT / "docs" / "pictures" / "demo.svg"

LETTER_WIDTH = 7.83
LINE_HEIGHT = 19
MARGIN = 22
INK, SOFT, TOLD, FOUND = "#d9d7d0", "#8f949c", "#74b5ee", "#f2a265"


def demo_text() -> list[str]:
    """Returns the lines of the README's block that begins with the columns of the demo."""
    blocks = README.read_text().split("```")[1::2]
    block = next(block for block in blocks if block.lstrip().startswith("time "))
    return block.strip("\n").splitlines()


def colour(line: str) -> str:
    """Actions of people are soft; events have the colour of their source."""
    if " poll " in line:
        return FOUND
    if " webhook " in line:
        return TOLD
    return INK if " > " in line else SOFT


def picture(lines: list[str]) -> str:
    """Returns the lines as a drawing."""
    width = round(max(map(len, lines)) * LETTER_WIDTH) + 2 * MARGIN
    height = (len(lines) + 1) * LINE_HEIGHT + 2 * MARGIN
    rows = [
        f'<text x="{MARGIN}" y="{MARGIN + LINE_HEIGHT * (number + 2)}" fill="{colour(line)}">{html.escape(line)}</text>'
        for number, line in enumerate(lines)
    ]
    prompt = f'<text x="{MARGIN}" y="{MARGIN + LINE_HEIGHT // 2}" fill="{SOFT}">$ <tspan fill="{INK}">make run</tspan></text>'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" xml:space="preserve"',
            '  font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, DejaVu Sans Mono, monospace" font-size="13">',
            f'<rect width="{width}" height="{height}" rx="10" fill="#15171b"/>',
            prompt,
            *rows,
            "</svg>\n",
        ]
    )


def main(words: list[str]) -> int:
    """Writes or checks the picture. Returns the exit code."""
    wanted = picture(demo_text())
    if "--check" not in words:
        PICTURE.parent.mkdir(parents=True, exist_ok=True)
        PICTURE.write_text(wanted)
        return 0
    if PICTURE.is_file() and PICTURE.read_text() == wanted:
        return 0
    print(f"{PICTURE.relative_to(ROOT)} does not show the README's demo; infra/tools/demo-picture.py draws it")
    return 1


sys.exit(main(sys.argv[1:]))
