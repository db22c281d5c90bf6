"""Who is signed in: a random cookie, of which only the hash is stored."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from fraud_console.roles import may, scopes_of
from fraud_console.tables import sessions, users
from fraud_console.users import User
from fraud_shared.mesh.clock import Clock
from fraud_shared.state.database import Database

# How often the time of the last request is written.
_SEEN_EVERY = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in user, as one request sees it."""

    token: str
    user: User

    @property
    def name(self) -> str:
        """The user's name."""
        return self.user.name

    @property
    def csrf(self) -> str:
        """What every change must carry: another site cannot know it."""
        return hmac.digest(self.token.encode(), b"csrf", "sha256").hex()

    def may(self, what: str) -> bool:
        """Whether the user's roles allow a page or a change."""
        return may(scopes_of(self.user.roles), what)


class Sessions:
    """Opens, finds and ends sessions."""

    def __init__(
        self, db: Database, clock: Clock, *, idle: timedelta, lifetime: timedelta
    ) -> None:
        """A session ends after `idle` without a request, at the latest after `lifetime`."""
        self._db = db
        self._clock = clock
        self._idle = idle
        self._lifetime = lifetime

    async def open(self, name: str) -> str:
        """A new session of a user: the value of its cookie."""
        token, now = secrets.token_urlsafe(32), self._clock.now()
        row = {
            "session_hash": _hash(token),
            "name": name,
            "created_at": now,
            "seen_at": now,
            "expires_at": now + self._lifetime,
        }
        async with self._db.begin() as conn:
            await conn.execute(sa.delete(sessions).where(sessions.c.expires_at <= now))
            await conn.execute(sa.insert(sessions).values(**row))
        return token

    async def find(self, token: str | None) -> Session | None:
        """The session of a cookie, unless it is over or its user is disabled."""
        if not token or len(token) > 128:
            return None
        now = self._clock.now()
        asked = (
            sa.select(users, sessions.c.seen_at)
            .join_from(sessions, users, users.c.name == sessions.c.name)
            .where(
                sessions.c.session_hash == _hash(token),
                sessions.c.expires_at > now,
                sessions.c.seen_at > now - self._idle,
                users.c.disabled_at.is_(None),
            )
        )
        async with self._db.read() as conn:
            row = (await conn.execute(asked)).first()
        if row is None:
            return None
        if now - row.seen_at > _SEEN_EVERY:
            await self._seen(token)
        return Session(token, User(row.name, tuple(row.roles), row.key_generation))

    async def close(self, token: str) -> None:
        """End a session."""
        ended = sa.delete(sessions).where(sessions.c.session_hash == _hash(token))
        async with self._db.begin() as conn:
            await conn.execute(ended)

    async def _seen(self, token: str) -> None:
        change = sa.update(sessions).where(sessions.c.session_hash == _hash(token))
        async with self._db.begin() as conn:
            await conn.execute(change.values(seen_at=self._clock.now()))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
