"""People who may sign in, and their passwords."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import argon2
import sqlalchemy as sa

from fraud_console.gateway_keys import Holder
from fraud_console.roles import ROLES
from fraud_console.tables import sessions, users
from fraud_shared.errors import FraudError
from fraud_shared.mesh.clock import Clock
from fraud_shared.state.database import Database

LEAST_PASSWORD = 12
LONGEST_PASSWORD = 256
ADMIN = "admin"
_NAME = re.compile(r"[a-z][a-z0-9._-]{0,31}")


class UserRefused(FraudError):
    """A name, role or password that cannot be used."""

    status = 422
    type = "user-refused"


@dataclass(frozen=True, slots=True)
class User:
    """One person, without the password."""

    name: str
    roles: tuple[str, ...]
    key_generation: int
    disabled: bool = False

    @property
    def holder(self) -> Holder:
        """As a holder of a key at the gateway."""
        return Holder(self.name, self.roles, self.key_generation)


class Users:
    """The users of one console."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        failures: int = 5,
        pause: timedelta = timedelta(minutes=5),
        hasher: argon2.PasswordHasher | None = None,
    ) -> None:
        """After `failures` wrong passwords in a row nobody gets in for `pause`."""
        self._db = db
        self._clock = clock
        self._failures = failures
        self._pause = pause
        self._hasher = hasher or argon2.PasswordHasher()
        # What an unknown name is compared with, so that it takes as long as a known one.
        self._nobody = self._hasher.hash("nobody has this password")

    async def add(
        self, name: str, roles: Sequence[str], password: str | None = None
    ) -> User:
        """Add a user, or replace the roles and password of one. Raises UserRefused."""
        _check(name, roles, password)
        hashed = None
        if password is not None:
            hashed = await asyncio.to_thread(self._hasher.hash, password)
        row = {
            "password_hash": hashed,
            "roles": sorted(set(roles)),
            "disabled_at": None,
            "failures": 0,
            "paused_until": None,
        }
        fresh = {"name": name, "key_generation": 1, "created_at": self._clock.now()}
        insert = self._db.insert(users).values(**fresh, **row)
        async with self._db.begin() as conn:
            await conn.execute(
                insert.on_conflict_do_update(index_elements=["name"], set_=row)
            )
            await conn.execute(sa.delete(sessions).where(sessions.c.name == name))
        found = await self.find(name)
        assert found is not None
        return found

    async def disable(self, name: str) -> bool:
        """Let a user in no more; ends every session. False for an unknown name."""
        change = sa.update(users).where(users.c.name == name)
        async with self._db.begin() as conn:
            done = await conn.execute(change.values(disabled_at=self._clock.now()))
            await conn.execute(sa.delete(sessions).where(sessions.c.name == name))
        return bool(done.rowcount)

    async def find(self, name: str) -> User | None:
        """A user by name."""
        async with self._db.read() as conn:
            found = await conn.execute(sa.select(users).where(users.c.name == name))
            row = found.first()
        return None if row is None else _user(row)

    async def list(self) -> list[User]:
        """All, by name."""
        async with self._db.read() as conn:
            rows = await conn.execute(sa.select(users).order_by(users.c.name))
            return [_user(row) for row in rows]

    async def by_password(self, name: str, password: str) -> User | None:
        """The user whose password this is. None too for one who is paused or disabled."""
        async with self._db.read() as conn:
            found = await conn.execute(sa.select(users).where(users.c.name == name))
            row = found.first()
        hashed = row.password_hash if row is not None else None
        good = await asyncio.to_thread(
            self._verify, hashed or self._nobody, password[:LONGEST_PASSWORD]
        )
        if row is None or hashed is None:
            return None
        now = self._clock.now()
        paused = row.paused_until is not None and now < row.paused_until
        if paused or row.disabled_at is not None:
            return None
        await self._note(row.name, good, row.failures, now)
        return _user(row) if good else None

    async def _note(self, name: str, good: bool, before: int, now: datetime) -> None:
        failures = 0 if good else before + 1
        paused = now + self._pause if failures >= self._failures else None
        values: dict[str, object] = {
            "failures": 0 if paused else failures,
            "paused_until": paused,
        }
        if good:
            values["last_sign_in"] = now
        async with self._db.begin() as conn:
            await conn.execute(
                sa.update(users).where(users.c.name == name).values(**values)
            )

    def _verify(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except argon2.exceptions.Argon2Error:
            return False


def _user(row: sa.Row[tuple[object, ...]]) -> User:
    return User(
        row.name, tuple(row.roles), row.key_generation, row.disabled_at is not None
    )


def _check(name: str, roles: Sequence[str], password: str | None) -> None:
    if not _NAME.fullmatch(name):
        raise UserRefused(
            "A name begins with a letter and has at most 32 of a-z, 0-9, '.', '_', '-'."
        )
    if not roles or (unknown := set(roles) - set(ROLES)):
        named = ", ".join(sorted(unknown)) if roles else "none"
        raise UserRefused(f"Roles are {', '.join(ROLES)}; given: {named}.")
    if password is not None and not (
        LEAST_PASSWORD <= len(password) <= LONGEST_PASSWORD
    ):
        raise UserRefused(
            f"A password has {LEAST_PASSWORD} to {LONGEST_PASSWORD} characters."
        )
