"""Replies of decisions whose actions are settled, many in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from fraud_orchestrator.tables import decisions
from fraud_shared.state.bus import Envelope
from fraud_shared.state.outbox import Outbox

_THIS = decisions.c.decision_id == sa.bindparam("of")
# A reply that is on record already is kept.
_SETTLE = (
    sa.update(decisions)
    .where(_THIS, decisions.c.reply.is_(None))
    .values(reply=sa.bindparam("made"))
)
_REPLY = sa.select(decisions.c.reply).where(_THIS)


@dataclass(frozen=True, slots=True)
class Finished:
    """A decision's reply, and the events of actions that could not be done."""

    decision_id: str
    reply: bytes
    queued: tuple[Envelope, ...]


def settle(
    conn: sa.Connection, outbox: Outbox, all_of: Sequence[Finished]
) -> dict[str, bytes]:
    """Put replies on record; returns the bytes that count, by decision."""
    kept: dict[str, bytes] = {}
    # In one order at every gateway, so that none waits for another in a circle.
    for each in sorted(all_of, key=lambda one: one.decision_id):
        of = {"of": each.decision_id}
        if conn.execute(_SETTLE, {**of, "made": each.reply}).rowcount:
            kept[each.decision_id] = each.reply
            outbox.insert(conn, each.queued)
        else:
            earlier = conn.scalar(_REPLY, of)
            kept[each.decision_id] = bytes(earlier) if earlier else each.reply
    return kept
