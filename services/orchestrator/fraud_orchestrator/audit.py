"""The decision log as auditors read it: the stored record, and its recomputation."""

import json
from typing import Any

from pydantic import BaseModel

from fraud_orchestrator.entities import asked
from fraud_orchestrator.gateway import Gateway
from fraud_shared.contracts.casework import Outcomes
from fraud_shared.contracts.decision import DecisionMade
from fraud_shared.contracts.decision_search import StoredDecision
from fraud_shared.contracts.signal import Signal
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.mesh.tokens import Actor
from fraud_shared.web.context import RequestContext
from fraud_shared.web.problems import NotFound, Unavailable

# Scores are float32 inside and JSON between: equal to this is equal.
TOLERANCE = 1e-9


# What a decision caused that asked for no action.
NONE = Outcomes(challenges=[], holds=[], blocks=[], cases=[])


class Difference(BaseModel):
    """One thing that came out differently."""

    what: str
    recorded: Any
    recomputed: Any


class Replay(BaseModel):
    """A decision computed again from its record, with today's services.

    `same` says whether rules, model scores and verdict are as recorded; a difference with
    another version beside it is explained by that version.
    """

    decision_id: str
    same: bool
    differences: list[Difference]


async def stored(
    gateway: Gateway, actor: Actor, context: RequestContext, decision_id: str
) -> StoredDecision:
    """The record of a decision that `actor` may see. Raises NotFound."""
    row = await gateway.search.get(decision_id, actor)
    if row is None:
        raise NotFound
    record = DecisionMade.model_validate_json(bytes(row.record))
    outcomes: Outcomes | None = NONE
    if record.decision.actions:
        path = f"/v1/outcomes/{decision_id}"
        outcomes = await asked(gateway, "action", path, Outcomes, actor, context)
    return StoredDecision(
        reply=None if row.reply is None else json.loads(row.reply),
        record=record,
        labels=await gateway.labels.of(record.owner, record.transaction.transaction_id),
        outcomes=outcomes,
        events=await gateway.payment_events.of(
            record.owner, record.transaction.transaction_id
        ),
    )


async def recorded(gateway: Gateway, actor: Actor, decision_id: str) -> DecisionMade:
    """What a decision that `actor` may see was made from. Raises NotFound."""
    row = await gateway.search.get(decision_id, actor)
    if row is None:
        raise NotFound
    return DecisionMade.model_validate_json(bytes(row.record))


async def replay(
    gateway: Gateway, record: DecisionMade, context: RequestContext
) -> Replay:
    """Ask rules, models and policy again with what was recorded, and compare. Raises
    Unavailable when one of them that had answered does not now."""
    deadline = Deadline.after(gateway.settings.query_cap_ms)
    made, pipeline = record.decision, gateway.pipeline
    found: list[Difference] = []

    def compare(what: str, recorded: Any, recomputed: Any) -> None:
        if recorded != recomputed:
            found.append(
                Difference(what=what, recorded=recorded, recomputed=recomputed)
            )

    if made.rules.outcome == "scored" and not _blocked(record):
        rules = await pipeline.rules.ask(
            record.transaction, record.features, context, deadline
        )
        _answered("rules", rules.outcome)
        compare("ruleset", made.rules.ruleset, rules.ruleset)
        compare("rules_flag", made.rules_flag, rules.rules_flag)
        compare(
            "rules_hit", [h.rule for h in made.rules.hits], [h.rule for h in rules.hits]
        )
    again = {
        signal.source: signal
        for signal in await pipeline.signals.collect(
            record.transaction, record.features, made.rules, context, deadline
        )
    }
    for before in made.signals:
        after = again.get(before.source)
        if before.outcome == "scored" and after is not None:
            _answered(before.source, after.outcome)
            compare(f"{before.source}.version", _version(before), _version(after))
            if not _close(before.score, after.score):
                compare(f"{before.source}.score", before.score, after.score)
    ruling = await pipeline.decider.decide(record.request(), context, deadline)
    compare("policy", made.versions.get("policy"), ruling.policy)
    compare("decision", made.decision.value, ruling.decision.value)
    compare("risk", made.risk, ruling.risk)
    return Replay(decision_id=made.decision_id, same=not found, differences=found)


def _answered(service: str, outcome: str) -> None:
    if outcome in ("timed_out", "failed"):
        raise Unavailable(f"The {service} service did not answer.")


def _blocked(record: DecisionMade) -> bool:
    return any(hit.rule.startswith("B-") for hit in record.decision.rules.hits)


def _version(signal: Signal) -> str | None:
    model = signal.model
    return None if model is None else f"{model.name}@{model.version}"


def _close(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= TOLERANCE
