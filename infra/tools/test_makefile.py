"""Tests of the options that the Makefile gives to the proof programs."""

import os
import subprocess
import unittest
from pathlib import Path

ROOT = Path(__file__).parents[2]


def options(*arguments: str) -> list[str]:
    """Returns the options that `make` would give to the program of a target."""
    environment = {name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ}
    make = ["make", "--dry-run", "--no-print-directory", *arguments]
    printed = subprocess.run(make, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
    command = next(part for part in printed.replace("\\\n", " ").split("\n") if "cargo run" in part)
    return command.split(" -- ")[1].split()


class ProofPrograms(unittest.TestCase):
    def test_variables_of_a_verb_become_its_options(self):
        for arguments, expected in [
            ("fuzz", "--count 300000"),
            ("fuzz N=5", "--count 5"),
            ("fuzz TARGET=fold N=5", "--target fold --count 5"),
            ("fuzz TARGET=fold SEED=17", "--target fold --seed 17"),
            ("fuzz TARGET=fold INPUT=file", "--target fold --input file"),
            ("histories", "--count 10000"),
            ("histories SEED=3", "--seed 3"),
            ("chaos MINUTES=60 SEED=2", "--minutes 60 --seed 2"),
            ("load", ""),
            ("load RATE=50", "--rate 50 --minutes 10"),
            ("model OPTIONS=stream", "stream"),
            ("crash-table", "--write"),
        ]:
            with self.subTest(arguments):
                self.assertEqual(options(*arguments.split()), expected.split())


if __name__ == "__main__":
    unittest.main()
