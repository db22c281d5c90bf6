"""`POST /match/{dataset}`: the request and response of yente, so that its clients fit."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from fraud_sanctions.desk import Edition, ScreeningDesk
from fraud_sanctions.ofac import ofac_score
from fraud_sanctions.problems import DatasetUnknown
from fraud_sanctions.records import EntityKind, ListedEntity, NameQuality, Party
from fraud_sanctions.screener import Hit
from fraud_sanctions.sources.fields import identifier
from fraud_sanctions.turns import Turns
from fraud_shared.contracts.screening import ListVersion
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.web.call import Call
from fraud_shared.web.guard import current_call, require_service

# FollowTheMoney schemata that carry names; LegalEntity and Thing may be anybody.
_KINDS: dict[str, EntityKind | None] = {
    "Person": "person",
    "Organization": "organisation",
    "Company": "organisation",
    "PublicBody": "organisation",
    "Vessel": "vessel",
    "Airplane": "aircraft",
    "LegalEntity": None,
    "Thing": None,
}
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
_NOTHING: list[str] = []
Values = Annotated[list[Annotated[str, Field(max_length=512)]], Field(max_length=20)]
_NAME_PROPERTIES = ("name", "alias", "weakAlias", "previousName")
_NUMBERS = {
    "idNumber": "national id", "passportNumber": "passport", "taxNumber": "tax id",
    "registrationNumber": "registration", "innCode": "inn", "ogrnCode": "ogrn",
    "imoNumber": "imo", "swiftBic": "swift", "leiCode": "lei",
}  # fmt: skip
_MOST_NAMES = 10
# From here up names are candidates for the score of OFAC's search page.
_FAINT = 0.02


class MatchQuery(BaseModel):
    """One entity to match. Properties that are not compared are accepted and ignored."""

    model_config = ConfigDict(hide_input_in_errors=True)

    schema_: Annotated[str, Field(alias="schema", max_length=64)] = "Thing"
    id: Annotated[str, Field(max_length=128)] | None = None
    properties: Annotated[dict[str, Values | str], Field(max_length=64)]

    def values(self, name: str) -> list[str]:
        """The values of a property, as a list whatever was sent."""
        found = self.properties.get(name, [])
        return [found[:512]] if isinstance(found, str) else found

    def names(self) -> list[str]:
        """Up to ten different names of the entity."""
        names = [name for prop in _NAME_PROPERTIES for name in self.values(prop)]
        return list(dict.fromkeys(names))[:_MOST_NAMES]


class MatchRequest(BaseModel):
    """Up to 100 queries by the caller's own keys."""

    model_config = ConfigDict(hide_input_in_errors=True)

    queries: Annotated[
        dict[Annotated[str, Field(max_length=128)], MatchQuery], Field(max_length=100)
    ]


class MatchTotal(BaseModel):
    """How many results there are."""

    value: int
    relation: str


class MatchResponses(BaseModel):
    """One query's answer."""

    status: int
    results: list[dict[str, Any]]
    total: MatchTotal
    query: dict[str, Any]


class FeatureDoc(BaseModel):
    """What a feature of a result means."""

    description: str
    coefficient: float
    url: str


class MatchAnswer(BaseModel):
    """Answers by the caller's keys, and the lists they were made from."""

    responses: dict[str, MatchResponses]
    matcher: dict[str, FeatureDoc]
    limit: int
    lists: tuple[ListVersion, ...]


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
Names = Annotated[list[Annotated[str, Field(max_length=128)]], Query(max_length=50)]


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


def _wanted(
    edition: Edition,
    dataset: str,
    include_dataset: list[str],
    exclude_dataset: list[str],
    exclude_schema: list[str],
    exclude_entity_ids: list[str],
) -> Wanted:
    names = frozenset(watch.list_id for watch in edition.lists)
    if dataset != "default" and dataset not in names:
        raise DatasetUnknown
    lists = names if dataset == "default" else frozenset({dataset})
    return Wanted(
        (lists & frozenset(include_dataset) if include_dataset else lists)
        - frozenset(exclude_dataset),
        frozenset(exclude_schema),
        frozenset(exclude_entity_ids),
    )


