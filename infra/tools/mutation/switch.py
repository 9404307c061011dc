"""Compiles many mutants at once. Most of the time of mutation testing is compilation, so this saves most of it.

cargo-mutants says what each mutant changes. Here every function that has mutants gets the bodies of all of them, and
takes the one that an environment variable names:

    fn is_late(due: i64, now: i64) -> bool {
        match crate::mutation_switch::active() {
            17 => { due <= now }
            18 => { true }
            _ => { due < now }
        }
    }

Some mutants cannot be compiled so: those in constants and in functions that constants call, those whose body has a type
of its own (`impl Iterator`), those in programs, and those that do not compile. cargo-mutants tests them one by one.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

from .book import Mutant

VARIABLE = "BITRELAY_MUTANT"
MODULE = f"""
#[doc(hidden)]
#[allow(warnings)]
pub(crate) mod mutation_switch {{
    static ACTIVE: std::sync::OnceLock<u32> = std::sync::OnceLock::new();
    pub(crate) fn active() -> u32 {{
        *ACTIVE.get_or_init(|| std::env::var("{VARIABLE}").ok().and_then(|text| text.parse().ok()).unwrap_or(0))
    }}
}}
"""
# Comments, strings, characters (not lifetimes) and braces.
TOKEN = re.compile(
    r"""//[^\n]* | /\*.*?\*/
    | b?r(?P<hashes>\#*)".*?"(?P=hashes) | b?"(?:\\.|[^"\\])*"
    | b?'(?:\\(?:x..|u\{[^}]*\}|.)|[^'\\])'
    | [{}]""",
    re.DOTALL | re.VERBOSE,
)

CONST_FUNCTION = re.compile(r"\bconst\s+(?P<rest>fn\s+(?P<name>\w+))")
# cannot call non-const associated function `Revision::new` in constants
CALL_IN_CONSTANT = re.compile(r"^cannot call non-const .*?(\w+)(?:::<.*>)?` in ")
# The compiler finds errors in phases, and those of one phase hide those of the next.
MOST_ATTEMPTS = 20


class Source:
    """The text of one file, in which places are offsets."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = [0]
        for line in text.split("\n"):
            self.lines.append(self.lines[-1] + len(line) + 1)

    def range(self, span: dict) -> tuple[int, int]:
        def offset(place: dict) -> int:
            return self.lines[place["line"] - 1] + place["column"] - 1

        return offset(span["start"]), offset(span["end"])

    def body(self, start: int, end: int) -> tuple[int, int] | None:
        """Returns the range between the braces of the function that ends at `end`."""
        open_braces = []
        for token in TOKEN.finditer(self.text, start, end):
            if token[0] == "{":
                open_braces.append(token.end())
            elif token[0] == "}" and open_braces:
                opened = open_braces.pop()
                if token.end() == end:
                    return opened, token.start()
        return None


@dataclass
class Switched:
    """A file with a switch in each function that has mutants."""

    text: str
    # The bytes of each mutant's body.
    arms: dict[Mutant, tuple[int, int]] = field(default_factory=dict)


def switched(text: str, numbers: dict[Mutant, int], constant: set[str]) -> Switched:
    """Returns the file with a switch for the mutants that have a number. Leaves out those that no switch can have.

    `constant` has the names of the functions that have to stay `const`, because a constant calls them.
    """
    source = Source(text)
    functions: dict[tuple[int, int], list[Mutant]] = {}
    for mutant in numbers:
        if mutant.function is not None:
            functions.setdefault(source.range(mutant.function), []).append(mutant)
    parts: list[str] = []
    arms = {}
    at, written = 0, 0

    def write(part: str) -> None:
        nonlocal written
        parts.append(part)
        written += len(part.encode())

    for (start, end), own in sorted(functions.items(), key=lambda one: (one[0][0], -one[0][1])):
        body = source.body(start, end)
        if start < at or body is None:
            continue  # a function inside another one
        head = text[at : body[0]]
        if const := CONST_FUNCTION.search(text, start, body[0]):
            if const["name"] in constant:
                continue
            head = text[at : const.start()] + text[const.start("rest") : body[0]]
        write(head + " match crate::mutation_switch::active() {\n")
        for mutant in own:
            first, last = source.range(mutant.span)
            if body[0] <= first and last <= body[1]:
                write(f"{numbers[mutant]} => {{\n")
                before = written
                write(text[body[0] : first] + mutant.replacement + text[last : body[1]])
                arms[mutant] = (before, written)
                write("\n}\n")
        write("_ => {" + text[body[0] : body[1]] + "} }\n")
        at = body[1]
    write(text[at:])
    return Switched("".join(parts), arms)


