"""A PostgreSQL database of this command's own, on the server that it is given."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    create_async_engine,
)

from fraud_ops.running import CommandError


class NoDatabaseServer(CommandError):
    """PostgreSQL does not answer: name a server with --database-url."""


@asynccontextmanager
async def own_database(server_url: str) -> AsyncIterator[str]:
    """URL of an empty database, dropped afterwards. Raises NoDatabaseServer."""
    name = f"fraud_events_{uuid.uuid4().hex[:12]}"
    url = sa.make_url(server_url)
    engine = create_async_engine(
        url.set(drivername="postgresql+asyncpg"), isolation_level="AUTOCOMMIT"
    )
    try:
        server = await _connection(engine)
        try:
            await server.exec_driver_sql(f'CREATE DATABASE "{name}"')
            try:
                plain = url.set(drivername="postgresql", database=name)
                yield plain.render_as_string(hide_password=False)
            finally:
                await server.exec_driver_sql(f'DROP DATABASE "{name}" WITH (FORCE)')
        finally:
            await server.close()
    finally:
        await engine.dispose()


async def _connection(engine: AsyncEngine) -> AsyncConnection:
    try:
        return await engine.connect()
    except (OSError, sa.exc.OperationalError) as error:
        raise NoDatabaseServer(NoDatabaseServer.__doc__) from error
