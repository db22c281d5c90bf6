"""Recording verdicts' effects: once, whoever asks and however often."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from fraud_action import tables
from fraud_action.blocks import BlockTarget, mark_changed
from fraud_action.effect_rows import (
    ChallengeTerms,
    Row,
    action_row,
    delivery_rows,
    effect_row,
)
from fraud_action.effects import Effect, Terms, plan
from fraud_action.notifications import Queue
from fraud_shared.contracts.action import ActionReply, ActionRequest, ActionResult
from fraud_shared.mesh.clock import Clock
from fraud_shared.state.database import Database

_Planned = tuple[ActionRequest, Effect]


@dataclass(frozen=True, slots=True)
class Recorded:
    """The replies, in the order of the requests, and what is new."""

    replies: tuple[ActionReply, ...]
    fresh: tuple[Effect, ...]

    @property
    def targets(self) -> tuple[BlockTarget, ...]:
        """What was newly blocked."""
        return _targets(self.fresh)


class Ledger:
    """Turns requests into rows. The unique action id decides who makes an effect."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        terms: Terms,
        challenge: ChallengeTerms,
        *,
        queues: Iterable[Queue],
    ) -> None:
        self._db = db
        self._clock = clock
        self._terms = terms
        self._challenge = challenge
        self._queues = tuple(queues)
        # Built once: a statement made anew is walked anew to find it compiled.
        self._insert = (
            db.insert(tables.actions)
            .on_conflict_do_nothing(index_elements=["action_id"])
            .returning(tables.actions.c.action_id)
        )

    async def execute(self, requests: Sequence[ActionRequest]) -> Recorded:
        """Record all effects in one transaction; repeats find them and add nothing."""
        now = self._clock.now()
        planned: dict[str, _Planned] = {}
        for request in requests:
            for effect in plan(request, now, self._terms):
                planned.setdefault(effect.action_id, (request, effect))

        def work(conn: sa.Connection) -> Recorded:
            won = self._claim(conn, planned, now)
            self._make(conn, won, now)
            fresh = tuple(effect for _, effect in won)
            mark_changed(self._db, conn, _targets(fresh), now)
            return Recorded(_replies(conn, requests), fresh)

        # In one hop: on SQLite every awaited statement would change threads.
        return await self._db.run(work)

    def _claim(
        self, conn: sa.Connection, planned: Mapping[str, _Planned], now: datetime
    ) -> list[_Planned]:
        # In id order, so that two transactions cannot lock crosswise.
        rows = [action_row(*planned[key], now) for key in sorted(planned)]
        made = frozenset(conn.execute(self._insert, rows).scalars())
        # In the order of the requests: messages about one account leave in that order.
        return [each for key, each in planned.items() if key in made]

    def _make(
        self, conn: sa.Connection, won: Iterable[_Planned], now: datetime
    ) -> None:
        rows: dict[sa.Table, list[Row]] = defaultdict(list)
        for request, effect in won:
            if effect.reference is None:
                continue
            table, row = effect_row(request, effect, self._challenge, now)
            rows[table].append(row)
            rows[tables.outgoing] += delivery_rows(request, effect, self._queues, now)
        for table, group in rows.items():
            if group:
                conn.execute(sa.insert(table), group)


# What has become of the actions of some decisions.
_MADE = sa.select(
    tables.actions.c.decision_id,
    tables.actions.c.action_id,
    tables.actions.c.kind,
    tables.actions.c.status,
    tables.actions.c.reference,
).where(tables.actions.c.decision_id.in_(sa.bindparam("decisions", expanding=True)))


def _replies(
    conn: sa.Connection, requests: Sequence[ActionRequest]
) -> tuple[ActionReply, ...]:
    decisions = list({request.decision_id for request in requests})
    found = conn.execute(_MADE, {"decisions": decisions})
    results = {
        (row.decision_id, row.kind): ActionResult(
            action_id=row.action_id,
            kind=row.kind,
            status=row.status,
            reference=row.reference,
        )
        for row in found
    }
    return tuple(
        ActionReply(
            decision_id=request.decision_id,
            results=tuple(
                results[request.decision_id, kind] for kind in request.actions
            ),
        )
        for request in requests
    )


def _targets(effects: Iterable[Effect]) -> tuple[BlockTarget, ...]:
    return tuple(
        BlockTarget(effect.block_kind, effect.block_key)
        for effect in effects
        if effect.block_kind is not None and effect.block_key is not None
    )
