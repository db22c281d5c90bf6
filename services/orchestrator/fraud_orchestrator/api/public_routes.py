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
from datetime import date
from typing import Any, Literal

from pydantic import BaseModel

from fraud_shared.contracts.action import ChallengeAnswer
from fraud_shared.contracts.casework import (
    Assignment,
    Because,
    Block,
    BlockQuery,
    BulkResolution,
    BulkResolved,
    Case,
    CaseHistory,
    CaseQuery,
    CaseResolution,
    ChallengeState,
    DevelopmentCode,
    Extension,
    Hold,
    HoldQuery,
    NewBlock,
    NewNote,
    Release,
)
from fraud_shared.contracts.clearing import (
    ClearedPair,
    ClearedPairs,
    ClearedQuery,
    ClearRequest,
    Erased,
    ErasureRequest,
    RevokeRequest,
)
from fraud_shared.contracts.datasets import (
    NDJSON,
    DatasetQuery,
    DatasetRows,
    DatasetVersion,
)
from fraud_shared.contracts.events import CloudEvent
from fraud_shared.contracts.lists import EntityView, ListsView
from fraud_shared.contracts.paging import Page, PageQuery
from fraud_shared.contracts.parked import ParkedDocument, ParkedEvent
from fraud_shared.web.keys import Scope

JSON = "application/json"
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
    `services`: those that answer this route each for itself; the query `service` chooses.
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
    services: tuple[str, ...] = ()
    optional_body: bool = False
    command: str = ""

    @property
    def inner_path(self) -> str:
        """The path at the service, with the parameters of `path` in braces."""
        return self.inner or self.path


_CHALLENGE: tuple[Scope, ...] = ("score", "analyst")
_ANALYST: tuple[Scope, ...] = ("analyst",)

CHALLENGES = (
    PublicRoute(
        "GET", "/v1/challenges/{challenge_id}", "action", _CHALLENGE, "challenges",
        "getChallenge", "How a challenge stands",
        response=ChallengeState, command="challenges show",
    ),
    PublicRoute(
        "POST", "/v1/challenges/{challenge_id}/verify", "action", _CHALLENGE,
        "challenges", "verifyChallenge", "Check the code that the customer typed",
        description="Spends one attempt; `status` says whether the code was right. A right "
        "one releases the hold and the blocks that the same decision caused. 409 once the "
        "challenge is over.",
        request=ChallengeAnswer, response=ChallengeState, command="challenges verify",
    ),
    PublicRoute(
        "POST", "/v1/challenges/{challenge_id}/resend", "action", _CHALLENGE,
        "challenges", "resendChallenge", "Send the code to the customer again",
        description="A few times at most, with a pause: 409 with `Retry-After` before it "
        "is over.",
        response=ChallengeState, command="challenges resend",
    ),
    PublicRoute(
        "POST", "/v1/challenges/{challenge_id}/cancel", "action", _CHALLENGE,
        "challenges", "cancelChallenge", "End a challenge that nobody will finish",
        description="What is held stays held. A second time changes nothing.",
        response=ChallengeState, command="challenges cancel",
    ),
    PublicRoute(
        "GET", "/v1/challenges/{challenge_id}/development-code", "action", ("score",),
        "challenges", "developmentCode", "The code of a challenge; only in development",
        description="404 in production, and wherever codes are really sent.",
        response=DevelopmentCode, command="challenges code",
    ),
)  # fmt: skip

HOLDS = (
    PublicRoute(
        "GET", "/v1/holds", "action", _ANALYST, "cases", "listHolds",
        "Held payments, newest first",
        query=HoldQuery, response=Page[Hold], command="holds list",
    ),
    PublicRoute(
        "POST", "/v1/holds/{hold_id}/release", "action", _ANALYST, "cases",
        "releaseHold", "Let a held payment go",
        request=Release, response=Hold, command="holds release",
    ),
)  # fmt: skip

BLOCKS = (
    PublicRoute(
        "GET", "/v1/blocks", "action", _ANALYST, "cases", "listBlocks",
        "Blocked cards, accounts and devices, newest first",
        query=BlockQuery, response=Page[Block], command="blocks list",
    ),
    PublicRoute(
        "POST", "/v1/blocks", "action", _ANALYST, "cases", "addBlock",
        "Block a card, account or device at once",
        description="The same again, while it is in force, is the same block; until "
        "another time it is 409: extend it.",
        request=NewBlock, response=Block, status=201, command="blocks add",
    ),
    PublicRoute(
        "POST", "/v1/blocks/{block_id}/extend", "action", _ANALYST, "cases",
        "extendBlock", "Give a block another end, later or earlier",
        request=Extension, response=Block, command="blocks extend",
    ),
    PublicRoute(
        "DELETE", "/v1/blocks/{block_id}", "action", _ANALYST, "cases",
        "removeBlock", "Lift a block",
        query=Because, response=Block, command="blocks remove",
    ),
)  # fmt: skip