def router(desk: ScreeningDesk) -> APIRouter:
    """The yente-compatible route."""
    routes = APIRouter(tags=["matching"], dependencies=[Depends(require_service)])
    turns = Turns()

    @routes.post("/match/{dataset}", operation_id="matchEntities")
    async def match(
        dataset: str,
        request: MatchRequest,
        call: Annotated[Call, Depends(current_call)],
        limit: Annotated[int, Query(ge=1, le=50)] = 5,
        threshold: Annotated[float | None, Query(ge=0.0, le=1.0)] = None,
        cutoff: Annotated[float, Query(ge=0.0, le=1.0)] = 0.3,
        ofac_mode: bool = False,
        include_dataset: Names = _NOTHING,
        exclude_dataset: Names = _NOTHING,
        exclude_schema: Names = _NOTHING,
        exclude_entity_ids: Names = _NOTHING,
    ) -> MatchAnswer:
        """Candidates per query with `score` and `match` (score at or above `threshold`).

        `algorithm`, `weights`, `config`, `topics` and `changed_since` are accepted and
        have no effect: everything here is sanctioned, and there is one algorithm. With
        `ofac_mode` the score is close to that of OFAC's search page, of names alone.
        """
        edition = desk.edition
        wanted = _wanted(
            edition,
            dataset,
            include_dataset,
            exclude_dataset,
            exclude_schema,
            exclude_entity_ids,
        )
        bar = desk.bands.match if threshold is None else threshold
        responses = {}
        search = Search(desk, edition, wanted, _FAINT if ofac_mode else cutoff)
        async with turns.until(call.deadline):
            for key, query in request.queries.items():
                hits = await search.hits(query, turns, call.deadline)
                if ofac_mode:
                    score = partial(_as_ofac, query, hits, cutoff)
                    hits = await turns.take(score, call.deadline)
                responses[key] = MatchResponses(
                    status=200,
                    results=[_result(hit, bar) for hit in hits[:limit]],
                    total=MatchTotal(value=len(hits), relation="eq"),
                    query={"schema": query.schema_, "properties": query.properties},
                )
        return MatchAnswer(
            responses=responses,
            matcher=_MATCHER,
            limit=limit,
            lists=desk.versions(edition),
        )

    return routes


@dataclass(frozen=True)
class Search:
    """One request's way to its hits, in one edition."""

    desk: ScreeningDesk
    edition: Edition
    wanted: Wanted
    cutoff: float

    async def hits(
        self, query: MatchQuery, turns: Turns, deadline: Deadline
    ) -> list[Hit]:
        """Hits over all names of the query, each entity once with its best score."""
        best: dict[str, Hit] = {}
        for party in _parties(query):
            found = await turns.take(partial(self._of, party), deadline)
            for hit in found:
                known = best.get(hit.entity.entity_id)
                if hit.entity in self.wanted and (
                    known is None or hit.score > known.score
                ):
                    best[hit.entity.entity_id] = hit
        return sorted(best.values(), key=lambda hit: (-hit.score, hit.entity.entity_id))

    def _of(self, party: Party) -> list[Hit]:
        return self.desk.screen(self.edition, party, least=self.cutoff, most=50)


def _parties(query: MatchQuery) -> list[Party]:
    """The query once for each of its names."""
    births = [b for b in query.values("birthDate") if b[:4].isdecimal()]
    countries = [
        value.upper()
        for prop in ("nationality", "country", "citizenship", "jurisdiction")
        for value in query.values(prop)
        if len(value) == 2
    ]
    numbers = [
        found
        for prop, kind in _NUMBERS.items()
        for value in query.values(prop)
        if (found := identifier(kind, value))
    ]
    return [
        Party(
            name=name,
            kind=_KINDS.get(query.schema_),
            birth_date=births[0][:10] if births else None,
            country=countries[0] if countries else None,
            identifiers=tuple(numbers),
        )
        for name in query.names()
    ]


def _as_ofac(query: MatchQuery, hits: list[Hit], cutoff: float) -> list[Hit]:
    """The same candidates with the score of OFAC's search page, best first."""
    names = query.names()
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


def _result(hit: Hit, bar: float) -> dict[str, Any]:
    entity = hit.entity
    properties = {
        **_other_names(entity),
        "name": [entity.caption],
        "birthDate": list(entity.birth_dates),
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
