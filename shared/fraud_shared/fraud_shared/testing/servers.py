"""Real servers for tests: those named by the environment, else those on local ports.

Where none answers, one is started with testcontainers if an engine is there; else the test
is skipped with the reason, or fails when `FRAUD_REQUIRE_SERVERS=1` (as in CI).
"""

import os
import socket
import uuid
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import pytest

_REDIS = "redis://127.0.0.1:6379/0"
_POSTGRES = "postgresql://postgres@127.0.0.1:5432/postgres"
_AMQP = "amqp://guest:guest@127.0.0.1:5672/"


def _answers(url: str) -> bool:
    parts = urlsplit(url)
    try:
        with closing(
            socket.create_connection((parts.hostname or "", parts.port or 0), 0.5)
        ):
            return True
    except OSError:
        return False


def _missing(name: str, url: str) -> str:
    reason = f"no {name} at {urlsplit(url).hostname}:{urlsplit(url).port}"
    if os.environ.get("FRAUD_REQUIRE_SERVERS") == "1":
        pytest.fail(f"{reason}, and FRAUD_REQUIRE_SERVERS=1")
    pytest.skip(reason)


def redis_url() -> str:
    """A real Redis, or skip. Use a key prefix of your own."""
    url = os.environ.get("TEST_REDIS_URL", _REDIS)
    return url if _answers(url) else _missing("Redis", url)


def postgres_url() -> str:
    """A real PostgreSQL, or skip. Use `fresh_schema()` as the schema."""
    url = os.environ.get("TEST_DATABASE_URL", _POSTGRES)
    return url if _answers(url) else _missing("PostgreSQL", url)


def amqp_url() -> str:
    """A real RabbitMQ, or skip."""
    url = os.environ.get("TEST_AMQP_URL", _AMQP)
    return url if _answers(url) else _missing("RabbitMQ", url)


def fresh_schema(prefix: str = "test") -> str:
    """A schema name no other test uses."""
    return f"{prefix}_{uuid.uuid4().hex[:12]}"


@pytest.fixture(params=["sqlite", "postgresql"])
def sql_url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Each SQL backend in turn: a fresh SQLite file, and the real PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('sql')}/test.db"
    else:
        yield postgres_url()
