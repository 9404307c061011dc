"""Tests of the examples, with Python's standard library only: `python3 -m unittest` in the folder above."""

import sys
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(EXAMPLES / "notify" / "src"), str(EXAMPLES / "bookmarks" / "src")]
