"""`POST /match/{dataset}`: the request and response of yente, so that its clients fit."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from fraud_shared.contracts.screening import ListVersion


def _text(value: object) -> object:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if number else value


def _several(value: object) -> object:
    """Clients send one value or a list of them, and null for none."""
    if value is None:
        return []
    if not isinstance(value, list):
        return [value]
    return [one for one in value if one is not None]


# Made one type before it is checked: an error names the property and the value's place in
# it, not the branch of a union.
Value = Annotated[
    str,
    BeforeValidator(_text, json_schema_input_type=str | float),
    Field(max_length=512),
]
Values = Annotated[
    list[Value],
    BeforeValidator(_several, json_schema_input_type=list[str | float] | str | float),
    Field(max_length=50),
]


class MatchQuery(BaseModel):
    """One entity to match. Properties that are not compared are accepted and ignored."""

    model_config = ConfigDict(hide_input_in_errors=True, serialize_by_alias=True)

    schema_: Annotated[str, Field(alias="schema", max_length=64)] = "Thing"
    id: Annotated[str, Field(max_length=128)] | None = None
    properties: Annotated[dict[str, Values], Field(max_length=64)]

    def values(self, name: str) -> list[str]:
        """The values of a property."""
        return self.properties.get(name, [])


class MatchRequest(BaseModel):
    """Up to 100 queries by the caller's own keys."""

    model_config = ConfigDict(hide_input_in_errors=True)

    queries: Annotated[
        dict[Annotated[str, Field(max_length=128)], MatchQuery],
        Field(min_length=1, max_length=100),
    ]


_Names = Annotated[list[Annotated[str, Field(max_length=128)]], Field(max_length=50)]


class MatchParameters(BaseModel):
    """What may stand behind the path, besides yente's `algorithm`, `topics` and
    `changed_since`, which have no effect: everything here is sanctioned, and there is one
    algorithm.

    `threshold`: the score from which a result is a match; `cutoff`: from which it is
    there at all.
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    limit: Annotated[int, Field(ge=1, le=500)] = 5
    threshold: Annotated[float, Field(ge=0.0, le=1.0)] | None = None
    cutoff: Annotated[float, Field(ge=0.0, le=1.0)] = 0.3
    ofac_mode: bool = False
    include_dataset: _Names = []
    exclude_dataset: _Names = []
    exclude_schema: _Names = []
    exclude_entity_ids: _Names = []


class SearchParameters(BaseModel):
    """The query of `GET /search/{dataset}`; yente's facets and filters have no effect."""

    model_config = ConfigDict(hide_input_in_errors=True)

    q: Annotated[
        str,
        Field(min_length=1, max_length=256, description="A name.", examples=["Kravin"]),
    ]
    limit: Annotated[int, Field(ge=1, le=500, description="How many at most.")] = 10
    offset: Annotated[int, Field(ge=0, le=9500, description="How many to skip.")] = 0
    cutoff: Annotated[float, Field(ge=0.0, le=1.0, description="The least score.")] = (
        0.3
    )


class EntityParameters(BaseModel):
    """The query of `GET /entities/{entity_id}`."""

    model_config = ConfigDict(hide_input_in_errors=True)

    nested: Annotated[
        bool, Field(description="Lists hold no entities within others: no effect.")
    ] = True


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
