"""Challenges for integrators; holds, blocks, cases and clearings for analysts."""

from fraud_orchestrator.api.rows.route import PublicRoute
from fraud_shared.contracts.action import ChallengeAnswer
from fraud_shared.contracts.cases import (
    Assignment,
    BulkResolution,
    BulkResolved,
    Case,
    CaseHistory,
    CaseQuery,
    CaseResolution,
    NewNote,
)
from fraud_shared.contracts.casework import (
    Because,
    Block,
    BlockQuery,
    ChallengeState,
    DevelopmentCode,
    Extension,
    Hold,
    HoldQuery,
    NewBlock,
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
from fraud_shared.contracts.paging import Page
from fraud_shared.contracts.rescreening import RescreeningsView
from fraud_shared.web.keys import Scope

_CHALLENGE: tuple[Scope, ...] = ("score", "analyst", "test")
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
        request=ChallengeAnswer, response=ChallengeState, problems={"409": ("challenge-closed",)},
        command="challenges verify",
    ),
    PublicRoute(
        "POST", "/v1/challenges/{challenge_id}/resend", "action", _CHALLENGE,
        "challenges", "resendChallenge", "Send the code to the customer again",
        description="A few times at most, with a pause: 409 with `Retry-After` before it "
        "is over.",
        response=ChallengeState, problems={"409": ("challenge-closed", "resend-too-soon", "resends-spent")},
        command="challenges resend",
    ),
    PublicRoute(
        "POST", "/v1/challenges/{challenge_id}/cancel", "action", _CHALLENGE,
        "challenges", "cancelChallenge", "End a challenge that nobody will finish",
        description="What is held stays held. A second time changes nothing.",
        response=ChallengeState, problems={"409": ("challenge-closed",)},
        command="challenges cancel",
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
        request=NewBlock, response=Block, status=201, problems={"409": ("block-exists",)},
        command="blocks add",
    ),
    PublicRoute(
        "POST", "/v1/blocks/{block_id}/extend", "action", _ANALYST, "cases",
        "extendBlock", "Give a block another end, later or earlier",
        request=Extension, response=Block, problems={"409": ("block-closed",)},
        command="blocks extend",
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
        response=CaseHistory, command="cases show", personal=True,
    ),
    PublicRoute(
        "POST", "/v1/cases/{case_id}/assign", "action", _ANALYST, "cases",
        "assignCase", "Give an open case to somebody, or back",
        request=Assignment, response=Case, problems={"409": ("case-not-open",)},
        command="cases assign",
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
        request=CaseResolution, response=Case, problems={"409": ("case-resolved",)},
        command="cases resolve",
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
        response=RescreeningsView, command="rescreenings list",
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
