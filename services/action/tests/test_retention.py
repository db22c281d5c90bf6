"""What ended goes when its time is over; what is in force, open or unsent stays."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from fraud_action import tables
from fraud_shared.state.retention_rule import AUDIT, DAY
from fraud_shared.testing.rows import make_row

LONG = AUDIT + DAY
# Table, its key, and rows of an age: those that stay, then those that go.
CASES = [
    (
        tables.actions,
        "action_id",
        [{"created_at": AUDIT - DAY}],
        [{"created_at": AUDIT}],
    ),
    (
        tables.cases,
        "case_id",
        [
            {"state": "open", "created_at": LONG},
            {"state": "resolved", "resolved_at": AUDIT - DAY},
        ],
        [{"state": "resolved", "resolved_at": AUDIT}],
    ),
    (
        tables.blocks,
        "block_id",
        [
            {"state": "active", "expires_at": LONG},
            {"state": "expired", "expires_at": 399 * DAY},
        ],
        [{"state": "released", "expires_at": 400 * DAY}],
    ),
    (
        tables.holds,
        "hold_id",
        [{"state": "active", "expires_at": LONG}],
        [{"state": "expired", "expires_at": 400 * DAY}],
    ),
    (
        tables.challenges,
        "challenge_id",
        [
            {"state": "pending", "expires_at": LONG},
            {"state": "passed", "expires_at": 89 * DAY},
        ],
        [{"state": "passed", "expires_at": 90 * DAY}],
    ),
    (
        tables.outgoing,
        "reference",
        [
            {"state": "pending", "next_attempt_at": LONG},
            {"state": "delivered", "next_attempt_at": 29 * DAY},
        ],
        [
            {"state": "delivered", "next_attempt_at": 30 * DAY},
            {"state": "failed", "next_attempt_at": 30 * DAY},
        ],
    ),
    (
        tables.parked,
        "parked_id",
        [
            {"parked_at": 364 * DAY},
            {"parked_at": LONG, "replayed_at": 29 * DAY},
        ],
        [{"parked_at": LONG, "replayed_at": 30 * DAY}, {"parked_at": 365 * DAY}],
    ),
]


def made(table, key, name, values, now):
    aged = {
        column: now - value if isinstance(value, timedelta) else value
        for column, value in values.items()
    }
    row = make_row(table, **{key: name}, **aged)
    # The database numbers them.
    return {column: value for column, value in row.items() if column != "number"}


async def names(service, column):
    async with service.db.read() as conn:
        return set((await conn.execute(sa.select(column))).scalars())


@pytest.mark.parametrize(
    ("table", "key", "stay", "go"), CASES, ids=lambda value: getattr(value, "name", "")
)
async def test_rows_that_ended_long_ago_go_and_others_stay(world, table, key, stay, go):
    now = world.clock.now()
    rows = [made(table, key, f"stay-{n}", v, now) for n, v in enumerate(stay)]
    gone = [made(table, key, f"go-{n}", v, now) for n, v in enumerate(go)]
    async with world.service() as service:
        async with service.db.begin() as conn:
            await conn.execute(sa.insert(table), [*rows, *gone])
        assert await service.retainer.round() == len(go)
        assert await names(service, table.c[key]) == {row[key] for row in rows}


async def test_alert_that_is_still_to_be_sent_stays(world):
    old = world.clock.now() - LONG
    alerts = [
        make_row(tables.alerts, alert_id=name, created_at=old)
        for name in ("sent", "unsent")
    ]
    pending = make_row(
        tables.deliveries, reference="unsent", state="pending", next_attempt_at=old
    )
    async with world.service() as service:
        async with service.db.begin() as conn:
            await conn.execute(sa.insert(tables.alerts), alerts)
            await conn.execute(sa.insert(tables.deliveries), pending)
        assert await service.retainer.round() == 1
        assert await names(service, tables.alerts.c.alert_id) == {"unsent"}


async def test_target_that_is_blocked_or_unknown_to_the_online_store_stays(world):
    old = world.clock.now() - LONG

    def target(key, projected):
        return {
            "kind": "card",
            "key": key,
            "revision": 2,
            "projected": projected,
            "changed_at": old,
        }

    block = make_row(tables.blocks, block_id="b", kind="card", key="blocked")
    block |= {"state": "active", "expires_at": old}
    async with world.service() as service:
        async with service.db.begin() as conn:
            await conn.execute(
                sa.insert(tables.block_targets),
                [target("blocked", 2), target("unknown", 1), target("free", 2)],
            )
            await conn.execute(sa.insert(tables.blocks), block)
        assert await service.retainer.round() == 1
        kept = await names(service, tables.block_targets.c.key)
        assert kept == {"blocked", "unknown"}
