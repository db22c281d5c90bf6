"""Erasure reaches the parties that screening remembers, too."""

import gc
from typing import Any
from uuid import uuid4

from fraud_sanctions.lists.records import Party
from fraud_sanctions.matching.index import Index
from fraud_sanctions.matching.screener import Screener
from fraud_sanctions.service import Edition


def remembered(name: str) -> bool:
    """Whether any party of this name is in memory."""
    gc.collect()
    return any(isinstance(one, Party) and one.name == name for one in gc.get_objects())


def test_nobody_screened_is_remembered_once_parties_are_forgotten(listed: Any) -> None:
    entity = listed("Zoltarin Krandalov")
    screener = Screener(Index([entity]))
    edition = Edition((), screener, {entity.entity_id: entity}, {})
    name = f"Alix {uuid4().hex}"
    edition.hits(Party(name), 0.5, 10)
    assert remembered(name)
    edition.forget_parties()
    assert not remembered(name)
    assert edition.hits(Party("Zoltarin Krandalov"), 0.5, 10)
