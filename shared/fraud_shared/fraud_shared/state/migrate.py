"""Alembic without its command line: each service's `migrations/env.py` calls `run()`."""

import asyncio
from pathlib import Path
from weakref import WeakKeyDictionary

from alembic import command, context
from alembic.config import Config
from sqlalchemy import Connection

_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()


def turn() -> asyncio.Lock:
    """To be held around `upgrade`: Alembic keeps the migration under way in globals, so
    services of one process that start together would run each other's."""
    return _turns.setdefault(asyncio.get_running_loop(), asyncio.Lock())


def upgrade(connection: Connection, migrations: Path, revision: str = "head") -> None:
    """Bring the database of this connection to a revision, the newest if none is named."""
    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def run() -> None:
    """The body of every `migrations/env.py`."""
    connection = context.config.attributes["connection"]
    context.configure(connection=connection, transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()
