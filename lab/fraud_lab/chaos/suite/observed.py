"""What a caller saw of one fault, and what is wrong with it: pure judgements.

Every payment is sent once around the fault and again after it: the second answer says
whether the first was kept, and whether one that was lost on the way happened wholly.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fraud_shared.contracts.degraded import CHAMPIONS, DegradedCode

RECOVERY_S = 2.0
# A request that takes longer is hung, whatever comes of it.
HUNG_MS = 200.0
# What the gateway says without its store.
REFUSED = "status 503 unavailable"


@dataclass(frozen=True)
class Answer:
    """One payment: when it was due (monotonic seconds), how long it took, what came back.
    `failure` is how there was no verdict; `reply` and `again` are bytes, `decision` the
    first of them parsed. `held_s`: for how long a caller that asked on was told that the
    payment is being decided."""

    due: float
    latency_ms: float
    failure: str | None = None
    shed: bool = False
    reply: bytes = b""
    decision: dict[str, Any] = field(default_factory=dict)
    again: bytes = b""
    held_s: float = 0.0


@dataclass
class Run:
    """One fault: its answers, when it began and when all services were ready again.
    `fired`: at which steps processes ended; `paused_s`: the longest that the caller itself did not run."""

    answers: list[Answer] = field(default_factory=list)
    began: float = 0.0
    healed: float = math.inf
    fired: list[str] = field(default_factory=list)
    paused_s: float = 0.0


@dataclass(frozen=True)
class Expected:
    """What a fault must look like: `codes` of which one marks an answer that felt it;
    `never_approves`: such an answer is no approval, unless it is a stand-in."""

    codes: frozenset[str]
    never_approves: bool = False
    must_be_felt: bool = True


def unmarked(decision: dict[str, Any]) -> bool:
    """Whether evidence is missing that `degraded` does not name."""
    codes = set(decision["degraded"])
    unscreened = decision["screening"]["status"] == "unavailable"
    if unscreened and DegradedCode.SANCTIONS_UNAVAILABLE not in codes:
        return True
    no_rules = decision["rules"]["outcome"] != "scored"
    if no_rules and DegradedCode.RULES_UNAVAILABLE not in codes:
        return True
    if decision["rules_flag"] == "BLOCK":
        return False
    outcomes = {one["source"]: one["outcome"] for one in decision["signals"]}
    gaps = [name for name in CHAMPIONS if outcomes.get(name, "scored") != "scored"]
    return any(
        not codes
        & {f"MODEL_{name.upper()}_UNAVAILABLE", DegradedCode.MODELS_UNAVAILABLE}
        for name in gaps
    )


def figures_of(run: Run, expected: Expected) -> dict[str, Any]:
    """The figures of one run."""
    answered = [one for one in run.answers if one.decision]
    felt = [one for one in answered if _felt(one, expected)]
    healed = math.isfinite(run.healed)
    clean = sorted(
        one.due for one in answered if one.due >= run.healed and one not in felt
    )
    refused = [o.latency_ms for o in run.answers if o.failure == REFUSED]
    during = [one.latency_ms for one in answered if run.began <= one.due <= run.healed]
    return {
        "answered": len(answered),
        "failed": sum(one.failure is not None for one in run.answers),
        "failures": dict(Counter(one.failure for one in run.answers if one.failure)),
        # Seconds after the fault, milliseconds waited, and what came of it.
        "failed_at": [
            (round(one.due - run.began, 2), round(one.latency_ms), one.failure)
            for one in run.answers
            if one.failure is not None
        ],
        "failed_before": sum(
            one.failure is not None for one in run.answers if one.due < run.began
        ),
        "shed": sum(one.shed for one in run.answers),
        "felt": len(felt),
        "unmarked": sum(unmarked(one.decision) for one in answered),
        "blind_approvals": sum(map(_blind, felt)) if expected.never_approves else 0,
        "away_s": round(run.healed - run.began, 2) if healed else None,
        # Without an answer afterwards there is no recovery.
        "recovery_s": round(clean[0] - run.healed, 2) if clean else None,
        "hung": sum(one.latency_ms > HUNG_MS for one in run.answers),
        "refused_p99_ms": _p99(refused),
        "p99_during_ms": _p99(during),
        "ended_at": list(run.fired),
        "stuck_s": stuck_s(run),
        "caller_paused_s": round(run.paused_s, 2),
        **history(run.answers),
    }


def _p99(values: Sequence[float]) -> float | None:
    return round(float(np.percentile(values, 99)), 1) if values else None


def stuck_s(run: Run) -> float:
    """The longest that a payment was said to be under way."""
    return round(max((one.held_s for one in run.answers), default=0.0), 2)


def history(answers: Iterable[Answer]) -> dict[str, int]:
    """Jepsen's fields: what was acknowledged and is still the same, what was lost or
    doubled (another decision for the same payment), what nobody knew of and happened."""
    found = {"attempted": 0, "ok": 0, "lost": 0, "changed": 0, "recovered": 0}
    for one in answers:
        if one.shed:
            continue
        found["attempted"] += 1
        if one.failure is not None:
            found["recovered"] += bool(one.again)
            found["lost"] += not one.again
        elif not one.again:
            found["lost"] += 1
        elif one.again != one.reply:
            found["changed"] += 1
        else:
            found["ok"] += 1
    return found


def totals(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Sums over runs, the slowest recovery, and in how many the fault was felt."""
    summed = ("answered", "failed", "shed", "unmarked", "blind_approvals", "attempted", "failed_before",
              "ok", "lost", "changed", "recovered", "felt", "hung")  # fmt: skip
    recoveries = [one["recovery_s"] for one in runs]
    refused = [one["refused_p99_ms"] for one in runs if one["refused_p99_ms"]]
    return {
        **{name: sum(one[name] for one in runs) for name in summed},
        "failures": dict(sum((Counter(one["failures"]) for one in runs), Counter())),
        "runs": len(runs),
        "runs_felt": sum(one["felt"] > 0 for one in runs),
        "ended_at": sorted({name for one in runs for name in one["ended_at"]}),
        "ends": sum(len(one["ended_at"]) for one in runs),
        "effects": next(
            (one["effects"] for one in reversed(runs) if "effects" in one), None
        ),
        "refused_p99_ms": max(refused, default=None),
        "slowest_key_s": max(one["stuck_s"] for one in runs),
        "slowest_recovery_s": None if None in recoveries else max(recoveries),
    }


def _felt(one: Answer, expected: Expected) -> bool:
    queued = one.decision["action_status"] == "queued" and "ACTION" in expected.codes
    return queued or bool(expected.codes & set(one.decision["degraded"]))


def _blind(one: Answer) -> bool:
    reasons = {reason["code"] for reason in one.decision["reasons"]}
    return one.decision["decision"] == "APPROVE" and "STAND_IN" not in reasons
