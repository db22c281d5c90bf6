"""Screening one party against the index: candidates, alignment, evidence, bands."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from fraud_sanctions.analyse import Name, readings
from fraud_sanctions.evidence import Evidence, probability, weigh
from fraud_sanctions.explain import explain
from fraud_sanctions.index import Entry, Index
from fraud_sanctions.match import Alignment, align
from fraud_sanctions.qualify import qualify
from fraud_sanctions.records import ListedEntity, Party

Band = Literal["clear", "possible", "match"]
_LEAST_PROBABILITY = 0.02
_EVEN = 0.5


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
    evidence: Evidence
    logit: float


class Screener:
    """The matcher over one index. Pure: the same party gives the same hits."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self._bits: list[float] = index.vocabulary.bits.tolist()

    def screen(
        self, party: Party, *, least: float = _LEAST_PROBABILITY, most: int = 20
    ) -> list[Hit]:
        """Listed entities with a score of at least `least`, best first, at most `most`."""
        best: dict[int, _Scored] = {}
        for query in self._readings(party):
            similar = self.index.similar(query)
            for at in self.index.candidates(query, similar).tolist():
                entry = self.index.entries[at]
                alignment = align(
                    query, similar, entry.name, entry.words, self._bits.__getitem__
                )
                person = self.index.entities[entry.entity].kind == "person"
                evidence = weigh(alignment, person=person)
                logit = evidence.logit
                known = best.get(entry.entity)
                if known is None or logit > known.logit:
                    best[entry.entity] = _Scored(
                        entry, query, alignment, evidence, logit
                    )
        return self._hits(party, list(best.values()), least, most)

    def _readings(self, party: Party) -> Sequence[Name]:
        return readings(
            party.name, person=None if party.kind is None else party.kind == "person"
        )

    def _hits(
        self, party: Party, found: Sequence[_Scored], least: float, most: int
    ) -> list[Hit]:
        hits = []
        for scored in found:
            if probability(scored.logit + 6.0) < least:
                continue
            entity = self.index.entities[scored.entry.entity]
            facts = qualify(party, entity)
            score = probability(min(scored.logit + facts.shift, facts.ceiling))
            if score >= least:
                hits.append((score, scored, entity, facts.reasons))
        hits.sort(
            key=lambda hit: (-hit[0], -hit[1].evidence.strength, hit[2].entity_id)
        )
        return [
            Hit(
                entity,
                scored.entry.name.text,
                score,
                scored.evidence.similarity,
                scored.evidence.strength,
                explain(scored.alignment, scored.query, scored.entry.name, reasons),
            )
            for score, scored, entity, reasons in hits[:most]
        ]
