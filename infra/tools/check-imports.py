#!/usr/bin/env python3
"""Checks that imports inside each crate run one way: no module imports another that imports it, directly or not.

Usage: check-imports.py [SRC_FOLDER ...]. Needs only Python. Prints each circle of modules; exits 1 if there is any.
A name that a module re-exports (`pub use`) counts as an import of the module that defines it. Tests do not count.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
Module = tuple[str, ...]
USE = re.compile(r"^\s*(pub(?:\([^)]*\))? )?use ([^;]+);", re.MULTILINE)
INLINE = re.compile(r"\b((?:crate|super|self)(?:::\w+)+)")
CHILD = re.compile(r"(?<![\w:.])([a-z_]\w*)::\w")


def code_of(path: Path) -> str:
    """Returns a file without comments, strings and its unit tests."""
    text = re.split(r"#\[cfg\(test\)\]\s*mod \w+ \{", path.read_text())[0]
    return re.sub(r'//[^\n]*|"(?:[^"\\]|\\.)*"', "", text)


def leaves(tree: str) -> list[str]:
    """Returns the paths of a use tree: `a::{b, c as d}` gives `a::b` and `a::c`."""
    tree = re.sub(r"\s+as\s+\w+", "", re.sub(r"\s+", " ", tree)).strip()
    if "{" not in tree:
        return [tree]
    head, inner = tree.split("{", 1)
    parts, depth, start = [], 0, 0
    inner = inner.rsplit("}", 1)[0]
    for at, letter in enumerate(inner + ","):
        depth += (letter == "{") - (letter == "}")
        if letter == "," and depth == 0:
            parts.append(inner[start:at])
            start = at + 1
    return [head + leaf for part in parts if part.strip() for leaf in leaves(part)]


class Crate:
    """The modules of one crate, with their imports."""

    def __init__(self, src: Path) -> None:
        self.code: dict[Module, str] = {}
        for path in src.rglob("*.rs"):
            parts = path.relative_to(src).with_suffix("").parts
            name = parts[:-1] if parts[-1] in ("mod", "lib") else parts
            if path.name not in ("tests.rs", "main.rs"):
                self.code[name] = code_of(path)
        self.exports = {
            (module, leaf.split("::")[-1]): self.absolute(module, leaf)
            for module, code in self.code.items()
            for visibility, tree in USE.findall(code)
            if visibility
            for leaf in leaves(tree)
        }

    def absolute(self, module: Module, path: str) -> Module | None:
        """Returns a path from the crate's root, or None for another crate's."""
        first, *rest = path.split("::")
        if first == "crate":
            return tuple(rest)
        if first == "self" or module + (first,) in self.code:
            return module + tuple(rest if first == "self" else [first, *rest])
        if first != "super":
            return None
        while rest and rest[0] == "super":
            module, rest = module[:-1], rest[1:]
        return module[:-1] + tuple(rest)

    def defining(self, path: Module, depth: int = 8) -> Module:
        """Returns the module that defines a path, through re-exports."""
        owner = next(path[:n] for n in range(len(path), -1, -1) if path[:n] in self.code)
        exported = self.exports.get((owner, path[len(owner)])) if len(path) > len(owner) else None
        return self.defining(exported, depth - 1) if exported and depth else owner

    def imports(self, module: Module) -> set[Module]:
        """Returns the modules that a module imports."""
        code = self.code[module]
        private = [leaf for visibility, tree in USE.findall(code) if not visibility for leaf in leaves(tree)]
        body = USE.sub("", code)
        paths = (self.absolute(module, path) for path in [*private, *INLINE.findall(body), *CHILD.findall(body)])
        return {self.defining(path) for path in paths if path is not None} - {module}


def circles(graph: dict[Module, set[Module]]) -> list[list[Module]]:
    """Returns the groups of modules that reach each other."""
    reach = {module: set(targets) for module, targets in graph.items()}
    for middle in graph:
        for module in graph:
            if middle in reach[module]:
                reach[module] |= reach[middle]
    groups = {frozenset(other for other in reach[m] if m in reach[other]) for m in graph if m in reach[m]}
    return sorted(sorted(group) for group in groups)


def main(words: list[str]) -> int:
    """Checks the given folders, or every crate and function. Returns the exit code."""
    found = 0
    for src in map(Path, words) if words else sorted([*ROOT.glob("crates/*/src"), *ROOT.glob("functions/*/src")]):
        crate = Crate(src.resolve())
        graph = {module: crate.imports(module) for module in crate.code}
        for circle in circles(graph):
            found += 1
            print(f"{src}: circle of {len(circle)} modules")
            for module in circle:
                targets = sorted("::".join(target) or "crate root" for target in graph[module] & set(circle))
                print(f"  {'::'.join(module) or 'crate root'} imports {', '.join(targets)}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
