"""The table of public routes that another service answers.

One row per route: its method and path, the service and path that answer it, the scopes of
which a key must have one, and what OpenAPI says. From the table come the routes themselves
(`forwarding.py`), the matrix of roles and routes, and `fraud` commands.

Who asks is taken from the key and told to the service in the signed service token
(`fraud_shared.web.guard.ForActor`): client, scopes and the tenants it may see. A body never
says it. Bodies are checked here as parsed JSON, so request models use lists instead of
tuples and `Instant` for times. The query of a row is a model derived from `Query`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel

from fraud_shared.contracts.clearing import (
    ClearedPair,
    ClearedPairs,
    ClearedQuery,
    ClearRequest,
    Erased,
    ErasureRequest,
    RevokeRequest,
)
from fraud_shared.contracts.lists import EntityView, ListsView
from fraud_shared.contracts.matching import EntityParameters, SearchParameters
from fraud_shared.contracts.ratios import Ratios, RatiosQuery
from fraud_shared.web.keys import Scope

JSON = "application/json"
NDJSON = "application/x-ndjson"
YAML = "application/yaml"
HTML = "text/html"
Method = Literal["GET", "POST", "DELETE"]


@dataclass(frozen=True, slots=True)
class PublicRoute:
    """One row.

    `path` has its parameters in braces, each an identifier unless `parameters` names another
    type, with `examples` for documents and tests; `inner` is the path at `service`, the same when empty. `query`, `request` and
    `response` are models; what is not declared is refused (query, request) or undocumented
    (response). `media`: what the answer may be, by `Accept`, the first without one. `takes`:
    what the body may be; with more than JSON it is passed on as it came, with its type.
    `command`: the words of the `fraud` command, e.g. `cases list`; none without.
    """

    method: Method
    path: str
    service: str
    scopes: tuple[Scope, ...]
    tag: str
    operation_id: str
    summary: str
    inner: str = ""
    description: str = ""
    query: type[BaseModel] | None = None
    request: type[BaseModel] | None = None
    response: Any = None
    status: int = 200
    media: tuple[str, ...] = (JSON,)
    takes: tuple[str, ...] = (JSON,)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    examples: Mapping[str, str] = field(default_factory=dict)
    max_body_bytes: int | None = None
    timeout_ms: float | None = None
    command: str = ""

    @property
    def inner_path(self) -> str:
        """The path at the service, with the parameters of `path` in braces."""
        return self.inner or self.path


CASES = (
    PublicRoute(
        "GET", "/v1/rescreenings", "sanctions", ("analyst",), "analysts",
        "listRescreenings", "How far known parties are screened against list updates",
        command="rescreenings list",
    ),
)  # fmt: skip

CLEARED = (
    PublicRoute(
        "POST", "/v1/cleared", "sanctions", ("analyst",), "analysts",
        "clearPair", "Clear a pair of account and listed entity until a day",
        description="It is void as soon as the listing changes.",
        request=ClearRequest, response=ClearedPair, status=201, command="cleared add",
    ),
    PublicRoute(
        "GET", "/v1/cleared", "sanctions", ("analyst",), "analysts",
        "listCleared", "Clearings of an account or entity, also those that ended",
        query=ClearedQuery, response=ClearedPairs, command="cleared list",
    ),
    PublicRoute(
        "POST", "/v1/cleared/{clearing_id}/revoke", "sanctions", ("analyst",),
        "analysts", "revokeCleared", "Take a clearing back; the record of it stays",
        request=RevokeRequest, response=ClearedPair, command="cleared revoke",
    ),
    PublicRoute(
        "POST", "/v1/parties/erase", "sanctions", ("admin",), "operations",
        "eraseParties", "Forget the parties that screening knows of an account",
        request=ErasureRequest, response=Erased, command="parties erase",
    ),
)  # fmt: skip

SANCTIONS = (
    PublicRoute(
        "GET", "/v1/sanctions/lists", "sanctions", ("read", "analyst", "audit"),
        "sanctions", "getSanctionsLists",
        "The sanctions lists in use, and what was refused at the last load",
        inner="/v1/lists", response=ListsView, command="sanctions lists",
    ),
    PublicRoute(
        "GET", "/v1/sanctions/entities/{entity_id}", "sanctions",
        ("read", "analyst", "audit"), "sanctions", "getSanctionsEntity",
        "One listed entity in full: who a hit names",
        inner="/v1/entities/{entity_id}", response=EntityView,
        command="sanctions entity",
    ),
    PublicRoute(
        "GET", "/v1/entities/{entity_id}", "sanctions", ("read", "analyst", "audit"),
        "sanctions", "getEntity", "The same under its earlier path",
        response=EntityView,
    ),
)  # fmt: skip

YENTE = (
    PublicRoute(
        "GET", "/entities/{entity_id}", "sanctions", ("score", "read", "analyst"),
        "sanctions", "fetchEntity", "A listed entity, as clients of yente read it",
        query=EntityParameters, examples={"entity_id": "NK-1"},
    ),
    PublicRoute(
        "GET", "/search/{dataset}", "sanctions", ("score", "read", "analyst"),
        "sanctions", "searchEntities", "Listed entities by name, as clients of yente ask",
        query=SearchParameters, examples={"dataset": "default"},
    ),
    PublicRoute(
        "GET", "/catalog", "sanctions", ("score", "read", "analyst"), "sanctions",
        "getCatalog", "The lists in use as datasets, as clients of yente read them",
    ),
    PublicRoute(
        "GET", "/algorithms", "sanctions", ("score", "read", "analyst"), "sanctions",
        "listAlgorithms", "Algorithms of matching, as clients of yente ask",
    ),
)  # fmt: skip

FEEDS = (
    PublicRoute(
        "GET", "/v1/ratios", "post_auth", ("read", "analyst"), "labels",
        "getRatios", "VAMP, ECM and fraud rates by value, counted from the records",
        query=RatiosQuery, response=Ratios, command="ratios",
    ),
)  # fmt: skip

PUBLIC_ROUTES: tuple[PublicRoute, ...] = (
    *CASES,
    *CLEARED,
    *SANCTIONS,
    *YENTE,
    *FEEDS,
)
