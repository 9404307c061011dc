"""Mutants, their outcomes, and tests/mutants.toml."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
WORK = ROOT / ".local" / "mutants"
SETTINGS = ROOT / "tests" / "mutants.toml"
# The outcomes of cargo-mutants, by our names.
OUTCOMES = {
    "CaughtMutant": "caught",
    "MissedMutant": "missed",
    "Unviable": "unviable",
    "Timeout": "timeout",
}


@dataclass(frozen=True)
class Mutant:
    """One change to the code."""

    name: str  # as cargo-mutants has it: file:line:column: change
    package: str
    file: str
    change: str  # without the place: replace == with != in Window::is_open
    code: str  # the line that it changes, without indentation
    # The place of the change and of its function, and the text that takes the place of the change.
    span: dict = field(compare=False)
    function: dict | None = field(compare=False)
    replacement: str = field(compare=False)

    @classmethod
    def read(cls, listed: dict, root: Path) -> Mutant:
        lines = (root / listed["file"]).read_text().splitlines()
        change = listed["name"].split(": ", 1)[1]
        line = lines[listed["span"]["start"]["line"] - 1].strip()
        function = listed["function"] and listed["function"]["span"]
        place = (listed["span"], function, listed["replacement"])
        return cls(listed["name"], listed["package"], listed["file"], change, line, *place)


@dataclass(frozen=True)
class Stage:
    """The tests that a mutant meets in one stage."""

    about: str
    packages: list[str]
    targets: list[str]
    timeout: int
    skip: list[str] = field(default_factory=list)
    cases: int | None = None  # PROPTEST_CASES

    def environment(self) -> dict[str, str]:
        return {"PROPTEST_CASES": str(self.cases)} if self.cases else {}


@dataclass(frozen=True)
class Explanation:
    """A survivor that no test needs to catch."""

    file: str
    mutant: str
    reason: str
    code: str | None = None  # needed if the same change has several places in one function

    def covers(self, mutant: Mutant) -> bool:
        same = (self.file, self.mutant) == (mutant.file, mutant.change)
        return same and self.code in (None, mutant.code)


def load_stages() -> dict[str, list[Stage]]:
    """Returns the stages of each package."""
    tables = tomllib.loads(SETTINGS.read_text())["stages"]
    return {package: [Stage(**table) for table in stages] for package, stages in tables.items()}


def load_excluded() -> list[str]:
    """Returns the files that are not changed."""
    return [table["file"] for table in tomllib.loads(SETTINGS.read_text()).get("excluded", [])]


def load_explanations() -> list[Explanation]:
    return [Explanation(**table) for table in tomllib.loads(SETTINGS.read_text()).get("survivor", [])]


class Book:
    """The outcomes so far. Those of a source file count as long as the file is unchanged."""

    def __init__(self, mutants: list[Mutant], tree: Path) -> None:
        self.folder = WORK / "results"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.files: dict[str, dict] = {}
        for file in {one.file for one in mutants}:
            # Without the unit tests at the end: a new one must not make all earlier outcomes void.
            code = re.split(r"#\[cfg\(test\)\]\s*mod \w+( \{|;)", (tree / file).read_text())[0].rstrip() + "\n"
            source = hashlib.sha256(code.encode()).hexdigest()
            kept = json.loads(self.path(file).read_text()) if self.path(file).exists() else {}
            unchanged = kept.get("source") == source
            self.files[file] = kept if unchanged else {"source": source, "mutants": {}}

    def path(self, file: str) -> Path:
        return self.folder / (file.replace("/", "~") + ".json")

    def outcome(self, mutant: Mutant, stages: list[Stage]) -> str | None:
        """Returns caught, missed, unviable or timeout; None if a stage is left."""
        kept = self.files[mutant.file]["mutants"].get(mutant.name)
        if kept is None or (kept["outcome"] == "missed" and kept["stage"] < len(stages) - 1):
            return None
        return kept["outcome"]

    def needs(self, mutant: Mutant, stage: int, explained: bool) -> bool:
        """True if the mutant must meet a stage: it survived those before, and a new test may catch it now."""
        kept = self.files[mutant.file]["mutants"].get(mutant.name)
        if kept is None:
            return stage == 0
        return kept["outcome"] == "missed" and (kept["stage"] < stage or not explained)

    def write(self, mutant: Mutant, outcome: str, stage: int, seconds: float) -> None:
        """Adds the outcome of a mutant."""
        entry = {"outcome": outcome, "stage": stage, "seconds": round(seconds, 1)}
        self.files[mutant.file]["mutants"][mutant.name] = entry
        self.path(mutant.file).write_text(json.dumps(self.files[mutant.file], indent=1))
