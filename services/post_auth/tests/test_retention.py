"""What was learned goes when its time is over, whole payments and whole profiles."""

import sqlalchemy as sa

from fraud_post_auth import tables
from fraud_shared.state.retention_rule import DAY
from fraud_shared.testing.rows import make_row

YEARS = 730 * DAY


async def names(service, column):
    async with service.db.read() as conn:
        return set((await conn.execute(sa.select(column))).scalars())


async def insert(service, **rows):
    async with service.db.begin() as conn:
        for name, some in rows.items():
            table = tables.metadata.tables[name]
            await conn.execute(
                sa.insert(table), [make_row(table, **values) for values in some]
            )


async def test_training_row_goes_with_its_labels_and_a_later_one_stays(world):
    old, young = world.clock.now() - YEARS, world.clock.now() - YEARS + DAY

    def label(tx):
        return {
            "label_id": tx,
            "tenant": "t",
            "transaction_id": tx,
            "reported_at": old,
        }

    def outcome(tx, projected):
        ids = {"transaction_id": tx, "tenant": "t"}
        return {**ids, "revision": 2, "projected": projected}

    def row(tx, at):
        ids = {"decision_id": tx, "tenant": "t", "transaction_id": tx}
        return {**ids, "decided_at": at}

    async with world.service() as service:
        await insert(
            service,
            training_rows=[row("old", old), row("young", young), row("owed", old)],
            labels=[label("old"), label("young"), label("owed")],
            outcomes=[outcome("old", 2), outcome("young", 2), outcome("owed", 1)],
        )
        assert await service.retainer.round() == 5
        rows = await names(service, tables.training_rows.c.decision_id)
        assert rows == {"young"}
        assert await names(service, tables.labels.c.label_id) == {"young"}
        # The online store has still to learn what became of the third.
        left = await names(service, tables.outcomes.c.transaction_id)
        assert left == {"young", "owed"}


async def test_profile_goes_with_all_that_is_known_of_the_account(world):
    now = world.clock.now()
    ids = {name: {"account_id": name, "tenant": "t"} for name in ("old", "young")}
    async with world.service() as service:
        await insert(
            service,
            profiles=[
                {**ids["old"], "last_seen": now - YEARS},
                {**ids["young"], "last_seen": now - YEARS + DAY},
            ],
            profile_amounts=list(ids.values()),
            profile_values=list(ids.values()),
        )
        assert await service.retainer.round() == 1
        for table in (tables.profiles, tables.profile_amounts, tables.profile_values):
            assert await names(service, table.c.account_id) == {"young"}


async def test_inbox_forgets_events_after_a_month(world):
    now = world.clock.now()
    async with world.service() as service:
        await insert(
            service,
            inbox=[
                {"event_id": "old", "received_at": now - 30 * DAY},
                {"event_id": "young", "received_at": now - 29 * DAY},
            ],
        )
        assert await service.retainer.round() == 1
        assert await names(service, tables.inbox.c.event_id) == {"young"}
