"""Bugs planted into what was observed: each must turn its judgement red."""

import json
from dataclasses import asdict, replace
from typing import Any

from fraud_lab.chaos.suite.observed import (
    RECOVERY_S,
    Answer,
    Expected,
    Run,
    figures_of,
    stuck_s,
)
from fraud_lab.chaos.suite.stores import Recorded, compared

_EXPECTED = Expected(
    frozenset({"MODEL_XGBOOST_UNAVAILABLE"}), never_approves=True, must_be_felt=True
)


def decision(**changed: Any) -> dict[str, Any]:
    """A decision with all its evidence, or with what is given."""
    signals = [
        {"source": name, "outcome": "scored"}
        for name in ("xgboost", "isolation_forest", "autoencoder")
    ]
    whole = {
        "decision": "APPROVE",
        "decision_id": "d-1",
        "degraded": [],
        "reasons": [],
        "rules": {"outcome": "scored"},
        "rules_flag": "ALLOW",
        "screening": {"status": "clear"},
        "signals": signals,
        "action_status": "none",
    }
    return {**whole, **changed}


def answer(due: float, **changed: Any) -> Answer:
    """A payment that was decided, and decided the same when sent again."""
    made = decision(**changed)
    reply = json.dumps(made).encode()
    return Answer(due, 10.0, reply=reply, decision=made, again=reply)


def degraded(due: float, **changed: Any) -> Answer:
    """One that lacked a model and says so."""
    silent = [{"source": "xgboost", "outcome": "timed_out"}]
    given = {"degraded": ["MODEL_XGBOOST_UNAVAILABLE"], "decision": "CHALLENGE",
             "signals": silent}  # fmt: skip
    return answer(due, **{**given, **changed})


def sound() -> Run:
    """A fault between seconds 1 and 2, felt once, without a bug."""
    return Run([answer(0.5), degraded(1.5), answer(2.5), answer(3.0)], 1.0, 2.0)


def planted() -> list[tuple[str, bool]]:
    """By bug, whether it was found. The first is a run without a bug, found to be one."""

    def figures(*more: Answer, run: Run | None = None) -> dict[str, Any]:
        base = run or sound()
        return figures_of(Run([*base.answers, *more], 1.0, 2.0), _EXPECTED)

    clean = figures()
    unnamed = degraded(1.6, degraded=[])
    names = ("failed", "unmarked", "lost", "changed", "blind_approvals")
    lost = replace(answer(1.6), again=b"")
    other = replace(answer(1.6), again=b"another decision")
    slow = Run([answer(0.5), degraded(1.5), degraded(2.5), answer(4.5)])
    return [
        ("nothing in a sound run", not any(clean[name] for name in names)
         and clean["recovery_s"] <= RECOVERY_S),
        ("a request without an answer",
         figures(Answer(1.6, 1000.0, "timeout", again=b"x"))["failed"] == 1),
        ("a model's gap that is not named", figures(unnamed)["unmarked"] == 1),
        ("screening's gap that is not named",
         figures(answer(1.6, screening={"status": "unavailable"}))["unmarked"] == 1),
        ("an answer that was not kept", figures(lost)["lost"] == 1),
        ("a payment that nobody decided",
         figures(Answer(1.6, 1000.0, "timeout"))["lost"] == 1),
        ("a second decision of one payment", figures(other)["changed"] == 1),
        ("an approval in the dark",
         figures(degraded(1.6, decision="APPROVE"))["blind_approvals"] == 1),
        ("a recovery that takes too long",
         figures(run=slow)["recovery_s"] > RECOVERY_S),
        ("a key that is held for too long",
         stuck_s(Run([Answer(1.0, 100.0, "broken", held_s=2.5)])) == 2.5),
        *_effects(),
        ("a fault that nobody felt",
         figures_of(Run([answer(2.5)], 1.0, 2.0), _EXPECTED)["felt"] == 0),
    ]  # fmt: skip


def _effects() -> list[tuple[str, bool]]:
    """Bugs planted into what the stores hold against each other."""
    log = {
        "d-1": Recorded("t-1", frozenset({"a-1"})),
        "d-2": Recorded("t-2", frozenset()),
    }
    done, learned = [("d-1", "a-1")], ["d-1", "d-2"]

    def figures(**changed: Any) -> dict[str, int]:
        given = {"log": log, "done": done, "learned": learned}
        counts = {"profiled": 2, "unfinished": 0}
        return asdict(compared(**{**given, **counts, **changed}))

    other = {**log, "d-3": Recorded("t-1", frozenset({"a-3"}))}
    return [
        ("nothing in stores that agree", not any(figures().values())),
        ("an action that was not done", figures(done=[])["actions_lost"] == 1),
        ("an action that nobody asked for",
         figures(done=[*done, ("d-2", "a-9")])["actions_doubled"] == 1),
        ("actions of two decisions about one payment",
         figures(log=other, done=[*done, ("d-3", "a-3")])["actions_doubled"] == 1),
        ("an outcome that was lost", figures(learned=["d-1"])["outcomes_lost"] == 1),
        ("an outcome of no decision",
         figures(learned=[*learned, "d-9"])["outcomes_unexpected"] == 1),
        ("an outcome that was counted twice",
         figures(profiled=3)["outcomes_doubled"] == 1),
        ("a decision that nobody completes",
         figures(unfinished=1)["keys_unfinished"] == 1),
    ]  # fmt: skip
