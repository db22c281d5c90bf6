"""API keys in SQL: made, rotated and revoked while gateways run, which follow within
seconds. The keys of the environment are valid beside them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from fraud_orchestrator.tables import api_keys
from fraud_shared.contracts.api_keys import (
    KeyMade,
    KeyQuery,
    KeyView,
    NewKey,
    Rotation,
)
from fraud_shared.mesh.clock import Clock
from fraud_shared.state.database import Database
from fraud_shared.web.keys import (
    ROLES,
    Client,
    KeyRing,
    is_apart,
    key_hash,
    new_key,
)
from fraud_shared.web.problems import Conflict, InvalidInput, NotFound

# A client has two keys while one replaces the other.
MOST_LIVE = 2
# The time of last use is kept to this.
USE_GRAIN = timedelta(minutes=1)


class TooManyKeys(Conflict):
    """The client has two live keys."""

    type = "too-many-keys"
    detail = "Revoke one of them first."


class KeyOfTheEnvironment(Conflict):
    """The key is of the environment."""

    type = "key-of-the-environment"
    detail = "Change FRAUD_API_KEYS, and start the gateways again."


class KeyEnded(Conflict):
    """The key is over."""

    type = "key-ended"
    detail = "Make a new one."


class KeyStore:
    """The keys of the database, and `ring`, which admits them."""

    def __init__(
        self, db: Database, ring: KeyRing, clock: Clock, *, pepper: str
    ) -> None:
        self._db = db
        self._ring = ring
        self._clock = clock
        self._pepper = pepper
        self._written: dict[str, datetime] = {}

    async def follow(self) -> None:
        """Admit what is live now, and write down what was used. Raises Unavailable; until
        it works the ring stays as it is."""
        now, used = self._clock.now(), self._unwritten()
        rows = await self._db.run(_live, write=False)
        ended = any(row["expires_at"] and row["expires_at"] <= now for row in rows)
        # Mostly there is nothing to write; and where there is, a payment's own transaction
        # waits for one change of threads, not for as many turns of a busy loop.
        if used or ended:
            rows = await self._db.run(lambda conn: _bring_up_to_date(conn, now, used))
            self._written |= used
        entries = [(row["hash"], _client(row)) for row in rows]
        self._ring.replace(entries)

    async def list(self, asked: KeyQuery) -> Sequence[KeyView]:
        """The keys of the environment and of the database, those of a client together."""
        query = sa.select(api_keys).order_by(api_keys.c.created_at)
        if asked.client is not None:
            query = query.where(api_keys.c.client == asked.client)
        if not asked.ended:
            query = query.where(api_keys.c.revoked_at.is_(None))
        async with self._db.read() as conn:
            found = [_view(row) for row in (await conn.execute(query)).mappings()]
        fixed = [
            _fixed(client, self._ring.used.get(client.key_id))
            for client in self._ring.fixed
            if asked.client in (None, client.name)
        ]
        return sorted([*fixed, *found], key=lambda key: key.client)

    async def create(self, wanted: NewKey, by: str) -> KeyMade:
        """Make a key. Raises InvalidInput without a scope, with `test` beside another, or with
        an end in the past, and
        TooManyKeys."""
        scopes = {*wanted.scopes, *(ROLES[wanted.role] if wanted.role else ())}
        if not scopes:
            raise InvalidInput(errors=[("scopes", "or a role is required")])
        if not is_apart(scopes):
            raise InvalidInput(errors=[("scopes", "test stands alone")])
        self._check_end(wanted.expires_at)
        row = {
            "client": wanted.client,
            "name": wanted.name,
            "scopes": sorted(scopes),
            "tenant": wanted.tenant or wanted.client,
            "tenants": sorted(set(wanted.tenants)),
            "expires_at": wanted.expires_at,
        }
        async with self._db.begin() as conn:
            made = await self._insert(conn, row, by)
        await self.follow()
        return made

    async def rotate(self, key_id: str, wanted: Rotation, by: str) -> KeyMade:
        """A second key like `key_id`, which ends after the overlap. Raises NotFound,
        KeyEnded, KeyOfTheEnvironment, TooManyKeys."""
        self._check_end(wanted.expires_at)
        now = self._clock.now()
        async with self._db.begin() as conn:
            old = await self._read(conn, key_id)
            if old["revoked_at"] is not None:
                raise KeyEnded
            row = {name: old[name] for name in ("client", "name", "scopes", "tenant")}
            row |= {"tenants": old["tenants"], "expires_at": wanted.expires_at}
            made = await self._insert(conn, row, by)
            end = now + timedelta(seconds=wanted.overlap_s)
            if old["expires_at"] is not None:
                end = min(end, old["expires_at"])
            await conn.execute(
                sa.update(api_keys)
                .where(api_keys.c.key_id == key_id)
                .values(expires_at=end)
            )
        await self.follow()
        return made

    async def revoke(self, key_id: str, by: str) -> KeyView:
        """End a key at once; a second time changes nothing. Raises NotFound and
        KeyOfTheEnvironment."""
        async with self._db.begin() as conn:
            await self._read(conn, key_id)
            await conn.execute(
                sa.update(api_keys)
                .where(api_keys.c.key_id == key_id, api_keys.c.revoked_at.is_(None))
                .values(revoked_at=self._clock.now(), revoked_by=by)
            )
            row = await self._read(conn, key_id)
        await self.follow()
        return _view(row)

    async def _insert(
        self, conn: AsyncConnection, row: dict[str, Any], by: str
    ) -> KeyMade:
        now = self._clock.now()
        live = await conn.scalar(
            sa.select(sa.func.count())
            .select_from(api_keys)
            .where(
                api_keys.c.client == row["client"],
                api_keys.c.revoked_at.is_(None),
                sa.or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > now),
            )
        )
        fixed = sum(client.name == row["client"] for client in self._ring.fixed)
        if (live or 0) + fixed >= MOST_LIVE:
            raise TooManyKeys
        key = new_key(row["client"])
        digest = key_hash(self._pepper, key)
        values = {"key_id": str(uuid4()), "hash": digest, "created_by": by, **row}
        made = await conn.execute(
            sa.insert(api_keys).values(created_at=now, **values).returning(*api_keys.c)
        )
        return KeyMade(**_view(made.mappings().one()).model_dump(), key=key)

    async def _read(self, conn: AsyncConnection, key_id: str) -> sa.RowMapping:
        found = await conn.execute(
            sa.select(api_keys).where(api_keys.c.key_id == key_id)
        )
        row = found.mappings().first()
        if row is not None:
            return row
        if key_id in {client.key_id for client in self._ring.fixed}:
            raise KeyOfTheEnvironment
        raise NotFound

    def _unwritten(self) -> dict[str, datetime]:
        """When keys were used, as far as that is not in the database."""
        return {
            key_id: at
            for key_id, at in list(self._ring.used.items())
            if key_id not in self._written or at - self._written[key_id] >= USE_GRAIN
        }

    def _check_end(self, expires_at: datetime | None) -> None:
        if expires_at is not None and expires_at <= self._clock.now():
            raise InvalidInput(errors=[("expires_at", "lies in the past")])


def _live(conn: sa.Connection) -> Sequence[sa.RowMapping]:
    query = sa.select(api_keys).where(api_keys.c.revoked_at.is_(None))
    return conn.execute(query).mappings().all()


def _bring_up_to_date(
    conn: sa.Connection, now: datetime, used: Mapping[str, datetime]
) -> Sequence[sa.RowMapping]:
    """Write when keys were used and which ended; returns those that live."""
    for key_id, at in used.items():
        this = sa.update(api_keys).where(api_keys.c.key_id == key_id)
        conn.execute(this.values(last_used_at=at))
    conn.execute(
        sa.update(api_keys)
        .where(api_keys.c.revoked_at.is_(None), api_keys.c.expires_at <= now)
        .values(revoked_at=api_keys.c.expires_at, revoked_by="expiry")
    )
    return _live(conn)


def _client(row: Any) -> Client:
    return Client(
        row["client"],
        frozenset(row["scopes"]),
        row["tenant"],
        frozenset(row["tenants"]),
        key_id=row["key_id"],
        key_name=row["name"],
        expires_at=row["expires_at"],
    )


def _view(row: Any) -> KeyView:
    known = {name: row[name] for name in KeyView.model_fields if name in row}
    return KeyView(**known, source="store")


def _fixed(client: Client, used: datetime | None) -> KeyView:
    """A key of the environment as it is shown."""
    return KeyView(
        key_id=client.key_id,
        client=client.name,
        name=client.key_name,
        scopes=sorted(client.scopes),
        tenant=client.own_tenant,
        tenants=sorted(client.tenants),
        source="environment",
        created_at=None,
        created_by=None,
        expires_at=client.expires_at,
        revoked_at=None,
        last_used_at=used,
    )
