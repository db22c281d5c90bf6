"""Real servers for tests, and the one switch that says which: `FRAUD_TEST_SERVERS`.

`containers`: testcontainers' own PostgreSQL, Redis and RabbitMQ; `local`: those on the
standard ports of this machine; `auto` (when not set): containers where an engine answers,
else local ones. A server that a TEST_..._URL names goes before all. Where none is there, the
test is skipped with the reason, or fails when `FRAUD_REQUIRE_SERVERS=1` (as in CI).
"""

import gc
import os
import socket
import subprocess
import uuid
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit, urlunsplit

import pytest


@dataclass(frozen=True)
class _Server:
    """How to find one on this machine, and how to start one in a container."""

    name: str
    variable: str
    url: str
    start: Callable[[], str]


def _start_redis() -> str:
    from testcontainers.community.redis import RedisContainer

    container = RedisContainer("redis:7").start()
    host, port = container.get_container_host_ip(), container.get_exposed_port(6379)
    return f"redis://{host}:{port}/0"


def _start_postgres() -> str:
    from testcontainers.community.postgres import PostgresContainer

    container = PostgresContainer("postgres:16", driver=None).start()
    return str(container.get_connection_url())


def _start_rabbitmq() -> str:
    from testcontainers.community.rabbitmq import RabbitMqContainer

    container = RabbitMqContainer("rabbitmq:3.13").start()
    host, port = container.get_container_host_ip(), container.get_exposed_port(5672)
    return f"amqp://guest:guest@{host}:{port}/"


_REDIS = _Server("Redis", "TEST_REDIS_URL", "redis://127.0.0.1:6379/0", _start_redis)
_POSTGRES = _Server(
    "PostgreSQL",
    "TEST_DATABASE_URL",
    "postgresql://postgres@127.0.0.1:5432/postgres",
    _start_postgres,
)
_RABBITMQ = _Server(
    "RabbitMQ",
    "TEST_AMQP_URL",
    "amqp://guest:guest@127.0.0.1:5672/",
    _start_rabbitmq,
)
_MODES = ("auto", "containers", "local")


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
    sockets = (Path("/var/run/docker.sock"), Path.home() / ".docker/run/docker.sock")
    if "DOCKER_HOST" not in os.environ and not any(s.exists() for s in sockets):
        # Its client takes half a second to say the same.
        return False
    with warnings.catch_warnings():
        # A client that finds no engine fails while it is made, and leaves its socket open:
        # it is collected here, and not in the middle of some test.
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            from testcontainers.core.docker_client import DockerClient

            with closing(DockerClient().client) as client:
                return bool(client.ping())
        except Exception:
            return False
        finally:
            gc.collect()


@cache
def _started(server: _Server) -> str:
    """The URL of a container that lives as long as the test run."""
    with warnings.catch_warnings():
        # Its modules warn of each other's ways.
        warnings.simplefilter("ignore", DeprecationWarning)
        return server.start()


def _find(server: _Server) -> str:
    mode = os.environ.get("FRAUD_TEST_SERVERS") or "auto"
    if mode not in _MODES:
        pytest.fail(f"FRAUD_TEST_SERVERS is one of {', '.join(_MODES)}")
    named = os.environ.get(server.variable)
    if not named and mode != "local" and _engine():
        return _started(server)
    url = named or server.url
    if (named or mode != "containers") and _answers(url):
        return url
    _missing("container engine" if mode == "containers" else server.name, url)


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


@contextmanager
def fresh_broker() -> Iterator[str]:
    """URL of a virtual host of this test's own, where it can make one; else of the one
    that all share. Skips like `amqp_url`."""
    url, name = amqp_url(), fresh_schema()
    made = subprocess.run(["rabbitmqctl", "-q", "add_vhost", name], check=False)
    if made.returncode:
        yield url
        return
    try:
        allow = ("set_permissions", "-p", name, "guest", ".*", ".*", ".*")
        subprocess.run(["rabbitmqctl", "-q", *allow], check=True)
        yield f"{url.rstrip('/')}/{name}"
    finally:
        subprocess.run(["rabbitmqctl", "-q", "delete_vhost", name], check=True)


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
