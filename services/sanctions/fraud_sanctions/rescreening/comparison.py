"""Screening known parties against a part of the lists: what an update added or changed.

The scores are those of the whole index. Most parties share no word with any entity of a
small update, and a small index of its names tells so for a fraction of the time.
"""

from collections.abc import Container

from fraud_sanctions.lists.records import Party
from fraud_sanctions.matching.index import Index, Mask
from fraud_sanctions.matching.query_variants import readings_of
from fraud_sanctions.matching.screener import Hit, Screener

# Parties resemble far fewer of these, and each one that they do resemble is to be seen.
MOST_HITS = 50
# With more entities than this so many parties share a word with one of them that asking
# first costs more than it saves (28,052 listed: 9 s of 40 s per 100,000 parties with one
# entity, 35 s with 50, 47 s with 100).
_SMALL = 50


class Rescreening:
    """One update over one index. Pure: the same party gives the same hits.

    `entity_ids`: those added or changed; None is all of the index.
    """

    def __init__(
        self, screener: Screener, entity_ids: Container[str] | None, *, least: float
    ) -> None:
        self._screener = screener
        self._least = least
        self._only: Mask | None = None
        self._small: Index | None = None
        if entity_ids is None:
            return
        self._only = screener.index.of(entity_ids)
        every = screener.index.entities
        entities = [entity for entity in every if entity.entity_id in entity_ids]
        if len(entities) <= _SMALL:
            self._small = Index(entities)

    def hits(self, party: Party) -> list[Hit]:
        """Entities of the update that the party resembles, best first."""
        if not self._may_resemble(party):
            return []
        return self._screener.screen(
            party, least=self._least, most=MOST_HITS, only=self._only
        )

    def _may_resemble(self, party: Party) -> bool:
        """Whether the party's name shares anything at all with a name of the update.

        No rarity, no rank and no bound of the whole index decides here, so that nothing
        is passed over that a screening would find.
        """
        small = self._small
        if small is None or small.lookups.holding(party.identifiers):
            return True
        return any(
            small.lookups.same(one.name)
            or len(small.candidates(one.name, small.similar(one.name))[0])
            for one in readings_of(party, self._screener.index.vocabulary)
        )
