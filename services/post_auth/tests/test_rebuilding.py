"""Profiles made anew are those that the events had made."""

import asyncio
import random
from datetime import timedelta

import sqlalchemy as sa

from fraud_post_auth.profile import joined
from fraud_post_auth.rebuilding import PROFILE_TABLES, rebuild
from fraud_shared.testing.factories import NOON

SQUARES = ("squares_low", "squares_middle", "squares_high")


def varied(decided, number):
    chance = random.Random(number)
    return decided(
        number,
        client=chance.choice(("shop", "bank")),
        verdict=chance.choice(("APPROVE", "CHALLENGE", "DECLINE")),
        account_id=f"acc-{number % 4}",
        amount_minor=chance.choice((1, 4_250, 10**13)),
        occurred_at=NOON - timedelta(minutes=chance.randrange(10_000)),
        merchant=chance.choice(({"merchant_id": f"mer-{number % 3}"}, None)),
        device=chance.choice(({"device_id": f"dev-{number % 3}"}, None)),
        location=chance.choice(({"country": "DE"}, None)),
    )


async def rows(service):
    """Every row of the profiles; sums of squares as one number."""
    found = {}
    async with service.db.read() as conn:
        for table in PROFILE_TABLES:
            for row in (await conn.execute(sa.select(table))).mappings():
                key = tuple(row[column.name] for column in table.primary_key)
                values = dict(row)
                if limbs := [values.pop(name) for name in SQUARES if name in values]:
                    values["squares"] = joined(*limbs)
                found[table.name, key] = values
    return found


async def test_equals_the_incremental_state(world, decided):
    async with world.service() as service:
        for start in range(0, 60, 7):
            batch = [varied(decided, n) for n in range(start, min(60, start + 7))]
            await service.handle(batch)
        before = await rows(service)
        assert await rebuild(service.db) == 60
        assert await rows(service) == before
        # What is lost comes back, what nobody paid goes.
        async with service.db.begin() as conn:
            await conn.execute(sa.delete(PROFILE_TABLES[1]))
            changed = sa.update(PROFILE_TABLES[0]).values(payments=1_000)
            await conn.execute(changed)
        await rebuild(service.db)
        assert await rows(service) == before


async def test_counts_once_what_comes_meanwhile(world, decided):
    async with world.service() as service:
        await service.handle([varied(decided, n) for n in range(20)])
        late = [service.handle([varied(decided, n)]) for n in range(20, 30)]
        await asyncio.gather(rebuild(service.db), *late)
        after = await rows(service)
        await rebuild(service.db)
        assert await rows(service) == after
