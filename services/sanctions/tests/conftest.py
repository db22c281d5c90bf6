import shutil
from pathlib import Path

import pytest

from fraud_sanctions.index import Index
from fraud_sanctions.records import ListedEntity, ListedName, Party
from fraud_sanctions.screener import Screener
from fraud_sanctions.settings import SAMPLE_LISTS


@pytest.fixture(autouse=True)
def var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Whatever a service of these tests writes goes to a folder of the test."""
    monkeypatch.setenv("FRAUD_VAR", str(tmp_path / "var"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return tmp_path / "var"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the sample lists that a test may damage."""
    target = tmp_path / "lists"
    shutil.copytree(SAMPLE_LISTS, target)
    return target


@pytest.fixture(scope="session")
def listed():
    """Builds an entity: `listed("A", "alias of A", kind="person")`."""

    def make(*names, kind="person", key=None, births=(), countries=()):
        return ListedEntity(
            entity_id=key or names[0].replace(" ", "-"),
            list_id="test",
            kind=kind,
            names=tuple(
                ListedName(name, "alias" if at else "primary")
                for at, name in enumerate(names)
            ),
            birth_dates=births,
            countries=countries,
        )

    return make


@pytest.fixture(scope="session")
def score(listed):
    """The score of a query against one listed name, 0 when it is no candidate."""

    def of(query, name, kind="person", **facts):
        screener = Screener(Index([listed(name, kind=kind, key="it")]))
        hits = screener.screen(Party(query, **facts), least=0.0)
        return hits[0].score if hits else 0.0

    return of
