"""`fraud lists`: what the command line accepts."""

from pathlib import Path
from typing import Annotated

import typer

from fraud_ops.options import Enforce, Json, ListsFolder

lists_app = typer.Typer(help="Sanctions lists: fetch, check, compare, look at them.")

_FOLDER = Path("var/lists")


@lists_app.command("fetch")
def fetch(
    config: Annotated[
        Path | None, typer.Option(help="YAML of lists and URLs (default: shipped).")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="Only this list; may be repeated.")
    ] = None,
    folder: ListsFolder = _FOLDER,
    as_json: Json = False,
) -> None:
    """Fetch what changed; a damaged, cut, empty or shrunken list is refused, the old stays.

    A running sanctions service finds the new files by itself.
    """
    from fraud_ops.lists.command import fetch_command
    from fraud_ops.lists.config import SHIPPED

    fetch_command(config or SHIPPED, folder, only or [], as_json=as_json)


@lists_app.command("load")
def load(
    file: Annotated[
        Path, typer.Argument(help="A list in any known format, or a folder of lists.")
    ],
    name: Annotated[
        str, typer.Option(help="The list's name (default: the file's).")
    ] = "",
    folder: ListsFolder = _FOLDER,
    as_json: Json = False,
) -> None:
    """Take a file or folder of this machine into the folder, with the same checks.

    The CSV files of OFAC (sdn.csv, alt.csv, add.csv, sdn_comments.csv) belong together: give
    sdn.csv, or the folder they are in.
    """
    from fraud_ops.lists.command import load_command

    load_command(file, name, folder, as_json=as_json)


@lists_app.command("diff")
def diff(
    old: Annotated[Path, typer.Argument(help="The older file.")],
    new: Annotated[Path, typer.Argument(help="The newer file.")],
    as_json: Json = False,
) -> None:
    """What came, went and changed between two files of one list."""
    from fraud_ops.lists.command import diff_command

    diff_command(old, new, as_json=as_json)


@lists_app.command("status")
def status(
    folder: ListsFolder = _FOLDER,
    stale_after_hours: Annotated[
        float, typer.Option(help="Age from which a list is stale.")
    ] = 72.0,
    as_json: Json = False,
    enforce: Enforce = False,
) -> None:
    """Version, hash, date, age of each list; the gate: each is fresh and readable."""
    from fraud_ops.lists.command import status_command

    status_command(folder, stale_after_hours, as_json=as_json, enforce=enforce)
