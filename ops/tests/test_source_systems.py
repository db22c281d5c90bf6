"""The page of the source systems names routes and tests that exist."""

import json
from pathlib import Path

import pytest

from fraud_ops.source_systems import SYSTEMS, source_systems_page

ROOT = Path(__file__).parents[2]
ROWS = [row for rows in SYSTEMS.values() for row in rows]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.what)
def test_every_row_has_its_test_and_its_routes(row) -> None:
    assert (ROOT / row.test).is_file()
    for route in row.routes:
        *service, method, path = route.split()
        name = service[0] if service else "orchestrator"
        document = json.loads((ROOT / f"deploy/openapi/{name}.json").read_text())
        assert method.lower() in document["paths"][path], route


def test_page_shows_every_row() -> None:
    page = source_systems_page()
    assert all(row.what in page for row in ROWS)
