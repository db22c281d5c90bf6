"""The magic values: which account forces which answer, and which code which outcome."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from fraud_shared.contracts.casework import ChallengeStatus
from fraud_shared.contracts.decision import Challenge, Verdict
from fraud_shared.contracts.degraded import DegradedCode

Problem = Literal["unavailable", "overloaded", "deadline-spent", "conflict"]
ATTEMPTS = 5
RESENDS = 3


@dataclass(frozen=True, slots=True)
class Forced:
    """What an account forces: a verdict, or a problem instead of one."""

    verdict: Verdict
    challenge: Challenge | None = None
    degraded: tuple[DegradedCode, ...] = ()
    problem: Problem | None = None
    alert: bool = False


def _degraded(code: DegradedCode) -> str:
    return "test-degraded-" + code.value.lower().replace("_", "-")


# Any other account is approved.
APPROVED = Forced(Verdict.APPROVE)
ACCOUNTS: Mapping[str, Forced] = {
    "test-approve": APPROVED,
    "test-challenge-otp": Forced(Verdict.CHALLENGE, "otp"),
    "test-challenge-three-ds": Forced(Verdict.CHALLENGE, "three_ds"),
    "test-challenge-manual-review": Forced(Verdict.CHALLENGE, "manual_review"),
    "test-decline": Forced(Verdict.DECLINE),
    "test-alert": Forced(Verdict.DECLINE, alert=True),
    "test-unavailable": Forced(Verdict.DECLINE, problem="unavailable"),
    "test-overloaded": Forced(Verdict.DECLINE, problem="overloaded"),
    "test-timeout": Forced(Verdict.DECLINE, problem="deadline-spent"),
    "test-in-progress": Forced(Verdict.DECLINE, problem="conflict"),
    **{
        _degraded(code): Forced(Verdict.CHALLENGE, "otp", (code,))
        for code in DegradedCode
    },
}

Answer = Literal["passed", "wrong", "failed", "expired", "unavailable"]
# Any other code is wrong.
CODES: Mapping[str, Answer] = {
    "123456": "passed",
    "000000": "wrong",
    "111111": "failed",
    "222222": "expired",
    "333333": "unavailable",
}


def forced_by(account_id: str) -> Forced:
    """What the account of a payment forces."""
    return ACCOUNTS.get(account_id, APPROVED)


@dataclass(frozen=True, slots=True)
class ChallengeStand:
    """How a challenge of test mode stands."""

    status: ChallengeStatus = "pending"
    attempts: int = 0
    resends: int = 0


def verified(stand: ChallengeStand, code: str) -> ChallengeStand:
    """A pending challenge after a code; the last wrong one fails it."""
    attempts = stand.attempts + 1
    outcome = CODES.get(code, "wrong")
    status: ChallengeStatus = "pending"
    if outcome in ("passed", "failed", "expired"):
        status = outcome
    elif attempts >= ATTEMPTS:
        status = "failed"
    return ChallengeStand(status, attempts, stand.resends)


def at(stand: ChallengeStand, now: datetime, ends: datetime) -> ChallengeStand:
    """The same as it stands now: a pending one ends by itself."""
    if stand.status == "pending" and now >= ends:
        return ChallengeStand("expired", stand.attempts, stand.resends)
    return stand
