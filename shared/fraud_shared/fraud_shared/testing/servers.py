"""Real servers for tests: those named by the environment, else those on local ports.

Where none answers, one is started with testcontainers if an engine is there; else the test
is skipped with the reason, or fails when `FRAUD_REQUIRE_SERVERS=1` (as in CI).
"""

import gc
import os
import socket
import time
import uuid
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit, urlunsplit

import pytest


@dataclass(frozen=True)
class _Server:
    """How to find one, and how to start one: `ready` is what its log says at last."""

    name: str
    variable: str
    url: str
    image: str
    ready: str
    environment: dict[str, str] = field(default_factory=dict, hash=False)


_REDIS = _Server(
    "Redis",
    "TEST_REDIS_URL",
    "redis://127.0.0.1:6379/0",
    "redis:7",
    "Ready to accept connections",
)
_POSTGRES = _Server(
    "PostgreSQL",
    "TEST_DATABASE_URL",
    "postgresql://postgres@127.0.0.1:5432/postgres",
    "postgres:16",
    # Said once by the first start, which only sets up, and then by the second.
    "listening on IPv4 address",
    {"POSTGRES_HOST_AUTH_METHOD": "trust"},
)
_RABBITMQ = _Server(
    "RabbitMQ",
    "TEST_AMQP_URL",
    "amqp://guest:guest@127.0.0.1:5672/",
    "rabbitmq:3.13",
    "Server startup complete",
)
_START_WITHIN_S = 90.0


def _answers(url: str) -> bool:
    parts = urlsplit(url)
    try:
        with closing(
            socket.create_connection((parts.hostname or "", parts.port or 0), 0.5)
        ):
            return True
    except OSError:
        return False


@cache
def _engine() -> bool:
    """Whether a container engine answers."""
    with warnings.catch_warnings():
        # A client that finds no engine fails while it is made, and leaves its socket open:
        # it is collected here, and not in the middle of some test.
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            # Optional, and slow to import: only where no server answers.
            from testcontainers.core.docker_client import DockerClient

            with closing(DockerClient().client) as client:
                return bool(client.ping())
        except Exception:
            return False
        finally:
            gc.collect()


@cache
def _started(server: _Server) -> str | None:
    """The URL of a container that lives as long as the test run; None without engine."""
    if not _engine():
        return None
    from testcontainers.core.container import DockerContainer

    port = urlsplit(server.url).port or 0
    container = DockerContainer(server.image).with_exposed_ports(port)
    for name, value in server.environment.items():
        container = container.with_env(name, value)
    container.start()
    give_up = time.monotonic() + _START_WITHIN_S
    while server.ready.encode() not in b"".join(container.get_logs()):
        if time.monotonic() > give_up:
            container.stop()
            return None
        time.sleep(0.5)
    there = f"{container.get_container_host_ip()}:{container.get_exposed_port(port)}"
    return server.url.replace(f"127.0.0.1:{port}", there)


def _find(server: _Server) -> str:
    url = os.environ.get(server.variable, server.url)
    if _answers(url):
        return url
    if server.variable not in os.environ and (started := _started(server)):
        return started
    _missing(server.name, url)


def _missing(name: str, url: str) -> NoReturn:
    reason = f"no {name} at {urlsplit(url).hostname}:{urlsplit(url).port}"
    if os.environ.get("FRAUD_REQUIRE_SERVERS") == "1":
        pytest.fail(f"{reason}, and FRAUD_REQUIRE_SERVERS=1")
    pytest.skip(reason)


def redis_url() -> str:
    """A real Redis, or skip. Use a key prefix of your own."""
    return _find(_REDIS)


def postgres_url() -> str:
    """A real PostgreSQL, or skip. Use `sql_schema` as the schema."""
    return _find(_POSTGRES)


def amqp_url() -> str:
    """A real RabbitMQ, or skip. Use a name prefix of your own."""
    return _find(_RABBITMQ)


def fresh_schema(prefix: str = "test") -> str:
    """A schema name no other test uses."""
    return f"{prefix}_{uuid.uuid4().hex[:12]}"


@asynccontextmanager
async def fresh_database(prefix: str = "test") -> AsyncIterator[str]:
    """URL of an empty PostgreSQL database of this test's own, for what names its schema
    itself; dropped afterwards. Skips like `postgres_url`."""
    import sqlalchemy as sa
    from sqlalchemy.ext.asyncio import create_async_engine

    url = urlsplit(postgres_url())
    name = fresh_schema(prefix)
    engine = create_async_engine(
        sa.make_url(url.geturl()).set(drivername="postgresql+asyncpg"),
        isolation_level="AUTOCOMMIT",
    )
    try:
        async with engine.connect() as server:
            await server.exec_driver_sql(f'CREATE DATABASE "{name}"')
            try:
                yield urlunsplit(url._replace(path=f"/{name}"))
            finally:
                await server.exec_driver_sql(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        await engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def sql_url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Each SQL backend in turn: a fresh SQLite file, and the real PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('sql')}/test.db"
    else:
        yield postgres_url()


@pytest.fixture
async def sql_schema(sql_url: str) -> AsyncIterator[str]:
    """A schema of this test's own; PostgreSQL's is dropped afterwards."""
    schema = fresh_schema()
    yield schema
    if sql_url.startswith("postgres"):
        await drop_schema(sql_url, schema)


async def drop_schema(url: str, schema: str) -> None:
    """Drop a PostgreSQL schema with all that is in it, if it is there."""
    import sqlalchemy as sa

    from fraud_shared.state.database import Database

    database = Database(url, schema=schema, migrations=Path())
    try:
        async with database.begin(patient=True) as conn:
            await conn.execute(
                sa.schema.DropSchema(schema, cascade=True, if_exists=True)
            )
    finally:
        await database.stop()
