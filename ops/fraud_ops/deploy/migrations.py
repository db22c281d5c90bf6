"""Migrations that expand now and contract later, so that two releases share a database.

While replicas are replaced one by one, the old code runs on the new schema. So a migration
may add: tables, columns that may be empty or have a default, indexes. What takes away or
narrows (a column, a table, a name, NOT NULL) waits for a release after the one whose code
no longer needs it, in a migration that says so: `CONTRACT_AFTER = "0.3"`, the first release
without that need.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

# Written before the first release, when no earlier code could run beside them.
BEFORE_RELEASES = frozenset(
    {
        "orchestrator/0004_keys_as_columns.py",
        "orchestrator/0005_label_tenant.py",
        "post_auth/0002_tenants.py",
    }
)
PATTERN = "services/*/fraud_*/migrations/versions/*.py"
_TAKES_AWAY = frozenset({"drop_column", "drop_table", "rename_table"})
_STATEMENT = re.compile(
    r"\b(DROP\s+(TABLE|COLUMN)|RENAME\s+(TO|COLUMN)|SET\s+NOT\s+NULL)\b"
)
_RELEASE = re.compile(r"^\d+\.\d+(\.\d+)?$")


def migration_problems(root: Path) -> list[str]:
    """Steps of migrations in `root` that would break the release before them."""
    found = []
    for file in sorted(root.glob(PATTERN)):
        place = f"{file.parents[3].name}/{file.name}"
        if place not in BEFORE_RELEASES:
            found += [f"{place}: {problem}" for problem in problems(file.read_text())]
    return found


def problems(source: str) -> list[str]:
    """What a migration takes away without saying after which release."""
    tree = ast.parse(source)
    release = _contract_after(tree)
    if release is not None:
        return [] if _RELEASE.match(release) else [f"{release!r} is no release"]
    return [
        f"line {node.lineno}: {what}; do it later, with CONTRACT_AFTER"
        for function in tree.body
        if isinstance(function, ast.FunctionDef) and function.name == "upgrade"
        for node, what in _steps(function)
    ]


def _contract_after(tree: ast.Module) -> str | None:
    for node in tree.body:
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Constant):
            continue
        if "CONTRACT_AFTER" in map(ast.unparse, node.targets):
            return str(node.value.value)
    return None


def _steps(function: ast.FunctionDef) -> Iterator[tuple[ast.Call, str]]:
    for node in ast.walk(function):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        name = node.func.attr
        given = {k.arg: k.value for k in node.keywords if k.arg is not None}
        if name in _TAKES_AWAY:
            yield node, f"{name} takes away what the code before it may use"
        elif name == "alter_column":
            changes = "type_" in given and not _widens(given)
            if (
                changes
                or "new_column_name" in given
                or _is(given.get("nullable"), False)
            ):
                yield node, "alter_column renames, changes or narrows a column"
        elif name == "add_column" and _demands(node):
            yield node, "a new column that must have a value needs a server_default"
        elif name == "execute" and _STATEMENT.search(ast.unparse(node).upper()):
            yield node, "its SQL takes away, renames or narrows"


def _demands(node: ast.Call) -> bool:
    """Whether `add_column(..., Column(..., nullable=False))` lacks a default."""
    for one in ast.walk(node):
        if isinstance(one, ast.Call) and one is not node:
            given = {k.arg: k.value for k in one.keywords}
            if _is(given.get("nullable"), False) and "server_default" not in given:
                return True
    return False


def _widens(given: Mapping[str, ast.expr]) -> bool:
    """Whether a text column only gets longer: `String(32)` to `String(128)`."""
    lengths = [
        int(found[1])
        for name in ("existing_type", "type_")
        if name in given
        and (
            found := re.fullmatch(r"(?:sa\.)?String\((\d+)\)", ast.unparse(given[name]))
        )
    ]
    return len(lengths) == 2 and lengths[0] <= lengths[1]


def _is(node: ast.expr | None, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value is value
