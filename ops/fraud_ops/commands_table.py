"""The table of a distribution's commands, for its README."""

from collections.abc import Iterator
from typing import Any

import typer
from typer.main import get_command


def commands_table(app: typer.Typer, package: str) -> str:
    """The commands of `app` whose code is in `package`: name, first sentence of its help."""
    rows = ["| command | does |", "|---|---|"]
    for name, command in _leaves("fraud", get_command(app)):
        # The command line's own wrapper keeps the module of the function it calls.
        if command.callback.__module__.partition(".")[0] == package:
            first = " ".join((command.help or "").partition("\n\n")[0].split())
            rows.append(f"| `{name}` | {first.replace('|', chr(92) + '|')} |")
    return "\n".join(rows)


def _leaves(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    below = getattr(command, "commands", None)
    if below is None:
        yield name, command
        return
    for word, one in sorted(below.items()):
        yield from _leaves(f"{name} {word}", one)
