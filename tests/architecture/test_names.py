"""Names say what the field says: no private vocabulary, few arguments, tests with an outcome."""

import ast
import io
import re
import subprocess
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BANNED = {
    *("desk", "desks", "door", "doors", "told", "tell", "tells"),
    *("hear", "hears", "heard", "hearing", "shelf", "shelves"),
    *("keeper", "keepers", "house", "houses"),
}
ANY_BANNED = re.compile("|".join(sorted(BANNED)), re.IGNORECASE)
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
MOST_ARGUMENTS = 6
LEAST_WORDS = 3


def sources() -> list[Path]:
    """Every Python file of ours, tests included; migrations never change again."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = (ROOT / name for name in listed.stdout.split())
    return [p for p in paths if p.is_file() and "migrations" not in p.parts]


def banned(name: str) -> set[str]:
    """The banned words among the parts of a snake_case or CamelCase name."""
    return BANNED & {part.lower() for part in WORD.findall(name)}


def suspects(file: Path) -> Iterator[str]:
    """The identifiers of a file whose text holds a banned word at all."""
    text = file.read_text()
    if ANY_BANNED.search(text):
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.NAME:
                yield token.string


def functions(file: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def positional(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    names = [one.arg for one in (*node.args.posonlyargs, *node.args.args)]
    return len(names) - (names[:1] in (["self"], ["cls"]))


def is_exempt(file: Path, node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """A command's parameters are options, which the caller names; a kernel's are the
    scalars of one loop, which the compiler inlines."""
    marks = [ast.unparse(one) for one in node.decorator_list]
    return file.name == "cli.py" or any(
        ".command" in mark or mark.startswith(("compiled", "inlined")) for mark in marks
    )


class TestNames:
    def test_a_name_in_either_case_shows_its_banned_words(self):
        assert banned("_told_twice") == {"told"}
        assert banned("RulesDesk") == {"desk"}
        assert banned("household_teller") == set()

    def test_no_identifier_has_a_banned_word(self):
        found = {
            f"{file.relative_to(ROOT)}: {name}"
            for file in sources()
            for name in suspects(file)
            if banned(name)
        }
        assert sorted(found) == []

    def test_no_file_name_has_a_banned_word(self):
        found = [
            str(file.relative_to(ROOT))
            for file in sources()
            if any(banned(part) for part in file.relative_to(ROOT).parts)
        ]
        assert found == []


class TestFunctions:
    def test_no_function_has_many_positional_arguments(self):
        found = [
            f"{file.relative_to(ROOT)}: {node.name} has {positional(node)}"
            for file in sources()
            for node in functions(file)
            if positional(node) > MOST_ARGUMENTS and not is_exempt(file, node)
        ]
        assert found == []

    def test_every_test_says_subject_and_outcome(self):
        found = [
            f"{file.relative_to(ROOT)}: {node.name}"
            for file in sources()
            if "tests" in file.parts
            for node in functions(file)
            if node.name.startswith("test_")
            and len(node.name.split("_")) - 1 < LEAST_WORDS
        ]
        assert found == []
