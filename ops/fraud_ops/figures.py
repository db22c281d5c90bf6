"""The one JSON object that every measuring command prints, and its gates."""

import json
import platform
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal

import typer
from rich.console import Console
from rich.table import Table


def wide_console() -> Console:
    """A console whose tables are readable in a log file, too."""
    found = Console()
    return found if found.is_terminal else Console(width=LOG_WIDTH)


LOG_WIDTH = 120
Better = Literal["at_least", "at_most"]
LIBRARIES = (
    "fastapi",
    "pydantic",
    "uvicorn",
    "pyreqwest",
    "xgboost",
    "xgboost-cpu",
    "onnxruntime",
)


@dataclass(frozen=True)
class Gate:
    """One figure that an issue demands: the bar never moves, the value does."""

    name: str
    value: float | None
    bar: float
    holds: bool


def gate(name: str, value: float | None, bar: float, better: Better) -> Gate:
    """Judge a figure; one that could not be measured does not hold."""
    if value is None:
        return Gate(name, None, bar, holds=False)
    return Gate(
        name, value, bar, value >= bar if better == "at_least" else value <= bar
    )


def print_json(document: Any) -> None:
    """One JSON document on a line of its own, for a program to read."""
    print(json.dumps(document), flush=True)  # noqa: T201


def installed_versions(names: Iterable[str]) -> dict[str, str]:
    """The versions of those distributions that are installed: of a library in several
    flavours only one is."""
    found = {}
    for name in names:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def finish(
    what: str,
    figures: Mapping[str, Any],
    gates: Sequence[Gate],
    *,
    n: int,
    seed: int | None,
    as_json: bool,
    enforce: bool,
) -> None:
    """Show the gates, print the JSON line, and exit 1 when asked to and one is red."""
    if gates:
        console = wide_console()
        table = Table("gate", "value", "bar", "holds", title=what)
        for one in gates:
            shown = "not measured" if one.value is None else f"{one.value:,.4g}"
            table.add_row(
                one.name,
                shown,
                f"{one.bar:,.4g}",
                "[green]yes[/]" if one.holds else "[red]no[/]",
            )
        console.print(table)
    if as_json:
        document = {
            "command": what,
            "n": n,
            "seed": seed,
            "versions": {
                "python": platform.python_version(),
                **installed_versions(LIBRARIES),
            },
            **figures,
            "gates": [asdict(one) for one in gates],
        }
        print_json(document)
    if enforce and not all(one.holds for one in gates):
        raise typer.Exit(1)
