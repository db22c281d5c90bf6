"""The promises by number: what is done to the mesh for each, and what that must look like.

A row without cases is not measured by this suite; the table says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from fraud_lab.chaos.suite.failing import POINTS
from fraud_lab.chaos.suite.faults import (
    Fault,
    ends_at,
    frozen,
    killed,
    killed_again,
    redis_forgetful,
    redis_silent,
)
from fraud_lab.chaos.suite.observed import Expected

MODELS = ("isolation_forest", "autoencoder", "xgboost")
FROZEN_S = 4.0
CRASHES = 11
KILLS = 5


@dataclass(frozen=True)
class Case:
    """One fault and its marks."""

    fault: Fault
    expected: Expected


@dataclass(frozen=True)
class Row:
    """One promise."""

    promise: str
    cases: Mapping[str, Case]
    # What the promise demands besides, and these cases do not show.
    left_out: str


def _model(name: str) -> Expected:
    codes = {f"MODEL_{name.upper()}_UNAVAILABLE", "MODELS_UNAVAILABLE"}
    return Expected(frozenset(codes))


def _expected(*codes: str, never_approves: bool = False, felt: bool = True) -> Expected:
    return Expected(frozenset(codes), never_approves=never_approves, must_be_felt=felt)


_ENGINES = {
    "rules": _expected("RULES_FAILOVER", "RULES_FAILOVER_DIFFERS", "RULES_UNAVAILABLE"),
    "decision": _expected("DECISION_FAILOVER", "DECISION_UNAVAILABLE"),
}
ROWS: Mapping[int, Row] = {
    6: Row(
        "A dead model service degrades, never fails, the call",
        {f"kill -9 {m}": Case(killed(m), _model(m)) for m in MODELS},
        "20 kills a model; latency beside an interleaved run without a fault",
    ),
    7: Row(
        "A frozen model costs one timeout, then nothing",
        {f"SIGSTOP {m}": Case(frozen(m, seconds=FROZEN_S), _model(m)) for m in MODELS},
        "30 s; the breaker's opening in 250 ms; latency beside an interleaved run",
    ),
    8: Row(
        "All models gone: bounded stand-in, never blind approval",
        {
            "SIGSTOP all models": Case(
                frozen(*MODELS, "lightgbm", seconds=FROZEN_S),
                _expected("MODELS_UNAVAILABLE", never_approves=True),
            )
        },
        "60 s; the shadow share of the stand-in",
    ),
    9: Row(
        "Rules or decision service gone: the same engines decide in the gateway",
        {
            **{f"kill -9 {s}": Case(killed(s), e) for s, e in _ENGINES.items()},
            **{
                f"SIGSTOP {s}": Case(frozen(s, seconds=FROZEN_S), e)
                for s, e in _ENGINES.items()
            },
        },
        "60 s; 1,000 planted hard blocks",
    ),
    10: Row(
        "Action service gone: the verdict stands",
        {
            "kill -9 action": Case(killed("action"), _expected("ACTION", felt=False)),
            "SIGSTOP action": Case(
                frozen("action", seconds=FROZEN_S), _expected("ACTION", felt=False)
            ),
        },
        "that every queued action happens exactly once",
    ),
    CRASHES: Row(
        "Gateway dies mid-request: a payment sent again has one outcome",
        {
            "14 failpoints": Case(ends_at(*POINTS), _expected(felt=False)),
            f"kill -9 gateway, {KILLS} times": Case(
                killed_again("orchestrator", KILLS), _expected(felt=False)
            ),
        },
        "each store restarted besides; a swap from an older version; several workers",
    ),
    15: Row(
        "Redis slow or forgetful: unknown is never zero",
        {
            "CLIENT PAUSE": Case(
                redis_silent(FROZEN_S),
                _expected("VELOCITY_UNKNOWN", "VELOCITY_LOWER_BOUND"),
            ),
            "FLUSHALL, SCRIPT FLUSH": Case(
                redis_forgetful(),
                _expected("VELOCITY_UNKNOWN", "VELOCITY_LOWER_BOUND"),
            ),
        },
        "SIGSTOP, kill -9, read-only, maxmemory; windows against the audit's replay",
    ),
    18: Row(
        "Screening away: nobody is approved unscreened",
        {
            "SIGSTOP sanctions": Case(
                frozen("sanctions", seconds=FROZEN_S),
                _expected("SANCTIONS_UNAVAILABLE", never_approves=True),
            )
        },
        "bad and old lists (`fraud chaos flip` has updates)",
    ),
}
