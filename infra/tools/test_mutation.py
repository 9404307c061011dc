"""Tests of the mutation tool: `python3 -m unittest discover infra/tools`."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from mutation.book import Explanation, Mutant
from mutation.stage_tests import FAILED_TEST, Tests
from mutation.switch import MODULE, Source, culprits, switched


def place(text: str, part: str) -> dict:
    """Returns the span of the first occurrence of `part`, as cargo-mutants gives spans."""

    def position(offset: int) -> dict:
        before = text[:offset]
        return {"line": before.count("\n") + 1, "column": offset - (before.rfind("\n") + 1) + 1}

    start = text.index(part)
    return {"start": position(start), "end": position(start + len(part))}


def mutant(text: str, function: str, part: str, replacement: str) -> Mutant:
    change = f"replace {part} with {replacement}"
    where = (place(text, part), place(text, function), replacement)
    return Mutant(f"src/lib.rs:1:1: {change}", "relay", "src/lib.rs", change, part, *where)


LATE = "fn is_late(due: i64) -> bool {\n    due < 7\n}"


class SwitchTest(unittest.TestCase):
    def test_function_gets_an_arm_for_each_mutant(self):
        text = f"// A file.\n{LATE}\n"
        mutants = [mutant(text, LATE, "<", "<="), mutant(text, LATE, "due < 7", "true")]
        result = switched(text, {mutants[0]: 17, mutants[1]: 18}, set())
        self.assertEqual(
            "".join(result.text.split()),
            "//Afile.fnis_late(due:i64)->bool{matchcrate::mutation_switch::active(){"
            "17=>{due<=7}18=>{true}_=>{due<7}}}",
        )
        self.assertIn("fn active() -> u32", MODULE)

    def test_compiler_error_names_the_mutant_of_its_place(self):
        text = LATE + "\n"
        one, other = mutant(text, LATE, "<", "<="), mutant(text, LATE, "due < 7", "Default::default()")
        files = {"src/lib.rs": switched(text, {one: 1, other: 2}, set())}
        at = files["src/lib.rs"].text.index("Default")
        span = {"file_name": "src/lib.rs", "byte_start": at, "byte_end": at + 7, "is_primary": True}
        error = {"spans": [span], "children": [], "message": "no"}
        self.assertEqual(list(culprits([error], files)), [other])

    def test_braces_in_strings_characters_and_comments_end_no_function(self):
        inner = """{ let a = "}"; let b = '}'; let c = r#"}"}"#; /* } */ // }\n x::<'a>(a) }"""
        text = f"fn f() {inner} fn g() {{}}"
        body = Source(text).body(0, len("fn f() ") + len(inner))
        self.assertEqual(text[slice(*body)], inner[1:-1])

    def test_function_that_a_constant_calls_stays_as_it_is(self):
        text = "const fn seven() -> u8 {\n    7\n}\n"
        one = mutant(text, text.strip(), "7", "0")
        free = switched(text, {one: 1}, set()).text
        self.assertTrue(free.startswith("fn seven()") and "1 => {" in free, free)
        self.assertEqual(switched(text, {one: 1}, {"seven"}).text, text)


class LikelyTestsTest(unittest.TestCase):
    def test_test_that_caught_a_mutant_of_the_file_comes_first(self):
        tests = Tests.__new__(Tests)
        tests.programs, tests.arguments, tests.catchers = [("units", Path()), ("stories", Path())], ["--skip", "a"], {}
        self.assertEqual(tests.likely("src/lib.rs"), [])
        for name in ["one", "two", "one"]:
            tests.note_catcher("src/lib.rs", "stories", name)
        self.assertEqual(tests.likely("src/lib.rs"), [("stories", Path(), ["--exact", "one", "two"])])
        self.assertEqual(tests.likely("src/other.rs"), [])

    def test_failed_test_is_read_from_its_line(self):
        self.assertEqual(FAILED_TEST.match("test edits::first ... FAILED\n")[1], "edits::first")
        self.assertEqual(FAILED_TEST.match("test edits::first - should panic ... FAILED\n")[1], "edits::first")
        self.assertIsNone(FAILED_TEST.match("test edits::first ... ok\n"))


class ExplanationTest(unittest.TestCase):
    def test_explanation_with_code_covers_that_line_only(self):
        one = mutant(LATE, LATE, "<", "<=")
        explained = lambda code: Explanation("src/lib.rs", one.change, "a reason", code)  # noqa: E731
        self.assertTrue(explained(None).covers(one) and explained(one.code).covers(one))
        self.assertFalse(explained("another line").covers(one))


if __name__ == "__main__":
    unittest.main()
