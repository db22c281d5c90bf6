"""Blocks and holds: listing, releasing, expiring, and keeping the online store right.

The rows here are the truth. The online store is a projection of it that may be wiped at
any time, so every change marks its target, and marked targets are written until it works.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, get_args

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from fraud_action.tables import block_targets, blocks
from fraud_action.telemetry import PROJECTIONS
from fraud_shared.contracts.action import BlockKind, BlockQuestion
from fraud_shared.mesh.clock import Clock
from fraud_shared.state.database import Database

log = structlog.get_logger()
# How many targets are locked and told at a time.
_PAGE = 200


class BlockStore(Protocol):
    """The part of the online store that knows what is blocked."""

    async def put_block(self, kind: BlockKind, key: str, until: datetime) -> None:
        """Block until the given time; repeating it changes nothing."""

    async def drop_block(self, kind: BlockKind, key: str) -> None:
        """Unblock; repeating it changes nothing."""


@dataclass(frozen=True, slots=True, order=True)
class BlockTarget:
    """One blocked thing."""

    kind: BlockKind
    key: str


async def touch(
    db: Database, conn: AsyncConnection, targets: Iterable[BlockTarget], now: datetime
) -> None:
    """Mark targets as changed, in the caller's transaction."""
    await conn.run_sync(lambda sync: mark_changed(db, sync, targets, now))


def mark_changed(
    db: Database, conn: sa.Connection, targets: Iterable[BlockTarget], now: datetime
) -> None:
    """The same within `Database.run`."""
    # Sorted, so that concurrent transactions take the rows in one order.
    rows = [
        {
            "kind": target.kind,
            "key": target.key,
            "revision": 1,
            "projected": 0,
            "changed_at": now,
        }
        for target in sorted(set(targets))
    ]
    if not rows:
        return
    stmt = db.insert(block_targets)
    conn.execute(
        stmt.on_conflict_do_update(
            index_elements=["kind", "key"],
            set_={
                "revision": block_targets.c.revision + 1,
                "changed_at": stmt.excluded.changed_at,
            },
        ),
        rows,
    )


async def close_blocks(
    db: Database,
    conn: AsyncConnection,
    which: sa.ColumnElement[bool],
    by: str,
    now: datetime,
) -> tuple[BlockTarget, ...]:
    """Close the active blocks that match, in the caller's transaction."""
    closed = await conn.execute(
        sa.update(blocks)
        .where(blocks.c.state == "active", which)
        .values(
            state="expired" if by == "expiry" else "released",
            closed_at=now,
            closed_by=by,
        )
        .returning(blocks.c.kind, blocks.c.key)
    )
    targets = tuple(BlockTarget(row.kind, row.key) for row in closed)
    await touch(db, conn, targets, now)
    return targets


class Blocks:
    """The block list and its projection."""

    def __init__(self, db: Database, online: BlockStore, clock: Clock) -> None:
        self._db = db
        self._online = online
        self._clock = clock

    async def in_force(self, asked: BlockQuestion) -> tuple[BlockKind, ...]:
        """The kinds of what is blocked at this moment."""
        keys = asked.model_dump(exclude_none=True)
        these = sa.tuple_(blocks.c.kind, blocks.c.key).in_(list(keys.items()))
        query = (
            sa.select(blocks.c.kind)
            .where(
                these,
                blocks.c.state == "active",
                blocks.c.expires_at > self._clock.now(),
            )
            .distinct()
        )
        async with self._db.read() as conn:
            found = set((await conn.execute(query)).scalars())
        return tuple(kind for kind in get_args(BlockKind) if kind in found)

    async def expire(self) -> int:
        """Close what has run out; returns how many."""
        now = self._clock.now()
        async with self._db.begin() as conn:
            targets = await close_blocks(
                self._db, conn, blocks.c.expires_at <= now, "expiry", now
            )
        return len(targets)

    async def project(self, targets: Sequence[BlockTarget]) -> None:
        """Write these targets to the online store now, if it answers; else later."""
        try:
            await self._write(targets)
        except Exception as error:
            # The targets stay marked, so nothing is lost by going on.
            PROJECTIONS.labels("failed").inc(len(targets))
            log.warning("blocks_not_projected", problem=type(error).__name__)

    async def project_marked(self, limit: int = _PAGE) -> int:
        """Write every marked target; raises what the online store raises."""
        async with self._db.begin() as conn:
            found = await conn.execute(
                sa.select(block_targets.c.kind, block_targets.c.key)
                .where(block_targets.c.projected < block_targets.c.revision)
                .order_by(block_targets.c.changed_at)
                .limit(limit)
            )
            targets = [BlockTarget(row.kind, row.key) for row in found]
        await self._write(targets)
        return len(targets)

    async def reconcile(self) -> int:
        """Write all active targets again: repairs an online store that lost its memory."""
        async with self._db.read() as conn:
            found = await conn.execute(
                sa.select(blocks.c.kind, blocks.c.key)
                .where(blocks.c.state == "active")
                .distinct()
            )
            targets = [BlockTarget(row.kind, row.key) for row in found]
        for start in range(0, len(targets), _PAGE):
            await self._write(targets[start : start + _PAGE])
        return len(targets)

    async def _write(self, targets: Sequence[BlockTarget]) -> None:
        if not targets:
            return
        chosen = [(target.kind, target.key) for target in sorted(set(targets))]
        these = sa.tuple_(block_targets.c.kind, block_targets.c.key).in_(chosen)
        # The rows stay locked while the store is told: two writers of one target at a time
        # could leave the older state standing there.
        async with self._db.begin() as conn:
            await conn.execute(
                sa.select(block_targets.c.kind)
                .where(these)
                .order_by(block_targets.c.kind, block_targets.c.key)
                .with_for_update()
            )
            found = await conn.execute(
                sa.select(blocks.c.kind, blocks.c.key, sa.func.max(blocks.c.expires_at))
                .where(
                    sa.tuple_(blocks.c.kind, blocks.c.key).in_(chosen),
                    blocks.c.state == "active",
                )
                .group_by(blocks.c.kind, blocks.c.key)
            )
            until: dict[tuple[str, str], datetime] = {
                (kind, key): expires_at for kind, key, expires_at in found
            }
            for kind, key in chosen:
                await self._project(kind, key, until.get((kind, key)))
            await conn.execute(
                sa.update(block_targets)
                .where(these)
                .values(projected=block_targets.c.revision)
            )
        PROJECTIONS.labels("done").inc(len(chosen))

    async def _project(self, kind: BlockKind, key: str, until: datetime | None) -> None:
        if until is None or until <= self._clock.now():
            await self._online.drop_block(kind, key)
        else:
            await self._online.put_block(kind, key, until)
