"""The score, and what is wrong."""

from __future__ import annotations

from collections import Counter

from .book import ROOT, Book, Explanation, Mutant, Stage

COLUMNS = ("caught", "missed", "explained", "timeout", "unviable", "left")


def outcome(mutant: Mutant, book: Book, stages: dict[str, list[Stage]], explanations: list[Explanation]) -> str:
    """Returns the mutant's column."""
    found = book.outcome(mutant, stages[mutant.package]) or "left"
    if found == "missed" and any(one.covers(mutant) for one in explanations):
        return "explained"
    return found


def score_table(
    chosen: list[Mutant], book: Book, stages: dict[str, list[Stage]], explanations: list[Explanation]
) -> str:
    """Returns the score by file, by package and of all: caught of those that were caught or missed.

    A mutant that runs for ever is caught.
    """
    rows: dict[str, Counter] = {}
    for one in chosen:
        found = outcome(one, book, stages, explanations)
        for row in (one.file, f"package {one.package}", "all"):
            rows.setdefault(row, Counter())[found] += 1
    width = max(map(len, rows))
    lines = [f"{'':{width}}  {'  '.join(COLUMNS)}  score"]
    for row in sorted(rows, key=lambda row: (row == "all", row.startswith("package"), row)):
        counts = rows[row]
        if set(counts) == {"left"} and not row.startswith("package"):
            continue
        caught = counts["caught"] + counts["timeout"]
        tested = caught + counts["missed"] + counts["explained"]
        score = f"{100 * caught / tested:.1f} %" if tested else "-"
        numbers = "  ".join(f"{counts[name]:{len(name)}}" for name in COLUMNS)
        lines.append(f"{row:{width}}  {numbers}  {score:>6}")
    return "\n".join(lines)


def problems(
    chosen: list[Mutant],
    everything: list[Mutant],
    book: Book,
    stages: dict[str, list[Stage]],
    explanations: list[Explanation],
) -> list[str]:
    """Returns the survivors without an explanation, and the explanations without a survivor."""
    found = {one: outcome(one, book, stages, explanations) for one in everything}
    wrong = [
        f"survivor without an explanation in tests/mutants.toml: {one.name}\n    {one.code}"
        for one in chosen
        if found[one] == "missed"
    ]
    unfinished = {one.file for one in everything if found[one] == "left"}
    files = {one.file for one in chosen}
    for text in explanations:
        if text.file in files - unfinished and not any(
            text.covers(one) and found[one] == "explained" for one in everything
        ):
            wrong.append(f"tests/mutants.toml explains what no test misses any more: {text.file}: {text.mutant}")
    gone = {text.file for text in explanations} - {one.file for one in everything}
    wrong += [f"tests/mutants.toml explains survivors in {file}, which has no mutants" for file in sorted(gone)]
    return wrong


def misplaced(explanations: list[Explanation]) -> list[str]:
    """Returns the explanations whose file or line of code is gone."""
    wrong = []
    for text in explanations:
        path = ROOT / text.file
        if not path.exists():
            wrong.append(f"tests/mutants.toml: there is no {text.file}")
        elif text.code and text.code not in map(str.strip, path.read_text().splitlines()):
            wrong.append(f"tests/mutants.toml: {text.file} has no line `{text.code}`")
    return wrong
