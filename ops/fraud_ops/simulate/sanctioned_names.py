"""A sample of listed names, all of them invented, and a reader for a list in plain CSV."""

import csv
from importlib.util import find_spec
from pathlib import Path

SANCTIONED_NAMES: tuple[str, ...] = (
    "Varkesh Damirov Oltanyan",
    "Zulmira Kharetova",
    "Hadrun Al-Tessimi",
    "Yasruk Behmanpur Ghazari",
    "Tolvane Mbekusi Dorwa",
    "Ossip Grendalkov",
    "Marquelo Vastrada Quirones",
    "Shentao Bairouk",
    "Ludmar Yevtrashenko",
    "Rashdun Qalibzar",
    "Northgale Meridian Shipping Limited",
    "Tarvash Petrochemical Trading Company",
)

_NAME_COLUMNS = ("name", "full_name", "primary_name")
_PAYABLE = frozenset({"person", "organisation"})


def read_listed_names(path: Path) -> tuple[str, ...]:
    """The people and organisations of a CSV file with a header and a column `name`, in
    file order; a column `type` sorts out ships and aircraft.

    Raises `ValueError` naming the file when there is no such column or no name in it.
    """
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        columns = reader.fieldnames or ()
        column = next((c for c in _NAME_COLUMNS if c in columns), None)
        if column is None:
            raise ValueError(f"{path.name}: no column 'name'")
        names = tuple(
            dict.fromkeys(
                name
                for row in reader
                if (name := (row[column] or "").strip())
                and row.get("type", "person") in _PAYABLE
            )
        )
    if not names:
        raise ValueError(f"{path.name}: no names")
    return names


def shipped_names(folder: Path | None = None) -> tuple[str, ...]:
    """The names of the first CSV list in a folder, by default the one that ships with the
    screening service, so that it knows the simulated names; the sample where there is
    no list."""
    folder = folder or _shipped_folder()
    for path in sorted(folder.glob("*.csv")) if folder else ():
        return read_listed_names(path)
    return SANCTIONED_NAMES


def _shipped_folder() -> Path | None:
    spec = find_spec("fraud_sanctions")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "lists" / "samples"
