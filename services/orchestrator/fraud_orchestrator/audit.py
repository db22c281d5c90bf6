"""The decision log as auditors read it: the stored record, and its recomputation."""

import json
from typing import Any

from pydantic import BaseModel

from fraud_orchestrator.gateway import Gateway
from fraud_shared.contracts.decision import DecisionMade
from fraud_shared.contracts.label import LabelReport
from fraud_shared.contracts.payment_events import PaymentEvent
from fraud_shared.contracts.signal import Signal
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.web.context import RequestContext
from fraud_shared.web.problems import NotFound

# Scores are float32 inside and JSON between: equal to this is equal.
TOLERANCE = 1e-9


class StoredDecision(BaseModel):
    """A decision on record: the reply, what it was made from, its labels, and what
    happened to the payment since."""

    reply: dict[str, Any] | None
    record: DecisionMade
    labels: list[LabelReport]
    events: list[PaymentEvent] = []


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
    gateway: Gateway,
    client: str,
    *,
    decision_id: str | None = None,
    transaction_id: str | None = None,
) -> StoredDecision:
    """The record of a client's decision. Raises NotFound."""
    row = await gateway.decisions.get(
        client, decision_id=decision_id, transaction_id=transaction_id
    )
    if row is None:
        raise NotFound
    record = DecisionMade.model_validate_json(bytes(row.record))
    return StoredDecision(
        reply=None if row.reply is None else json.loads(row.reply),
        record=record,
        labels=await gateway.labels.of(record.owner, record.transaction.transaction_id),
        events=await gateway.payment_events.of(
            record.owner, record.transaction.transaction_id
        ),
    )


async def replay(
    gateway: Gateway, record: DecisionMade, context: RequestContext
) -> Replay:
    """Ask rules, models and policy again with what was recorded, and compare."""
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
            compare(f"{before.source}.version", _version(before), _version(after))
            if not _close(before.score, after.score):
                compare(f"{before.source}.score", before.score, after.score)
    ruling = await pipeline.decider.decide(record.request(), context, deadline)
    compare("policy", made.versions.get("policy"), ruling.policy)
    compare("decision", made.decision.value, ruling.decision.value)
    compare("risk", made.risk, ruling.risk)
    return Replay(decision_id=made.decision_id, same=not found, differences=found)


def _blocked(record: DecisionMade) -> bool:
    return any(hit.rule.startswith("B-") for hit in record.decision.rules.hits)


def _version(signal: Signal) -> str | None:
    model = signal.model
    return None if model is None else f"{model.name}@{model.version}"


def _close(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= TOLERANCE
