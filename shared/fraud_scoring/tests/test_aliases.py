"""Aliases: only those that a scorer follows can be ordered."""

from datetime import UTC, datetime

import pytest

from fraud_scoring.errors import AliasUnknown
from fraud_scoring.registry.aliases import FOLLOWED, AliasBook, AliasTarget

NOW = datetime(2026, 11, 30, tzinfo=UTC)
TARGET = AliasTarget(version="2026.11.30.1", hash="a" * 64, bundle="b")
EMPTY = AliasBook(name="xgboost", revision=0, aliases={})


@pytest.mark.parametrize("alias", FOLLOWED)
def test_alias_that_scorers_follow_is_ordered(alias: str) -> None:
    assert EMPTY.promoted(alias, TARGET, NOW).target(alias) == TARGET


@pytest.mark.parametrize(
    "alias", ["latest", "v10", "chmapion", "Champion", "production", "", "champion "]
)
def test_alias_that_nobody_follows_is_refused(alias: str) -> None:
    with pytest.raises(AliasUnknown):
        EMPTY.promoted(alias, TARGET, NOW)
