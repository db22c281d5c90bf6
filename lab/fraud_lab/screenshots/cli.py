"""`fraud console`: pictures of its pages."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

console_app = typer.Typer(help="The console's pages, as pictures.")


@console_app.callback()
def console() -> None:
    """The console's pages, as pictures."""


@console_app.command("screenshots")
def screenshots(
    sign_in: Annotated[
        str,
        typer.Option(help="One-time sign-in of a console that runs; else a sample."),
    ] = "",
    out: Annotated[Path, typer.Option(help="Folder of the pictures.")] = Path(
        "docs/console"
    ),
    browser: Annotated[
        str, typer.Option(help="A Chromium (default: the one on the path).")
    ] = "",
    only: Annotated[str, typer.Option(help="Names of pages, with commas.")] = "",
) -> None:
    """Every page at 1280 and 390 pixels, light and dark, a sheet a page."""
    from fraud_lab.screenshots.command import screenshots_command

    chosen = browser or shutil.which("chromium") or shutil.which("google-chrome") or ""
    screenshots_command(sign_in, out, chosen, only)
