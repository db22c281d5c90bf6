from fraud_post_auth.tables import metadata
from fraud_shared.testing.migrations import schema_differences


class TestMigrations:
    async def test_make_the_tables_the_code_uses(self, world):
        async with world.service() as service:
            assert await schema_differences(service.db, metadata) == []
