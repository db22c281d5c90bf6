"""What the stores of a mesh hold against each other, once everything under way has ended.

The decision log is what happened; effects and training rows must be exactly its own.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import chain

import orjson
import sqlalchemy as sa

import fraud_action
import fraud_post_auth
from fraud_action.tables import actions
from fraud_ops.features.logs import orchestrator_database, service_database
from fraud_ops.mesh.environment import LocalMesh
from fraud_orchestrator.tables import decisions, outbox
from fraud_post_auth.tables import profiles, training_rows
from fraud_shared.contracts.transaction import NO_PAYMENTS
from fraud_shared.state.database import Database

SETTLED_WITHIN_S = 40.0


@dataclass(frozen=True)
class Recorded:
    """A decision: its payment, and the ids of the actions that it asks for."""

    transaction_id: str
    actions: frozenset[str]
    counted: bool = True


@dataclass(frozen=True)
class Effects:
    """What does not agree. Zero is sound.

    `actions_doubled`: payments with effects of more than one decision, and effects that no
    decision asks for. `outcomes_doubled`: payments that a profile counts more than once.
    """

    actions_lost: int
    actions_doubled: int
    outcomes_lost: int
    outcomes_unexpected: int
    outcomes_doubled: int
    keys_unfinished: int


def compared(
    log: dict[str, Recorded],
    done: Iterable[tuple[str, str]],
    learned: Iterable[str],
    *,
    profiled: int,
    unfinished: int,
) -> Effects:
    """The log (by decision) against the actions that were `done` (decision and action),
    the decisions that were `learned` from, and how many payments profiles count."""
    found = set(done)
    asked = {(name, one) for name, made in log.items() for one in made.actions}
    acted = {(log[name].transaction_id, name) for name, _ in found if name in log}
    deciders = Counter(transaction for transaction, _ in acted)
    rows = set(learned)
    counted = {name for name, made in log.items() if made.counted}
    return Effects(
        actions_lost=len(asked - found),
        actions_doubled=len(found - asked) + sum(n - 1 for n in deciders.values()),
        outcomes_lost=len(counted - rows),
        outcomes_unexpected=len(rows - counted),
        outcomes_doubled=abs(profiled - len(rows)),
        keys_unfinished=unfinished,
    )


async def effects(mesh: LocalMesh) -> dict[str, int]:
    """`Effects` of a mesh, after what is queued has arrived or should have."""
    gateway = orchestrator_database(mesh)
    action = service_database(mesh, "action", fraud_action)
    post_auth = service_database(mesh, "post_auth", fraud_post_auth)
    parts = (gateway, action, post_auth)
    try:
        for db in parts:
            await db.start()
        give_up = time.monotonic() + SETTLED_WITHIN_S
        while True:
            found = await _read(*parts)
            if found == Effects(0, 0, 0, 0, 0, 0) or time.monotonic() > give_up:
                return asdict(found)
            await asyncio.sleep(1.0)
    finally:
        for db in parts:
            await db.stop()


async def _read(gateway: Database, action: Database, post_auth: Database) -> Effects:
    """The effects first: what they are about is on record before them."""
    table = training_rows
    async with post_auth.read() as conn:
        learned = (await conn.execute(sa.select(table.c.decision_id))).scalars().all()
        counted = await conn.scalar(sa.select(sa.func.sum(profiles.c.payments)))
    async with action.read() as conn:
        query = sa.select(actions.c.decision_id, actions.c.action_id)
        done = [(row.decision_id, row.action_id) for row in await conn.execute(query)]
    async with gateway.read() as conn:
        rows = (await conn.execute(sa.select(decisions.c.record))).scalars().all()
        open_ = sa.select(sa.func.count()).where(decisions.c.reply.is_(None))
        unsent = sa.select(sa.func.count()).where(outbox.c.sent_at.is_(None))
        unfinished = (await conn.scalar(open_) or 0) + (await conn.scalar(unsent) or 0)
    log = dict(chain(map(_recorded, rows)))
    return compared(
        log, done, learned, profiled=int(counted or 0), unfinished=unfinished
    )


def _recorded(record: bytes) -> tuple[str, Recorded]:
    made = orjson.loads(record)
    decision, payment = made["decision"], made["transaction"]
    asked = frozenset(one["action_id"] for one in decision["actions"])
    counted = payment["kind"] not in NO_PAYMENTS and payment.get("supersedes") is None
    return decision["decision_id"], Recorded(
        decision["transaction_id"], asked, counted=counted
    )
