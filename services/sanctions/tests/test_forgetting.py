"""Erasure reaches the parties that screening remembers, too."""

import sys
from typing import Any

from fraud_sanctions.lists.records import Party
from fraud_sanctions.matching.index import Index
from fraud_sanctions.matching.screener import Screener
from fraud_sanctions.service import Edition


def test_nobody_screened_is_remembered_once_parties_are_forgotten(listed: Any) -> None:
    entity = listed("Zoltarin Krandalov")
    screener = Screener(Index([entity]))
    edition = Edition((), screener, {entity.entity_id: entity}, {})
    party = Party("Alix Moreau")
    only_here = sys.getrefcount(party)
    edition.hits(party, 0.5, 10)
    assert sys.getrefcount(party) > only_here
    edition.forget_parties()
    assert sys.getrefcount(party) == only_here
    assert edition.hits(Party("Zoltarin Krandalov"), 0.5, 10)
