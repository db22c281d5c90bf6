"""The shape of the repository: where packages are, how long things are, what is not said."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fraud_shared.mesh.addresses import SERVICES

ROOT = Path(__file__).resolve().parents[2]
SCORERS = {"isolation_forest", "autoencoder", "xgboost", "lightgbm"}
PACKAGES = (
    *(ROOT / "services" / name / f"fraud_{name}" for name in SERVICES),
    *(
        ROOT / "shared" / n / n
        for n in ("fraud_shared", "fraud_features", "fraud_engines", "fraud_scoring")
    ),
    ROOT / "services" / "console" / "fraud_console",
    ROOT / "clients" / "python" / "fraud_client",
    ROOT / "ops" / "fraud_ops",
    ROOT / "lab" / "fraud_lab",
)
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
Function = (ast.FunctionDef, ast.AsyncFunctionDef)

FILE_LINES, FUNCTION_LINES = 350, 45
# A row of a table in the code: one literal and a comma.
TABLE_ROW = re.compile(r"""^\s*("[^"]*"|-?[\d._]+),$""")
# Lists of people's names hold every word that is also a name.
TABLES = {".txt", ".csv", ".xml"}

# Each with a letter in brackets, so that this file does not hold what it forbids.
ELSEWHERE = (
    r"[p]ypi\.org|[p]ythonhosted\.org|[n]pmjs\.org|[g]hcr\.io|[q]uay\.io|/[w]ork/"
)
WORDS = r"\b([c]laude|[a]nthropic|[c]opilot|[c]hatgpt|[t]odo|[f]ixme|for [n]ow)\b"


def tracked() -> Iterator[Path]:
    """Every file that is, or is about to be, part of the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = (ROOT / name for name in listed.stdout.split("\0") if name)
    return (path for path in paths if path.is_file())


def sources() -> list[Path]:
    """The Python files of our packages."""
    return sorted(file for package in PACKAGES for file in package.rglob("*.py"))


def where(path: Path) -> str:
    return str(path.relative_to(ROOT))


class TestPackages:
    def test_init_files_are_only_inside_packages(self):
        stray = [
            where(path)
            for path in tracked()
            if path.name == "__init__.py"
            and not any(path.is_relative_to(package) for package in PACKAGES)
        ]
        assert stray == []

    @pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
    def test_a_service_folder_does_not_shadow_its_library(self, library: str):
        origin = f"import importlib.util as u; print(u.find_spec({library!r}).origin)"
        found = subprocess.run(
            [sys.executable, "-c", origin],
            cwd=ROOT / "services",
            capture_output=True,
            text=True,
            check=True,
        )
        assert f"site-packages/{library}/__init__.py" in found.stdout

    @pytest.mark.parametrize("service", SERVICES)
    def test_each_service_has_the_same_file_names(self, service: str):
        names = {"__init__.py", "__main__.py", "app.py", "settings.py", "py.typed"}
        if service not in SCORERS:
            names |= {"routes.py", "telemetry.py"}
        package = ROOT / "services" / service / f"fraud_{service}"
        # A service with many routes has a folder for them.
        found = {path.name for path in (*package.iterdir(), *package.glob("api/*"))}
        assert names <= found


class TestSizes:
    def test_files_are_short(self):
        lengths = {where(file): _lines(file) for file in sources()}
        assert {f: n for f, n in lengths.items() if n >= FILE_LINES} == {}

    def test_functions_are_short(self):
        long = {
            f"{where(file)}:{name}": length
            for file in sources()
            # A migration is a list of tables, and never changes again.
            if "migrations" not in file.parts
            for name, length in _functions(file)
            if length > FUNCTION_LINES
        }
        assert long == {}


class TestWhatIsNotSaid:
    def test_no_file_names_what_does_not_belong_in_it(self):
        places = re.compile(ELSEWHERE, re.IGNORECASE)
        words = re.compile(f"{ELSEWHERE}|{WORDS}", re.IGNORECASE)
        said = [
            f"{where(path)}:{number}: {match[0]}"
            for path in tracked()
            for number, line in enumerate(_text(path).splitlines(), 1)
            if (match := (places if path.suffix in TABLES else words).search(line))
        ]
        assert said == []

    def test_no_array_is_loaded_with_pickles_in_it(self):
        allowed = [
            f"{where(file)}:{node.lineno}"
            for file in sources()
            for node in ast.walk(ast.parse(file.read_text()))
            if isinstance(node, ast.keyword)
            and node.arg == "allow_pickle"
            and not (isinstance(node.value, ast.Constant) and node.value.value is False)
        ]
        assert allowed == []


def _lines(file: Path) -> int:
    return sum(not TABLE_ROW.match(line) for line in file.read_text().splitlines())


def _functions(file: Path) -> Iterator[tuple[str, int]]:
    """Names and lines of code: without signature, docstring, comments, blank lines, and
    what functions inside have for themselves."""
    lines = file.read_text().splitlines()
    code = {
        n for n, line in enumerate(lines, 1) if line.strip(" ")[:1] not in ("", "#")
    }
    for node in ast.walk(ast.parse("\n".join(lines))):
        if isinstance(node, Function):
            inner = {n for part in _inside(node) for n in _span(part, part)}
            yield node.name, len(code & _body(node) - inner)


def _body(node: FunctionNode) -> set[int]:
    statements = node.body[ast.get_docstring(node) is not None :]
    return _span(statements[0], statements[-1]) if statements else set()


def _span(first: ast.stmt, last: ast.stmt) -> set[int]:
    decorators = getattr(first, "decorator_list", [])
    start = min([first.lineno, *(d.lineno for d in decorators)])
    return set(range(start, (last.end_lineno or last.lineno) + 1))


def _inside(node: ast.AST) -> Iterator[FunctionNode]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function):
            yield child
        else:
            yield from _inside(child)


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except UnicodeDecodeError:
        return ""
