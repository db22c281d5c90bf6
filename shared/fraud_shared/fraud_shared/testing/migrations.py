"""Whether migrations make the tables that the code declares."""

from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from fraud_shared.state.database import Database


async def schema_differences(db: Database, declared: sa.MetaData) -> list[Any]:
    """What differs between the migrated store and the declaration."""

    def compare(conn: sa.Connection) -> list[Any]:
        found: list[Any] = compare_metadata(MigrationContext.configure(conn), declared)
        return found

    async with db.read() as conn:
        found = await conn.run_sync(compare)
    return [d for d in found if "alembic_version" not in str(d)]
