"""Reads the folders `sanctions` and `name-pairs` that are measured on."""

import csv
import gzip
from dataclasses import dataclass
from pathlib import Path

import typer

from fraud_lab.evaluate.screening import measures
from fraud_sanctions.lists.records import ListedEntity

Row = dict[str, str]
_PAIRS = Path("name-pairs") / "pairs.csv"


@dataclass(frozen=True)
class ScreeningData:
    """Listed entities, and what is asked of them."""

    entities: list[ListedEntity]
    aliases: list[Row]
    typos: list[Row]
    negatives: list[Row]
    pairs: list[Row]


def read(folder: Path) -> ScreeningData:
    """All files below `folder`. Exits with a sentence when one is missing."""
    lists = folder / "sanctions"
    try:
        return ScreeningData(
            entities=measures.entities(
                rows(lists / "entities.csv.gz"), rows(lists / "names.csv.gz")
            ),
            aliases=rows(lists / "queries_alias.csv.gz"),
            typos=[
                row
                for row in rows(lists / "queries_un_typos.csv")
                if row["expected_entity_id"]
            ],
            negatives=[
                row
                for row in rows(lists / "queries_negative.csv.gz")
                if row["exact_collision"] != "1"
            ],
            pairs=rows(folder / _PAIRS),
        )
    except FileNotFoundError as missing:
        typer.echo(f"--data: no {Path(missing.filename).name} where it is expected")
        raise typer.Exit(2) from None


def rows(path: Path) -> list[Row]:
    """The rows of a CSV file with a header, plain or gzip."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
