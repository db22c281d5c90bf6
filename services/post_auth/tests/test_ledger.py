import asyncio
import random
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
import sqlalchemy as sa

from fraud_post_auth import ledger, tables
from fraud_post_auth.profile import change, payment, view
from fraud_post_auth.rows import training_row
from fraud_shared.contracts.decision import DecisionMade
from fraud_shared.contracts.events import CloudEvent
from fraud_shared.contracts.paging import PageQuery
from fraud_shared.contracts.profile import LabelCounts
from fraud_shared.testing.factories import NOON
from fraud_shared.web.problems import NotFound, Unavailable

CURRENCIES = ("EUR", "USD", "JPY")
VERDICTS = ("APPROVE", "CHALLENGE", "DECLINE")


async def count(service, table: sa.Table) -> int:
    async with service.db.read() as conn:
        return await conn.scalar(sa.select(sa.func.count()).select_from(table))


def varied(decided, number: int) -> CloudEvent:
    chance = random.Random(number)
    return decided(
        number,
        verdict=chance.choice(VERDICTS),
        account_id=f"acc-{number % 5}",
        amount_minor=chance.choice((1, 4_250, 10**13)),
        currency=chance.choice(CURRENCIES),
        occurred_at=NOON - timedelta(minutes=chance.randrange(10_000)),
        merchant={"merchant_id": f"mer-{chance.randrange(4)}"},
        device={"device_id": f"dev-{chance.randrange(3)}"},
    )


def expected(events, account_id, labels: LabelCounts):
    made = [DecisionMade.model_validate(e.data, strict=False) for e in events]
    account = ("shop", account_id)
    total = change(p for p in map(payment, made) if p.account == account)
    amounts = {(c, v): group for (_, c, v), group in total.amounts.items()}
    distinct: dict[str, int] = {}
    for _, kind, _ in total.values:
        distinct[kind] = distinct.get(kind, 0) + 1
    return view(account_id, total.accounts[account], amounts, distinct, labels)


class TestExactlyOnce:
    @pytest.mark.parametrize("consumers", [1, 2, 4])
    async def test_profile_is_the_fold_of_what_was_delivered_thrice_shuffled(
        self, world, decided, labelled, consumers
    ):
        decisions = [varied(decided, n) for n in range(100)]
        fraud = [labelled(n) for n in range(0, 100, 10)]
        deliveries = [*decisions, *fraud] * 3
        random.Random(consumers).shuffle(deliveries)
        async with world.service() as service:
            queue = iter(deliveries)

            async def consume():
                for first in queue:
                    batch = [first, *(e for _, e in zip(range(7), queue, strict=False))]
                    await service.handle(batch)

            await asyncio.gather(*(consume() for _ in range(consumers)))
            for n in range(5):
                labels = LabelCounts(
                    fraud=10 if n == 0 else 0,
                    legitimate=0,
                    reversed=0,
                    pending=10 if n == 0 else 20,
                )
                if n == 0:  # numbers 0, 10, 20 ... all belong to account 0
                    assert labels.fraud == len(fraud)
                found = await service.profile("shop", f"acc-{n}")
                assert found == expected(decisions, f"acc-{n}", labels)
            assert await count(service, tables.inbox) == 110
            assert await count(service, tables.training_rows) == 100

    async def test_one_decision_under_two_event_ids_counts_once(self, world, decided):
        event = decided(1)
        async with world.service() as service:
            await service.handle([event, event.model_copy(update={"id": "another"})])
            await service.handle([event.model_copy(update={"id": "a-third"})])
            assert (await service.profile("shop", "acc-1")).payments == 1

    async def test_nothing_is_kept_of_a_batch_that_fails(self, world, decided):
        async with world.service() as service:
            async with service.db.begin() as conn:
                await conn.execute(sa.text("ALTER TABLE profiles RENAME TO aside"))
            with pytest.raises(Unavailable):
                await service.handle([decided(1)])
            assert await count(service, tables.inbox) == 0
            async with service.db.begin() as conn:
                await conn.execute(sa.text("ALTER TABLE aside RENAME TO profiles"))
            await service.handle([decided(1)])
            assert (await service.profile("shop", "acc-1")).payments == 1


class TestOrder:
    async def test_every_order_of_five_events_gives_the_same(
        self, world, decided, labelled, resolved
    ):
        def story(mark: str) -> list[CloudEvent]:
            return [
                decided(f"1-{mark}", account_id=f"acc-{mark}", verdict="CHALLENGE"),
                decided(f"2-{mark}", account_id=f"acc-{mark}", amount_minor=7),
                labelled(f"1-{mark}", "fraud", "customer_report"),
                labelled(
                    f"1-{mark}",
                    "fraud",
                    "customer_report",
                    at=NOON + timedelta(days=90),
                    reversal=True,
                ),
                resolved(f"1-{mark}"),
            ]

        seen = set()
        async with world.service() as service:
            for number, order in enumerate(permutations(range(5))):
                events = story(f"{number:03d}")
                # Two at a time, so that a batch is part of the order too.
                await service.handle([events[order[0]], events[order[1]]])
                for position in order[2:]:
                    await service.handle([events[position]])
                profile = await service.profile("shop", f"acc-{number:03d}")
                seen.add(profile.model_dump_json(exclude={"account_id"}))
            async with service.db.read() as conn:
                found = await conn.execute(
                    sa.select(tables.outcomes.c.state, tables.outcomes.c.source)
                )
                assert {tuple(row) for row in found} == {("legitimate", "challenge")}
        (only,) = seen
        assert '"legitimate":1,"reversed":0,"pending":1' in only


