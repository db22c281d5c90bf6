import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from fraud_post_auth.tables import metadata


class TestMigrations:
    async def test_make_the_tables_the_code_uses(self, world):
        def differences(conn: sa.Connection) -> list:
            return compare_metadata(MigrationContext.configure(conn), metadata)

        async with world.desk() as desk, desk.db.read() as conn:
            found = await conn.run_sync(differences)
        assert [d for d in found if "alembic_version" not in str(d)] == []
