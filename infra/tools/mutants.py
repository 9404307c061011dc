#!/usr/bin/env python3
"""Changes the code in small ways, one at a time, and checks that a test fails each time (mutation testing).

cargo-mutants says which changes ("mutants") there are. Most of them are compiled at once (mutation/switch.py); it makes
and tests the others one by one. All of this is done in copies of the code. tests/mutants.toml has the stages: each
mutant meets the fast tests of its own package first; a survivor meets the next stage. The file also has the survivors
that are explained, and the files that are left out.

Results stay in .local/mutants/results and count as long as the source file is unchanged; survivors without an
explanation are tested again, so that a new test can catch them. May be interrupted and run again.

    mutants.py                     all mutants (hours)
    mutants.py --package relay     those of one package; --file crates/relay/src/fold for those of a file or folder
    mutants.py --shard 1/4         every fourth of them
    mutants.py --sample 12         twelve of them, always the same
    mutants.py --stages 1          only the first stage
    mutants.py --report            run nothing, print the results so far
    mutants.py --check             only check that each explanation has its file and its line of code

Exit code 1: there is a survivor without an explanation, or an explanation without its survivor.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from mutation.book import ROOT, Book, Mutant, load_explanations, load_stages
from mutation.report import misplaced, problems, score_table
from mutation.runner import Run, Workspace, install, test_at_once, test_one_by_one


def arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Mutation testing with cargo-mutants.")
    parser.add_argument("--package", help="relay, store, webhook, poller or publisher")
    parser.add_argument("--file", help="a source file or folder, from the repository's root")
    parser.add_argument("--shard", help="k/n: the k-th of n parts, from 0", type=shard, default=(0, 1))
    parser.add_argument("--sample", help="number of mutants", type=int)
    parser.add_argument("--stages", help="number of stages; all if not given", type=int)
    parser.add_argument("--report", help="run nothing", action="store_true")
    parser.add_argument("--check", help="check tests/mutants.toml only", action="store_true")
    return parser.parse_args(words)


def shard(text: str) -> tuple[int, int]:
    part, parts = map(int, text.split("/"))
    if not 0 <= part < parts:
        raise argparse.ArgumentTypeError("the first number must be less than the second")
    return part, parts


def choose(mutants: list[Mutant], wanted: argparse.Namespace) -> list[Mutant]:
    """Returns the mutants to test: by package and file, then by shard, then the sample."""
    chosen = [one for one in mutants if wanted.package in (None, one.package)]
    if wanted.file:
        folder = wanted.file.rstrip("/") + "/"
        chosen = [one for one in chosen if one.file == wanted.file or one.file.startswith(folder)]
    part, parts = wanted.shard
    chosen = [one for one in chosen if number(one) % parts == part]
    if wanted.sample:
        sample = set(sorted(chosen, key=number)[: wanted.sample])
        chosen = [one for one in chosen if one in sample]
    return chosen


def number(mutant: Mutant) -> int:
    """Returns a number that is as good as random, and that the rest of the file does not change."""
    return int(hashlib.sha256(f"{mutant.file}: {mutant.change}: {mutant.code}".encode()).hexdigest()[:12], 16)


def main(words: list[str]) -> int:
    wanted = arguments(words)
    stages, explanations = load_stages(), load_explanations()
    if wanted.check:
        wrong = misplaced(explanations)
        print("\n".join(wrong) or f"{len(explanations)} explained mutants have their place")
        return 1 if wrong else 0
    install()
    # The code as it is now; it may change while its mutants are tested.
    plain, at_once = Workspace("tree"), Workspace("at-once")
    plain.prepare(ROOT)
    everything = plain.list(list(stages))
    chosen = choose(everything, wanted)
    if not chosen:
        print("no mutant fits")
        return 2
    book = Book(everything, plain.tree)
    if not wanted.report:
        for package in dict.fromkeys(one.package for one in chosen):
            of_package = [one for one in chosen if one.package == package]
            run = Run(of_package, stages[package], book, explanations)
            others = test_at_once(at_once, plain, run, wanted.stages)
            test_one_by_one(plain, run, wanted.stages, others)
    print(score_table(chosen, book, stages, explanations))
    wrong = problems(chosen, everything, book, stages, explanations)
    left = sum(book.outcome(one, stages[one.package]) is None for one in chosen)
    print("\n".join(wrong) or "every survivor is explained")
    print(f"{len(chosen) - left} of {len(chosen)} mutants went through their stages")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
