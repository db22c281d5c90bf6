"""`POST /match/{dataset}`, as clients of yente call it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from fraud_sanctions.api.cooperative_queue import CooperativeQueue
from fraud_sanctions.api.match_query import ParsedQuery, parse_queries
from fraud_sanctions.dates import years
from fraud_sanctions.lists.records import EntityKind, ListedEntity, NameQuality, Party
from fraud_sanctions.matching.index import Mask
from fraud_sanctions.matching.ofac import ofac_score
from fraud_sanctions.matching.screener import Hit
from fraud_sanctions.problems import DatasetUnknown
from fraud_sanctions.service import Edition, ScreeningService
from fraud_shared.contracts.matching import (
    FeatureDoc,
    MatchAnswer,
    MatchParameters,
    MatchRequest,
    MatchResponses,
    MatchTotal,
)
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.web.context import RequestContext
from fraud_shared.web.guard import current_call, require_service
from fraud_shared.web.problems import InvalidInput

_SCHEMATA: dict[EntityKind, str] = {
    "person": "Person",
    "organisation": "Organization",
    "vessel": "Vessel",
    "aircraft": "Airplane",
}
_PROPERTIES: dict[NameQuality, str] = {
    "primary": "name",
    "alias": "alias",
    "former": "previousName",
    "weak": "weakAlias",
}
# From here up names are candidates for the score of OFAC's search page.
_FAINT = 0.02
_MOST_HITS = 500
_MATCHER = {
    "name_similarity": FeatureDoc(
        description="Probability that the two are writings of one name.",
        coefficient=1.0,
        url="",
    ),
    "name_strength": FeatureDoc(
        description="How much evidence the agreeing words carry.",
        coefficient=1.0,
        url="",
    ),
}


@dataclass(frozen=True)
class Wanted:
    """Which listed entities a query may meet, from yente's query parameters."""

    lists: frozenset[str]
    without_schemata: frozenset[str]
    without_ids: frozenset[str]

    def __contains__(self, entity: object) -> bool:
        return (
            isinstance(entity, ListedEntity)
            and entity.list_id in self.lists
            and _SCHEMATA[entity.kind] not in self.without_schemata
            and entity.entity_id not in self.without_ids
        )

    def mask(self, edition: Edition) -> Mask | None:
        """The entries to look at; None is all. Whoever is not wanted must not take the
        place of somebody who is."""
        filtered = self.without_schemata or self.without_ids
        if len(self.lists) == len(edition.lists) and not filtered:
            return None
        entities = edition.screener.index.entities
        ids = {entity.entity_id for entity in entities if entity in self}
        return edition.screener.index.of(ids)


def _wanted(edition: Edition, dataset: str, given: MatchParameters) -> Wanted:
    """Raises DatasetUnknown, and InvalidInput for lists that are not there: an answer
    from no list would read as nobody found."""
    names = frozenset(watch.list_id for watch in edition.lists)
    if dataset != "default" and dataset not in names:
        raise DatasetUnknown
    lists = names if dataset == "default" else frozenset({dataset})
    included = frozenset(given.include_dataset)
    if not included <= names | {"default"}:
        raise InvalidInput(errors=[("query.include_dataset", "no such list")])
    if included and "default" not in included:
        lists &= included
    lists -= frozenset(given.exclude_dataset)
    if not lists:
        what = "query.include_dataset" if included else "query.exclude_dataset"
        raise InvalidInput(errors=[(what, "leaves no list to compare with")])
    return Wanted(
        lists, frozenset(given.exclude_schema), frozenset(given.exclude_entity_ids)
    )