def culprits(errors: list[dict], files: dict[str, Switched]) -> dict[Mutant, list[dict]]:
    """Returns the mutants whose bodies the compiler rejects, with its errors."""
    found: dict[Mutant, list[dict]] = {}
    for error in errors:
        places = list(spans(error))
        for is_primary in (True, False):
            here = {
                mutant
                for place in places
                if place["is_primary"] == is_primary and place["file_name"] in files
                for mutant, (first, last) in files[place["file_name"]].arms.items()
                if first <= place["byte_start"] and place["byte_end"] <= last
            }
            for mutant in here:
                found.setdefault(mutant, []).append(error)
            if here:
                break
    return found


def has_no_default(errors: list[dict]) -> bool:
    """True if a body returns the default of a type that has none: it does not compile by itself either."""
    return any(re.search(r"`.*: (std::default::)?Default` is not satisfied", error["message"]) for error in errors)


def spans(error: dict):
    """Yields the places that an error names, outside of macros."""
    for span in error["spans"]:
        while span.get("expansion") and span["file_name"].startswith("/"):
            span = span["expansion"]["span"] | {"is_primary": span["is_primary"]}
        yield span
    for child in error["children"]:
        yield from spans(child)


def compile_switches(tree: Path, mutants: list[Mutant], check) -> tuple[dict[Mutant, int], set[Mutant]]:
    """Writes the switches into the tree, without those that do not compile.

    Returns the numbers of the mutants in it, and the mutants that surely do not compile by themselves either. `check`
    compiles the tree and returns cargo's process, with its messages as JSON.
    """
    unviable: set[Mutant] = set()
    numbers = {mutant: number for number, mutant in enumerate(mutants, 1) if not is_program(mutant.file)}
    names = {mutant.file for mutant in numbers}
    names |= {str(root_of(tree, name)) for name in names}
    originals = {name: (tree / name).read_text() for name in names}
    constant: set[str] = set()
    for _ in range(MOST_ATTEMPTS):
        files = {}
        for name, text in originals.items():
            here = {mutant: number for mutant, number in numbers.items() if mutant.file == name}
            files[name] = switched(text, here, constant)
            (tree / name).write_text(files[name].text + (MODULE if Path(name).name == "lib.rs" else ""))
        compiled = check()
        if compiled.returncode == 0:
            return {mutant: numbers[mutant] for file in files.values() for mutant in file.arms}, unviable
        lines = [json.loads(line) for line in compiled.stdout.splitlines() if line.startswith("{")]
        errors = [line["message"] for line in lines if line.get("reason") == "compiler-message"]
        errors = [error for error in errors if error["level"] == "error"]
        rejected = culprits(errors, files)
        called = {match[1] for error in errors if (match := CALL_IN_CONSTANT.search(error["message"]))}
        if not rejected and called <= constant:
            shown = "".join(error["rendered"] for error in errors[:5])
            sys.exit(f"error: the switches do not compile:\n{shown}{compiled.stderr[-2000:]}")
        constant |= called
        unviable |= {mutant for mutant, errors in rejected.items() if has_no_default(errors)}
        numbers = {mutant: number for mutant, number in numbers.items() if mutant not in rejected}
    sys.exit(f"error: the switches do not compile after {MOST_ATTEMPTS} attempts")


def is_program(file: str) -> bool:
    """True for the sources of a program: no test calls their functions in its own process."""
    return file.endswith("/main.rs") or "/bin/" in file


def root_of(tree: Path, file: str) -> Path:
    """Returns the root file of the library that a source file belongs to."""
    source = Path(file).parent
    while not (tree / source / "lib.rs").exists():
        source = source.parent
    return source / "lib.rs"
