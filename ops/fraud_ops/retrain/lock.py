"""One retraining at a time: by the database where several machines share one, else by a
file of this machine. Both let go when the process ends, however it ends."""

import asyncio
import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zlib import crc32

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from fraud_ops.running import CommandError
from fraud_shared.state.postgres import open_postgres

_KEY = crc32(b"fraud-retrain")


class Busy(CommandError):
    """Another retraining runs."""


@contextmanager
def only_one(var: Path, database_url: str = "") -> Iterator[None]:
    """The right to retrain, while inside. Raises Busy."""
    lock = (
        _in_database(database_url)
        if database_url.startswith("postgres")
        else _in_folder(var)
    )
    with lock:
        yield


@contextmanager
def _in_folder(var: Path) -> Iterator[None]:
    var.mkdir(parents=True, exist_ok=True)
    with (var / "retrain.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy("another retraining runs on this machine") from None
        yield


@contextmanager
def _in_database(url: str) -> Iterator[None]:
    """A session's advisory lock. The connection rests while models are trained; the server
    gives the lock back when it closes."""
    engine = open_postgres(url, "public", 1)
    with asyncio.Runner() as runner:
        try:
            session = runner.run(_session(engine))
            taken = runner.run(
                session.scalar(sa.select(sa.func.pg_try_advisory_lock(_KEY)))
            )
            if not taken:
                runner.run(session.close())
                raise Busy("another retraining runs in this database")
            try:
                yield
            finally:
                runner.run(session.close())
        finally:
            runner.run(engine.dispose())


async def _session(
    engine: AsyncEngine,
) -> AsyncConnection:
    session = await engine.connect()
    # Outside a transaction: one would be ended for being idle.
    return await session.execution_options(isolation_level="AUTOCOMMIT")