def router(service: ScreeningService) -> APIRouter:
    """The yente-compatible route."""
    routes = APIRouter(tags=["matching"], dependencies=[Depends(require_service)])
    turns = CooperativeQueue()

    @routes.post("/match/{dataset}", operation_id="matchEntities")
    async def match(
        dataset: str,
        request: MatchRequest,
        given: Annotated[MatchParameters, Query()],
        context: Annotated[RequestContext, Depends(current_call)],
    ) -> MatchAnswer:
        """Candidates per query with `score` and `match` (score at or above `threshold`).

        With `ofac_mode` the score is close to that of OFAC's search page, of names alone.
        422 names a query without a name to compare, or with more than 50.
        """
        edition = service.edition
        wanted = _wanted(edition, dataset, given)
        queries = parse_queries(request)
        async with turns.until(context.deadline):
            only = await turns.take(partial(wanted.mask, edition), context.deadline)
            search = Search(service, edition, given, only, turns, context.deadline)
            responses = {key: await search.answer(q) for key, q in queries.items()}
        return MatchAnswer(
            responses=responses,
            matcher=_MATCHER,
            limit=given.limit,
            lists=service.versions(edition),
        )

    return routes


@dataclass(frozen=True)
class Search:
    """One request's way to its answers, in one edition."""

    service: ScreeningService
    edition: Edition
    given: MatchParameters
    only: Mask | None
    turns: CooperativeQueue
    deadline: Deadline

    async def answer(self, one: ParsedQuery) -> MatchResponses:
        """One query's results, best first. Raises DeadlineSpent."""
        hits = await self._hits(one.parties)
        if self.given.ofac_mode:
            score = partial(_as_ofac, one.names, hits, self.given.cutoff)
            hits = await self.turns.take(score, self.deadline)
        bar = self.given.threshold
        bar = self.service.bands.match if bar is None else bar
        query = one.query
        return MatchResponses(
            status=200,
            results=[_result(hit, bar) for hit in hits[: self.given.limit]],
            total=MatchTotal(value=len(hits), relation="eq"),
            query={"schema": query.schema_, "properties": query.properties},
        )

    async def _hits(self, parties: Sequence[Party]) -> list[Hit]:
        """Hits over all names of a query, each entity once with its best score."""
        best: dict[str, Hit] = {}
        for party in parties:
            for hit in await self.turns.take(partial(self._of, party), self.deadline):
                known = best.get(hit.entity.entity_id)
                if known is None or hit.score > known.score:
                    best[hit.entity.entity_id] = hit
        return sorted(best.values(), key=lambda hit: (-hit.score, hit.entity.entity_id))

    def _of(self, party: Party) -> list[Hit]:
        least = _FAINT if self.given.ofac_mode else self.given.cutoff
        return self.service.screen(
            self.edition, party, least=least, most=_MOST_HITS, only=self.only
        )


def _as_ofac(names: Sequence[str], hits: list[Hit], cutoff: float) -> list[Hit]:
    """The same candidates with the score of OFAC's search page, best first."""
    scored = [
        replace(
            hit,
            score=max(
                ofac_score(name, [listed.text for listed in hit.entity.names]) / 100
                for name in names
            ),
        )
        for hit in hits
    ]
    kept = [hit for hit in scored if hit.score >= cutoff]
    return sorted(kept, key=lambda hit: (-hit.score, hit.entity.entity_id))


def entity_document(entity: ListedEntity) -> dict[str, Any]:
    """A listed entity in the FollowTheMoney form of yente's answers."""
    properties = {
        **_other_names(entity),
        "name": [entity.caption],
        "birthDate": [day for text in entity.birth_dates for day in years(text)],
        "country": [country.lower() for country in entity.countries],
        "program": list(entity.programs),
        "idNumber": [number.value for number in entity.identifiers],
        "topics": ["sanction"],
    }
    return {
        "id": entity.entity_id,
        "caption": entity.caption,
        "schema": _SCHEMATA[entity.kind],
        "datasets": [entity.list_id],
        "referents": [],
        "target": True,
        "properties": {name: values for name, values in properties.items() if values},
    }


def _result(hit: Hit, bar: float) -> dict[str, Any]:
    return entity_document(hit.entity) | {
        "score": round(hit.score, 4),
        "match": hit.score >= bar,
        "features": {
            "name_similarity": round(hit.similarity, 4),
            "name_strength": round(hit.strength, 4),
        },
        "explanations": {
            "name": {"score": round(hit.score, 4), "detail": "; ".join(hit.reasons)}
        },
    }


def _other_names(entity: ListedEntity) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in entity.names[1:]:
        found.setdefault(_PROPERTIES[name.quality], []).append(name.text)
    return found
