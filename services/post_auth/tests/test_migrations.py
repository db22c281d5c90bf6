from fraud_post_auth.tables import metadata
from fraud_shared.testing.migrations import schema_differences


class TestMigrations:
    async def test_make_the_tables_the_code_uses(self, world):
        async with world.desk() as desk:
            assert await schema_differences(desk.db, metadata) == []
