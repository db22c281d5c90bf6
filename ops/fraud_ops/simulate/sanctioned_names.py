"""A sample of listed names, all of them invented, and a reader for a list in plain CSV."""

import csv
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


def read_listed_names(path: Path) -> tuple[str, ...]:
    """The names of a CSV file with a header and a column `name`, in file order.

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
                name for row in reader if (name := (row[column] or "").strip())
            )
        )
    if not names:
        raise ValueError(f"{path.name}: no names")
    return names


def shipped_names(root: Path) -> tuple[str, ...]:
    """The names of the demonstration list under `root/services/sanctions`, so that the
    simulated names are those the screening service knows; the sample when absent."""
    for path in sorted((root / "services" / "sanctions" / "lists").glob("*.csv")):
        return read_listed_names(path)
    return SANCTIONED_NAMES
