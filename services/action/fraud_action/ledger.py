"""Recording a verdict's effects: once, whoever asks and however often."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from fraud_action import tables
from fraud_action.blocks import Target, touch
from fraud_action.effects import Effect, Terms, plan
from fraud_action.otp import OtpFormat
from fraud_shared.contracts.action import ActionReply, ActionRequest, ActionResult
from fraud_shared.mesh.clock import Clock
from fraud_shared.state.database import Database


@dataclass(frozen=True, slots=True)
class ChallengeTerms:
    """What every new challenge is made with."""

    format: OtpFormat
    key_id: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Recorded:
    """The reply, and what the caller must now see to outside the transaction."""

    reply: ActionReply
    fresh: tuple[Effect, ...]
    targets: tuple[Target, ...]


class Ledger:
    """Turns requests into rows. The unique action id decides who makes an effect."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        terms: Terms,
        challenge: ChallengeTerms,
        *,
        sends: Mapping[str, bool],
    ) -> None:
        self._db = db
        self._clock = clock
        self._terms = terms
        self._challenge = challenge
        self._sends = dict(sends)

    async def execute(self, request: ActionRequest) -> Recorded:
        """Record the effects in one transaction; a repeat finds them and adds nothing."""
        now = self._clock.now()
        effects = plan(request, now, self._terms)
        async with self._db.begin() as conn:
            fresh = await self._claim(conn, request, effects, now)
            for effect in fresh:
                await self._make(conn, request, effect, now)
            targets = _targets(fresh)
            await touch(self._db, conn, targets, now)
            reply = await self._reply(conn, request)
        return Recorded(reply, fresh, targets)

    async def _claim(
        self,
        conn: AsyncConnection,
        request: ActionRequest,
        effects: Iterable[Effect],
        now: datetime,
    ) -> tuple[Effect, ...]:
        # In id order, so that two requests for one decision cannot lock crosswise.
        ordered = sorted(effects, key=lambda effect: effect.action_id)
        rows = [
            {
                **_subject(request),
                "action_id": effect.action_id,
                "kind": effect.kind,
                "status": effect.status,
                "reference": effect.reference,
                "created_at": now,
            }
            for effect in ordered
        ]
        won = await conn.execute(
            self._db.insert(tables.actions)
            .on_conflict_do_nothing(index_elements=["action_id"])
            .returning(tables.actions.c.action_id),
            rows,
        )
        ids = set(won.scalars())
        return tuple(effect for effect in ordered if effect.action_id in ids)

    async def _make(
        self,
        conn: AsyncConnection,
        request: ActionRequest,
        effect: Effect,
        now: datetime,
    ) -> None:
        if effect.reference is None:
            return
        table, row = self._row(request, effect)
        row = {**_subject(request), **row, "created_at": now}
        await conn.execute(sa.insert(table), row)
        if effect.kind in ("alert", "otp_challenge"):
            kind = "alert" if effect.kind == "alert" else "otp"
            await conn.execute(
                sa.insert(tables.deliveries).values(
                    reference=effect.reference,
                    kind=kind,
                    state="pending" if self._sends[kind] else "stored",
                    attempts=0,
                    next_attempt_at=now,
                )
            )

    def _row(
        self, request: ActionRequest, effect: Effect
    ) -> tuple[sa.Table, dict[str, Any]]:
        money = {"amount_minor": request.amount_minor, "currency": request.currency}
        # PostgreSQL cannot hold NUL in text, and no reason needs one.
        reason = {"reason": request.reason.replace("\x00", "")}
        timed = {"state": "active", "expires_at": effect.expires_at}
        match effect.kind:
            case "otp_challenge":
                return tables.challenges, {
                    "challenge_id": effect.reference,
                    "scheme": self._challenge.format.scheme,
                    "digits": self._challenge.format.digits,
                    "period_s": self._challenge.format.period_s,
                    "key_id": self._challenge.key_id,
                    "attempts": 0,
                    "attempts_allowed": self._challenge.attempts,
                    **timed,
                    "state": "pending",
                }
            case "payment_hold":
                return tables.holds, {
                    "hold_id": effect.reference,
                    **money,
                    **reason,
                    **timed,
                }
            case "alert":
                row = {"alert_id": effect.reference, "decision": request.decision}
                return tables.alerts, {**row, **money, **reason}
            case "case":
                row = {"case_id": effect.reference, "decision": request.decision}
                return tables.cases, {**row, **money, **reason, "state": "open"}
            case _:
                return tables.blocks, {
                    "block_id": effect.reference,
                    "kind": effect.block_kind,
                    "key": effect.block_key,
                    **reason,
                    **timed,
                }

    async def _reply(
        self, conn: AsyncConnection, request: ActionRequest
    ) -> ActionReply:
        found = await conn.execute(
            sa.select(
                tables.actions.c.action_id,
                tables.actions.c.kind,
                tables.actions.c.status,
                tables.actions.c.reference,
            ).where(tables.actions.c.decision_id == request.decision_id)
        )
        results = {row["kind"]: ActionResult(**row) for row in found.mappings()}
        return ActionReply(
            decision_id=request.decision_id,
            results=tuple(results[kind] for kind in request.actions),
        )


def _subject(request: ActionRequest) -> dict[str, str]:
    return {
        "decision_id": request.decision_id,
        "transaction_id": request.transaction_id,
        "account_id": request.account_id,
    }


def _targets(effects: Iterable[Effect]) -> tuple[Target, ...]:
    return tuple(
        Target(effect.block_kind, effect.block_key)
        for effect in effects
        if effect.block_kind is not None and effect.block_key is not None
    )