class TestLabels:
    async def test_label_before_its_decision_is_kept(self, world, decided, labelled):
        async with world.service() as service:
            await service.handle([labelled(1)])
            with pytest.raises(NotFound):
                await service.profile("shop", "acc-1")
            await service.handle([decided(1)])
            assert (await service.profile("shop", "acc-1")).labels.fraud == 1

    async def test_racing_reports_about_one_payment_see_each_other(
        self, world, decided, labelled
    ):
        sources = ("chargeback", "issuer", "analyst", "customer_report", "merchant")
        async with world.service() as one, world.service() as two:
            await one.handle([decided(1)])
            await asyncio.gather(
                *(
                    service.handle([labelled(1, "legitimate", source)])
                    for service, source in zip((one, two) * 3, sources, strict=False)
                ),
                one.handle(
                    [labelled(1, "fraud", "chargeback", at=NOON + timedelta(9))]
                ),
            )
            async with one.db.read() as conn:
                row = (await conn.execute(sa.select(tables.outcomes))).mappings().one()
            assert (row["state"], row["source"]) == ("fraud", "chargeback")
            assert row["revision"] == 6

    @pytest.mark.parametrize("outcome", ["failed", "expired"])
    async def test_failed_challenge_is_no_label(
        self, world, decided, resolved, outcome
    ):
        async with world.service() as service:
            await service.handle([decided(1), resolved(1, outcome)])
            assert (await service.profile("shop", "acc-1")).labels.pending == 1
            assert await count(service, tables.inbox) == 2


class TestPrivacy:
    async def test_no_name_and_no_free_text_is_stored(self, world, decided):
        event = decided(
            1,
            customer={"name": "Alix Moreau", "birth_date": "1990-01-01"},
            counterparty={"name": "Noor Haddad", "account": "acc-9"},
            merchant={"name": "Chez Paul"},
            device={"user_agent": "Secret Browser"},
            features={"P_email": "alix@example.org", "V1": 0.5},
        )
        async with world.service() as service:
            await service.handle([event])
            async with service.db.read() as conn:
                found = await conn.execute(sa.select(tables.training_rows))
                text = str(found.mappings().one())
        for secret in ("Moreau", "1990", "Haddad", "Chez", "Browser", "example"):
            assert secret not in text
        assert "acc-9" in text
        assert "V1" in text


class TestParking:
    async def test_poison_is_parked_and_the_rest_applied(self, world, decided):
        odd = [
            decided(2).model_copy(
                update={"id": "e2", "type": "fraud.decision.made.v2"}
            ),
            decided(3).model_copy(update={"id": "e3", "type": "something.else.v1"}),
            decided(4).model_copy(update={"id": "e4", "data": {"decision": 1}}),
        ]
        early = datetime(1, 1, 1, tzinfo=UTC).isoformat().replace("+00:00", "+14:00")
        far = decided(5)
        far.data["decision"]["decided_at"] = early
        async with world.service() as service:
            for _ in range(2):
                await service.handle([odd[0], decided(1), *odd[1:], far])
            waiting = (await service.parking.page(PageQuery())).items
            assert {event.reason for event in waiting} == {
                "unknown_major",
                "unknown_type",
                "data_not_as_documented",
                "time_out_of_range",
            }
            assert len(waiting) == 4
            assert (await service.profile("shop", "acc-1")).payments == 1

    async def test_corrected_event_applies_once(self, world, decided):
        broken = decided(1).model_copy(update={"data": {}})
        async with world.service() as service:
            await service.handle([broken])
            (parked,) = (await service.parking.page(PageQuery())).items
            for _ in range(2):
                await service.parking.replay(
                    parked.parked_id, decided(1), service.handle
                )
            assert (await service.profile("shop", "acc-1")).payments == 1
            assert (await service.parking.page(PageQuery())).items == []

    async def test_field_of_a_later_minor_version_is_ignored(self, world, decided):
        event = decided(1)
        event.data["decision"]["invented_later"] = {"a": 1}
        async with world.service() as service:
            await service.handle([event])
            assert (await service.profile("shop", "acc-1")).payments == 1


class TestPoison:
    async def test_that_the_store_refuses_is_parked_and_the_rest_is_applied(
        self, world, decided, monkeypatch
    ):
        def naive(made):
            row = training_row(made)
            bad = row["transaction_id"] == "tx-5"
            at = row["occurred_at"].replace(tzinfo=None)
            return {**row, "occurred_at": at} if bad else row

        monkeypatch.setattr(ledger, "training_row", naive)
        async with world.service() as service:
            await service.handle([decided(n) for n in range(9)])
            (parked,) = (await service.parking.page(PageQuery())).items
            assert parked.reason == "cannot_be_stored"
            assert parked.event_id == decided(5).id
            assert await count(service, tables.training_rows) == 8
            assert await count(service, tables.inbox) == 8
