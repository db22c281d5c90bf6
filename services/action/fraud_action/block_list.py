"""Blocks as people see and change them: listed, added, extended, removed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from fraud_action.activity import of_tenants, record
from fraud_action.blocks import Blocks, BlockTarget, close_blocks, touch
from fraud_action.tables import blocks
from fraud_shared.contracts.casework import Block, BlockQuery, Extension, NewBlock
from fraud_shared.contracts.paging import Page
from fraud_shared.mesh.clock import Clock
from fraud_shared.mesh.tokens import Actor
from fraud_shared.state.database import Database
from fraud_shared.state.paging import Key, fetch_page
from fraud_shared.web.problems import Conflict, InvalidInput, NotFound

LONGEST = timedelta(days=5 * 366)
_NEWEST = (Key(blocks.c.created_at, descending=True), Key(blocks.c.block_id))


class BlockClosed(Conflict):
    """The block is over."""

    type = "block-closed"
    detail = "It was removed or expired before; add a new one."


class BlockExists(Conflict):
    """The same is blocked until another time."""

    type = "block-exists"
    detail = "Extend the block that is in force instead."


class BlockList:
    """What analysts do with blocks. The online store is told before they are answered."""

    def __init__(self, db: Database, blocks_: Blocks, clock: Clock) -> None:
        self._db = db
        self._blocks = blocks_
        self._clock = clock

    async def page(self, asked: BlockQuery, tenants: Sequence[str]) -> Page[Block]:
        """Blocks of these tenants, newest first."""
        query = sa.select(blocks).where(
            blocks.c.state == asked.state, of_tenants(blocks, tenants)
        )
        if asked.entity is not None:
            query = query.where(blocks.c.kind == asked.entity)
        if asked.id is not None:
            query = query.where(blocks.c.key == asked.id)
        async with self._db.read() as conn:
            rows, cursor = await fetch_page(
                conn, query, _NEWEST, asked.limit, asked.cursor
            )
        return Page[Block](items=[block_of(row) for row in rows], next_cursor=cursor)

    async def add(self, wanted: NewBlock, actor: Actor) -> Block:
        """Block something. The same again, while it is in force, is the same block; until
        another time it raises BlockExists."""
        now = self._clock.now()
        self._check(wanted.expires_at, now)
        target = BlockTarget(wanted.entity, wanted.id)
        async with self._db.begin() as conn:
            # The target's row is locked from here on: two who add the same do so in turn.
            await touch(self._db, conn, (target,), now)
            row = await _by_hand(conn, target, actor.tenant, now)
            if row is None:
                row = await self._insert(conn, wanted, actor, now)
            elif row["expires_at"] != wanted.expires_at:
                raise BlockExists
        await self._blocks.project((target,))
        return block_of(row)

    async def extend(self, block_id: str, wanted: Extension, actor: Actor) -> Block:
        """Give a block another end. Raises NotFound, BlockClosed."""
        now = self._clock.now()
        self._check(wanted.expires_at, now)
        async with self._db.begin() as conn:
            changed = await conn.execute(
                sa.update(blocks)
                .where(*_this(block_id, actor), blocks.c.state == "active")
                .values(expires_at=wanted.expires_at)
                .returning(*blocks.c)
            )
            row = changed.mappings().first()
            if row is None:
                await _read(conn, block_id, actor)
                raise BlockClosed
            target = BlockTarget(row["kind"], row["key"])
            await touch(self._db, conn, (target,), now)
            subject = ("block", block_id, row["tenant"])
            await record(
                conn, subject, "extended", actor.client, now, text=wanted.reason
            )
        await self._blocks.project((target,))
        return block_of(row)

    async def remove(self, block_id: str, actor: Actor, reason: str) -> Block:
        """Lift a block; a second time changes nothing. Raises NotFound."""
        now = self._clock.now()
        async with self._db.begin() as conn:
            this = sa.and_(*_this(block_id, actor))
            targets = await close_blocks(self._db, conn, this, actor.client, now)
            row = await _read(conn, block_id, actor)
            if targets:
                subject = ("block", block_id, row["tenant"])
                await record(conn, subject, "removed", actor.client, now, text=reason)
        await self._blocks.project(targets)
        return block_of(row)

    async def _insert(
        self, conn: AsyncConnection, wanted: NewBlock, actor: Actor, now: datetime
    ) -> sa.RowMapping:
        block_id = f"block-{uuid4()}"
        made = await conn.execute(
            sa.insert(blocks)
            .values(
                block_id=block_id,
                decision_id="",
                transaction_id="",
                account_id="",
                tenant=actor.tenant,
                kind=wanted.entity,
                key=wanted.id,
                reason=wanted.reason,
                state="active",
                created_at=now,
                expires_at=wanted.expires_at,
            )
            .returning(*blocks.c)
        )
        row = made.mappings().one()
        subject = ("block", block_id, actor.tenant)
        await record(conn, subject, "added", actor.client, now, text=wanted.reason)
        return row

    def _check(self, until: datetime, now: datetime) -> None:
        if not timedelta(0) < until - now <= LONGEST:
            raise InvalidInput(errors=[("expires_at", "not within the next 5 years")])


async def _by_hand(
    conn: AsyncConnection, target: BlockTarget, tenant: str, now: datetime
) -> sa.RowMapping | None:
    """The block in force that a person of this tenant put on something."""
    found = await conn.execute(
        sa.select(blocks).where(
            blocks.c.kind == target.kind,
            blocks.c.key == target.key,
            blocks.c.state == "active",
            blocks.c.expires_at > now,
            blocks.c.decision_id == "",
            blocks.c.tenant == tenant,
        )
    )
    return found.mappings().first()


async def _read(conn: AsyncConnection, block_id: str, actor: Actor) -> sa.RowMapping:
    found = await conn.execute(sa.select(blocks).where(*_this(block_id, actor)))
    row = found.mappings().first()
    if row is None:
        raise NotFound
    return row


def _this(block_id: str, actor: Actor) -> tuple[sa.ColumnElement[bool], ...]:
    return blocks.c.block_id == block_id, of_tenants(blocks, actor.tenants)


def block_of(row: Any) -> Block:
    """A row as it is shown: what a person blocked has no decision."""
    about = ("decision_id", "transaction_id", "account_id")
    return Block(**{**row, **{name: row[name] or None for name in about}})
