"""What the console keeps: users, sessions, and who did what. No key and no password."""

import sqlalchemy as sa

from fraud_shared.state.types import Sequence64, UtcDateTime

metadata = sa.MetaData()
_NAME = sa.String(64)

users = sa.Table(
    "users",
    metadata,
    sa.Column("name", _NAME, primary_key=True),
    # Argon2id with its salt and parameters; null for who signs in elsewhere.
    sa.Column("password_hash", sa.String(256)),
    sa.Column("roles", sa.JSON, nullable=False),
    sa.Column("key_generation", sa.Integer, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("disabled_at", UtcDateTime),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("paused_until", UtcDateTime),
    sa.Column("last_sign_in", UtcDateTime),
)

sessions = sa.Table(
    "sessions",
    metadata,
    # SHA-256 of the cookie: who reads the table cannot use it.
    sa.Column("session_hash", sa.String(64), primary_key=True),
    sa.Column("name", _NAME, nullable=False, index=True),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("seen_at", UtcDateTime, nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False, index=True),
)

activity = sa.Table(
    "activity",
    metadata,
    sa.Column("number", Sequence64, primary_key=True, autoincrement=True),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("name", _NAME, nullable=False),
    sa.Column("what", sa.String(64), nullable=False),
    sa.Column("target", sa.String(200), nullable=False),
    sa.Column("outcome", sa.String(64), nullable=False),
    sa.Column("request_id", sa.String(64), nullable=False),
)
