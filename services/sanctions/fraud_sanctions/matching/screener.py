"""Screening one party against the index: candidates, alignment, evidence, bands."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from fraud_sanctions.lists.records import ListedEntity, Party
from fraud_sanctions.matching.alignment import Alignment, best_alignment
from fraud_sanctions.matching.evidence import (
    CONTAINED,
    CONTAINED_BITS,
    log_odds,
    log_odds_of,
    most_log_odds,
    probability,
    weigh,
)
from fraud_sanctions.matching.explain import explain
from fraud_sanctions.matching.index import Entry, Index, Mask
from fraud_sanctions.matching.pairing import PreparedQuery, candidate_pairs, wholes
from fraud_sanctions.matching.qualify import ALMOST, most_shift, qualify
from fraud_sanctions.matching.query_variants import Reading, readings_of
from fraud_sanctions.names.analyse import Name

Band = Literal["clear", "possible", "match"]
_LEAST_PROBABILITY = 0.02
_EVEN = 0.5
# A candidate's rank runs ahead of the log odds asked for by this much, up to a rank that no
# find needs more than (measured on 4,200 names: one of 600 best finds beyond the first three
# is behind it at -3, none from -2 on), so the rest is not aligned.
_RANK_AHEAD = 7.0
_RANK_ENOUGH = 6.75
_ALWAYS = 3


@dataclass(frozen=True, slots=True)
class Bands:
    """Half-open: clear below `possible`, match from `match` up; on `Hit.score`.

    A match also needs names more likely one than two: strong evidence in some words does
    not outweigh a contradiction in others, which a person has to look at.
    """

    possible: float
    match: float

    def band(self, score: float, similarity: float = 1.0) -> Band:
        """The band of a score, given how alike the names themselves are."""
        if score >= self.match and similarity >= _EVEN:
            return "match"
        return "possible" if score >= self.possible else "clear"


@dataclass(frozen=True, slots=True)
class Hit:
    """One listed entity, by its best name. `score`: probability that it is the party."""

    entity: ListedEntity
    name: str
    score: float
    similarity: float
    strength: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Scored:
    entry: Entry
    query: Name
    alignment: Alignment
    logit: float


class Screener:
    """The matcher over one index. Pure: the same party gives the same hits."""

    def __init__(self, index: Index) -> None:
        self.index = index

    def screen(
        self,
        party: Party,
        *,
        least: float = _LEAST_PROBABILITY,
        most: int = 20,
        only: Mask | None = None,
    ) -> list[Hit]:
        """Listed entities with a score of at least `least`, best first, at most `most`.

        `only`: as if the index held nothing but these entries, yet with the scores that
        the whole index gives.
        """
        best: dict[int, _Scored] = {}
        enough = log_odds_of(least) - most_shift(party)
        held = self.index.lookups.holding(party.identifiers)
        for reading in readings_of(party, self.index.vocabulary):
            for scored in self._compare(reading, enough, only, held):
                known = best.get(scored.entry.entity)
                if known is None or scored.logit > known.logit:
                    best[scored.entry.entity] = scored
        return self._hits(party, list(best.values()), least, most)

    def _compare(
        self, reading: Reading, enough: float, only: Mask | None, held: Sequence[int]
    ) -> Iterator[_Scored]:
        """The query aligned with every candidate that may still reach log odds `enough`.

        `held`: entries that are candidates whatever the name.
        """
        query = reading.name
        if reading.ship:
            ships = self.index.lookups.ships
            only = ships if only is None else ships & only
        similar = self.index.similar(query)
        ids, ranks = self.index.candidates(query, similar, only)
        rank = min(enough + _RANK_AHEAD, _RANK_ENOUGH)
        hopeful = max(int((ranks >= rank).sum()), _ALWAYS)
        chosen = dict.fromkeys(ids[:hopeful].tolist())
        # Many names may share more with a query than the one that is the same does.
        for at in (*self._exact(query, enough), *held):
            if only is None or only[at]:
                chosen[at] = None
        if not chosen:
            return
        entries = [self.index.entries[at] for at in chosen]
        asked = PreparedQuery.of(query, similar)
        likeness = wholes(query, [entry.listed for entry in entries])
        for entry, whole in zip(entries, likeness, strict=True):
            found = candidate_pairs(asked, entry.listed, whole)
            if not held and most_log_odds(found) < enough:
                continue
            alignment = best_alignment(found)
            person = self.index.entities[entry.entity].kind == "person"
            if person and query.impersonal:
                continue  # `John Co` is no `John`
            logit = log_odds(alignment, person=person)
            # A name that the list itself calls weak is nothing to decline a payment by.
            logit = min(logit, ALMOST) if entry.weak else logit
            yield _Scored(entry, query, alignment, logit)

    def _exact(self, query: Name, enough: float) -> Sequence[int]:
        """Entries of the same words, and such as the query contains, if that is enough."""
        lookups, entries = self.index.lookups, self.index.entries
        same = lookups.same(query)
        if enough > CONTAINED:
            return same
        inside = [
            at
            for at in lookups.inside(query)
            if sum(entries[at].listed.bits) >= CONTAINED_BITS
        ]
        return (*same, *inside)

    def _hits(
        self, party: Party, found: Sequence[_Scored], least: float, most: int
    ) -> list[Hit]:
        hits = []
        enough = log_odds_of(least) - most_shift(party)
        for scored in found:
            if scored.logit < enough and not party.identifiers:
                continue
            facts = qualify(party, self.index.entities[scored.entry.entity])
            odds = max(scored.logit + facts.shift, facts.floor)
            odds = min(odds, facts.ceiling)
            reasons = facts.reasons
            if scored.entry.weak:
                reasons = ("weak alias", *reasons)
                odds = min(odds, ALMOST) if facts.floor < ALMOST else odds
            if (score := probability(odds)) >= least:
                hits.append((score, scored, reasons))
        hits.sort(key=self._order)
        return [self._hit(*hit) for hit in hits[:most]]

    def _order(
        self, hit: tuple[float, _Scored, tuple[str, ...]]
    ) -> tuple[float, float, str]:
        score, scored, _ = hit
        entity = self.index.entities[scored.entry.entity]
        return -score, -scored.alignment.agreed, entity.entity_id

    def _hit(self, score: float, scored: _Scored, facts: tuple[str, ...]) -> Hit:
        entity = self.index.entities[scored.entry.entity]
        evidence = weigh(scored.alignment, person=entity.kind == "person")
        listed = scored.entry.listed.name
        return Hit(
            entity,
            listed.text,
            score,
            evidence.similarity,
            evidence.strength,
            explain(scored.alignment, scored.query, listed, facts),
        )
