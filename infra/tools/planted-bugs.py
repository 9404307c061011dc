#!/usr/bin/env python3
"""Plants known bugs into a copy of the code, one at a time, and checks that the tests catch each of them.

The bugs are in tests/planted-bugs.toml. Each has a piece of code (`find`), what takes its place (`replace`), the command
that must fail, and a text that the failure must print (`caught_by`): the name of a test, or a broken guarantee.

    planted-bugs.py              plant all of them, in turn; half an hour, most of it to compile
    planted-bugs.py NAME ...     plant these
    planted-bugs.py --check      only check that each piece of code is there exactly once, each test exists, and the page
                                 is current
    planted-bugs.py --write      write docs/design/planted-bugs.md
"""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUGS = ROOT / "tests" / "planted-bugs.toml"
PAGE = ROOT / "docs" / "design" / "planted-bugs.md"
COPY = ROOT / ".local" / "planted-bugs"
LONGEST_SECONDS = 1800


def load() -> list[dict]:
    return tomllib.loads(BUGS.read_text())["bug"]


def page(bugs: list[dict]) -> str:
    lines = [
        "# Planted bugs",
        "",
        "A test that cannot fail proves nothing. Each bug below was planted into the code, and the test beside it failed.",
        "`make planted-bugs` plants them again, one at a time, into a copy of the code; `make lint` checks that each still",
        "has its place. The bugs are in `tests/planted-bugs.toml`; this page is made from it.",
        "",
        "| part | bug | caught by |",
        "| --- | --- | --- |",
    ]
    lines += [f"| `{part_of(bug)}` | {bug['name']} | {caught_by(bug)} |" for bug in bugs]
    return "\n".join(lines) + "\n"


def part_of(bug: dict) -> str:
    return bug["file"].split("/src/")[0]


def caught_by(bug: dict) -> str:
    if "histories" in bug["command"]:
        return f"the simulation: {bug['caught_by']}"
    return f"`{bug['caught_by']}`"


def check(bugs: list[dict]) -> list[str]:
    wrong = []
    sources = (path for folder in ("crates", "functions", "tests") for path in (ROOT / folder).rglob("*.rs"))
    tests = "\n".join(path.read_text() for path in sources)
    for bug in bugs:
        if "histories" not in bug["command"] and f"fn {bug['caught_by']}" not in tests:
            wrong.append(f"{bug['name']}: no test is named {bug['caught_by']}; adapt tests/planted-bugs.toml")
        times = (ROOT / bug["file"]).read_text().count(bug["find"])
        if times != 1:
            wrong.append(f"{bug['name']}: its code is {times} times in {bug['file']}; adapt tests/planted-bugs.toml")
    if not PAGE.exists() or PAGE.read_text() != page(bugs):
        wrong.append("docs/design/planted-bugs.md is not current; run infra/tools/planted-bugs.py --write")
    return wrong


def run(command: list[str], **options) -> subprocess.CompletedProcess:
    # A target directory of its own: cargo would take what it built from a bug for the code of this folder.
    environment = os.environ | {"CARGO_TARGET_DIR": str(COPY / "target")}
    output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.run(command, cwd=COPY, env=environment, **output, **options)


def copy_code() -> None:
    if not COPY.exists():
        subprocess.run(["git", "worktree", "prune"], cwd=ROOT, check=True)
        subprocess.run(["git", "worktree", "add", "--detach", "--force", COPY, "HEAD"], cwd=ROOT, check=True)
    head = subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=ROOT, text=True).strip()
    subprocess.run(["git", "checkout", "--quiet", "--force", "--detach", head], cwd=COPY, check=True)


def plant(bug: dict) -> str | None:
    """Plants one bug and runs its command. Returns what is wrong, or None if the bug was caught."""
    place = COPY / bug["file"]
    code = place.read_text()
    place.write_text(code.replace(bug["find"], bug["replace"]))
    try:
        outcome = run(["bash", "-c", bug["command"]], timeout=LONGEST_SECONDS)
    finally:
        place.write_text(code)
    if "could not compile" in outcome.stdout:
        return "it does not compile:\n" + outcome.stdout[-1500:]
    if outcome.returncode == 0:
        return "nothing caught it"
    if bug["caught_by"] not in outcome.stdout:
        return f"something else than {bug['caught_by']!r} failed:\n" + outcome.stdout[-1500:]
    return None


def main(arguments: list[str]) -> int:
    bugs = load()
    if arguments == ["--write"]:
        PAGE.write_text(page(bugs))
        return 0
    if arguments == ["--check"]:
        wrong = check(bugs)
        print("\n".join(wrong) or f"{len(bugs)} planted bugs have their place")
        return 1 if wrong else 0
    unknown = set(arguments) - {bug["name"] for bug in bugs}
    if unknown:
        print(f"no bug named {', '.join(sorted(unknown))} in {BUGS}")
        return 2
    copy_code()
    missed = 0
    for bug in bugs:
        if arguments and bug["name"] not in arguments:
            continue
        wrong = plant(bug)
        missed += wrong is not None
        print(f"{'MISSED' if wrong else 'caught'}  {bug['name']}{': ' + wrong if wrong else ''}", flush=True)
    print(f"{missed} missed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