CASES = (
    PublicRoute(
        "GET", "/v1/cases", "action", _ANALYST, "cases", "listCases",
        "The queue of cases, what is worth most first",
        query=CaseQuery, response=Page[Case], command="cases list",
    ),
    PublicRoute(
        "GET", "/v1/cases/{case_id}", "action", _ANALYST, "cases", "getCase",
        "One case, with everything that was done about it",
        description="That somebody looked is added to its notes.",
        response=CaseHistory, command="cases show",
    ),
    PublicRoute(
        "POST", "/v1/cases/{case_id}/assign", "action", _ANALYST, "cases",
        "assignCase", "Give an open case to somebody, or back",
        request=Assignment, response=Case, command="cases assign",
    ),
    PublicRoute(
        "POST", "/v1/cases/{case_id}/notes", "action", _ANALYST, "cases", "noteCase",
        "Write something about a case",
        request=NewNote, response=CaseHistory, status=201, command="cases note",
    ),
    PublicRoute(
        "POST", "/v1/cases/{case_id}/resolve", "action", _ANALYST, "cases",
        "resolveCase", "Store what a case was",
        description="About a payment it becomes its label, and `legitimate` releases its "
        "hold and blocks; about a listing it says nothing about the payment.",
        request=CaseResolution, response=Case, command="cases resolve",
    ),
    PublicRoute(
        "POST", "/v1/cases/resolve", "action", _ANALYST, "cases", "resolveCases",
        "Store what many cases were, all alike",
        description="Each for itself: one that cannot be resolved so stops no other.",
        request=BulkResolution, response=BulkResolved, timeout_ms=20_000.0,
        command="cases resolve-all",
    ),
    PublicRoute(
        "GET", "/v1/rescreenings", "sanctions", _ANALYST, "cases",
        "listRescreenings", "How far known parties are screened against list updates",
        command="rescreenings list",
    ),
)  # fmt: skip

CLEARED = (
    PublicRoute(
        "POST", "/v1/cleared", "sanctions", _ANALYST, "cases",
        "clearPair", "Clear a pair of account and listed entity until a day",
        description="It is void as soon as the listing changes.",
        request=ClearRequest, response=ClearedPair, status=201, command="cleared add",
    ),
    PublicRoute(
        "GET", "/v1/cleared", "sanctions", _ANALYST, "cases",
        "listCleared", "Clearings of an account or entity, also those that ended",
        query=ClearedQuery, response=ClearedPairs, command="cleared list",
    ),
    PublicRoute(
        "POST", "/v1/cleared/{clearing_id}/revoke", "sanctions", _ANALYST,
        "cases", "revokeCleared", "Take a clearing back; the record of it stays",
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

_PARKED = ("post_auth", "action", "sanctions")

OPERATIONS = (
    PublicRoute(
        "GET", "/v1/parked", "post_auth", ("admin",), "operations", "listParked",
        "Events that a service could not use, oldest first",
        query=PageQuery, response=Page[ParkedEvent], services=_PARKED,
        command="parked list",
    ),
    PublicRoute(
        "GET", "/v1/parked/{parked_id}", "post_auth", ("admin",), "operations",
        "getParked", "One parked event with what it says",
        response=ParkedDocument, services=_PARKED, command="parked show",
    ),
    PublicRoute(
        "POST", "/v1/parked/{parked_id}/replay", "post_auth", ("admin",),
        "operations", "replayParked", "Handle a parked event again",
        description="Or the corrected event in the body. It keeps its id, so that nothing "
        "is applied twice.",
        request=CloudEvent, optional_body=True, response=ParkedEvent, services=_PARKED,
        command="parked replay",
    ),
)  # fmt: skip

_MODELS: tuple[Scope, ...] = ("models", "audit")

DATASETS = (
    PublicRoute(
        "GET", "/v1/datasets", "post_auth", _MODELS, "models", "listDatasets",
        "Complete dataset versions, newest first",
        query=PageQuery, response=Page[DatasetVersion], command="datasets list",
    ),
    PublicRoute(
        "GET", "/v1/datasets/{day}", "post_auth", _MODELS, "models", "getDataset",
        "The settled rows of one day (UTC), to train on",
        query=DatasetQuery, response=DatasetRows, media=(JSON, NDJSON),
        parameters={"day": date}, examples={"day": "2026-03-02"}, timeout_ms=20_000.0,
        command="datasets export",
    ),
    PublicRoute(
        "POST", "/v1/datasets/export", "post_auth", ("models",), "models",
        "exportDataset", "Write what is settled as a new version now",
        response=DatasetVersion, timeout_ms=60_000.0, command="datasets write",
    ),
)  # fmt: skip

PUBLIC_ROUTES: tuple[PublicRoute, ...] = (
    *CHALLENGES,
    *HOLDS,
    *BLOCKS,
    *CASES,
    *CLEARED,
    *SANCTIONS,
    *OPERATIONS,
    *DATASETS,
)
