"""The commands `fraud evaluate screening` and `fraud evaluate screening-pairs`."""

from pathlib import Path
from typing import Annotated

import typer

from fraud_ops.options import Check, Enforce, Json, ScreeningData, Seed

Out = Annotated[Path, typer.Option(help="Folder for plots.")]


def screening(
    data: ScreeningData,
    share: Annotated[
        float, typer.Option(help="Of the generated innocent names.", min=0.01, max=1.0)
    ] = 1.0,
    baseline_queries: Annotated[
        int, typer.Option(help="Queries for the plain measures, which are slow.")
    ] = 2400,
    seed: Seed = 1,
    fit: Annotated[
        bool, typer.Option("--fit", help="Find the coefficients again and print them.")
    ] = False,
    out: Out = Path("var/screening"),
    as_json: Json = False,
    enforce: Enforce = False,
) -> None:
    """Recall, false positives, name pairs and calibration, beside plain measures."""
    from fraud_lab.evaluate.screening.command import screening_command

    screening_command(
        data,
        share=share,
        baseline_queries=baseline_queries,
        seed=seed,
        fit=fit,
        out=out,
        as_json=as_json,
        enforce=enforce,
    )


def screening_pairs(
    root: Annotated[Path, typer.Option(help="The repository.")] = Path("."),
    check: Check = False,
) -> None:
    """Write the fictional test set and its error table again."""
    from fraud_lab.evaluate.screening.table import screening_pairs_command

    screening_pairs_command(root, check=check)
