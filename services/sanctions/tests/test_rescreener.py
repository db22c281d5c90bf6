"""Known parties are screened again: once, completely, and each hit told once."""

import asyncio
from datetime import timedelta

import pytest

from fraud_sanctions import tables
from fraud_sanctions.parties import repository
from fraud_sanctions.rescreening import jobs
from fraud_sanctions.rescreening.findings import Finding
from fraud_shared.contracts.action import ActionRequest
from fraud_shared.contracts.screening import PartyQuery, PaymentRef
from fraud_shared.testing.migrations import schema_differences

PERSON = "Quandrilo Vexwhistle"
LISTED = f"N-9,{PERSON},person"


async def accounts(replica):
    return sorted(case["account_id"] for case in await replica.cases())


class TestAnUpdate:
    async def test_a_known_party_that_is_listed_now_becomes_a_case(self, world):
        async with world.replica() as replica:
            replica.pay(PERSON)
            replica.pay("Somebody Else", 2)
            await replica.book.write()
            world.lists(LISTED)
            await replica.update()
            (data,) = await replica.cases()
            (event,) = [
                row for row in await replica.rows(tables.outbox) if "action" in row.type
            ]
        request = ActionRequest.model_validate(data, strict=False)
        assert request.actions == ("case",)
        assert request.reason == "SANCTIONS_LIST_UPDATE"
        assert (request.transaction_id, request.account_id) == ("tx-1", "acc-1")
        assert request.listing.entity_id == "own-N-9"
        assert request.listing.status == "match"
        assert b"Vexwhistle" not in event.body

    async def test_a_counterparty_is_known_by_the_payers_account(self, world):
        async with world.replica() as replica:
            replica.pay(PERSON, role="counterparty")
            await replica.book.write()
            world.lists(LISTED)
            await replica.update()
            (data,) = await replica.cases()
        assert (data["account_id"], data["listing"]["role"]) == (
            "acc-1",
            "counterparty",
        )

    async def test_what_was_listed_before_is_not_looked_at(self, world):
        world.lists(LISTED)
        async with world.replica() as replica:
            replica.pay("Somebody Else")
            await replica.book.write()
            world.lists(LISTED, "N-10,Uldrebar Snoltwick,person")
            await replica.update()
            assert await replica.cases() == []

    async def test_delivered_twice_it_is_done_once(self, world):
        async with world.replica() as replica:
            replica.pay(PERSON)
            await replica.book.write()
            world.lists(LISTED)
            for _ in range(3):
                await replica.update()
            assert len(await replica.cases()) == 1
            assert len(await replica.rows(tables.rescreenings)) == 1

    async def test_several_replicas_do_it_once(self, world):
        async with (
            world.replica(page=2) as one,
            world.replica(page=2) as two,
            world.replica(page=2) as three,
        ):
            for number in range(7):
                one.pay(PERSON, number)
            await one.book.write()
            world.lists(LISTED)
            replicas = (one, two, three)
            await asyncio.gather(*(replica.reload() for replica in replicas))
            for replica in replicas:
                await replica.consume_updates()
            await asyncio.gather(*(r.rescreener.round() for r in replicas))
            assert await accounts(one) == [f"acc-{n}" for n in range(7)]
            (job,) = await one.rows(tables.rescreenings)
            assert (job.screened, job.cases) == (7, 7)
            assert job.done_at is not None

    async def test_only_removals_need_nothing(self, world):
        world.lists(LISTED)
        async with world.replica() as replica:
            world.lists("N-2,Uldrebar Snoltwick,person")
            await replica.update()
            world.lists()
            await replica.update()
            assert len(await replica.rows(tables.rescreenings)) == 1

    async def test_a_list_that_comes_later_is_screened_whole(self, world):
        async with world.replica() as replica:
            replica.pay(PERSON)
            await replica.book.write()
            world.lists(LISTED, list_id="other")
            await replica.update()
            (case,) = await replica.cases()
        assert case["listing"]["list"] == "other"


class TestAHitThatIsKnown:
    @pytest.mark.parametrize("how", ["by its payment", "by an update"])
    async def test_opens_no_second_case_for_another_programme(self, world, how):
        if how == "by its payment":
            world.lists(LISTED)
        async with world.replica() as replica:
            replica.pay(PERSON)
            await replica.book.write()
            world.lists(LISTED)
            await replica.update()
            before = len(await replica.cases())
            world.lists(f"{LISTED},,,,,ANOTHER-PROGRAMME")
            await replica.update()
            (*_, job) = await replica.rows(tables.rescreenings)
            assert job.screened == 1
            assert len(await replica.cases()) == before == (how == "by an update")

    async def test_opens_another_when_it_is_listed_as_somebody_else(self, world):
        async with world.replica() as replica:
            replica.pay(PERSON)
            await replica.book.write()
            for row in (LISTED, f"{LISTED},,1970-02-03,RU"):
                world.lists(row)
                await replica.update()
            first, second = await replica.cases()
        assert first["decision_id"] != second["decision_id"]


class TestAClearedPair:
    async def test_opens_no_case_until_the_listing_changes(self, world):
        world.lists(LISTED)
        async with world.replica() as replica:
            replica.pay(PERSON)
            replica.pay(PERSON, 2)
            await replica.book.write()
            await replica.register.clear(
                "acc-1",
                replica.service.edition.by_id["own-N-9"],
                who="anna",
                why="another birth date",
                until=world.clock.now() + timedelta(days=30),
            )
            # Anna's finding is void with any change; what is known of acc-2 stands.
            world.lists(f"{LISTED},,,,,ANOTHER-PROGRAMME")
            await replica.update()
            assert await accounts(replica) == ["acc-1"]

    async def test_is_no_case_again(self, world):
        world.lists(LISTED)
        async with world.replica() as replica:
            await replica.register.clear(
                "acc-1",
                replica.service.edition.by_id["own-N-9"],
                who="anna",
                why="another birth date",
                until=world.clock.now() + timedelta(days=30),
            )
            old = replica.service.edition
            world.lists(LISTED, f"N-10,{PERSON},person")
            await replica.reload()
            # Overtaken by the update, so that they are screened against everything.
            replica.pay("Nobody Of Note", 1, at=old)
            replica.book.note(*unseen(replica, "acc-1", old))
            replica.book.note(*unseen(replica, "acc-2", old))
            await replica.book.write()
            await replica.consume_updates()
            await replica.rescreener.round()
            found = [
                (case["account_id"], case["listing"]["entity_id"])
                for case in await replica.cases()
            ]
        assert sorted(found) == [
            ("acc-1", "own-N-10"),
            ("acc-2", "own-N-10"),
            ("acc-2", "own-N-9"),
        ]


def unseen(replica, account, edition):
    """A payment of the person that, by some older list, resembled nobody."""
    query = PartyQuery(role="customer", name=PERSON, account=account)
    payment = PaymentRef(transaction_id=f"tx-{account}", account_id=account)
    return payment, [(query, [])], edition


class TestARestart:
    async def test_goes_on_where_the_last_page_ended(self, world):
        async with world.replica() as dead:
            for number in range(5):
                dead.pay(PERSON, number)
            await dead.book.write()
            world.lists(LISTED)
            await dead.reload()
            await dead.consume_updates()
            await self._one_page(dead, 2)
            assert len(await dead.cases()) == 2
        async with world.replica() as after:
            await after.rescreener.round()
            assert len(await after.cases()) == 2  # somebody may still be at it
            world.clock.advance(timedelta(seconds=16))
            await after.rescreener.round()
            assert await accounts(after) == [f"acc-{n}" for n in range(5)]

    async def _one_page(self, replica, size):
        """What a worker does before it dies; returns its claim and what it would do next."""
        job, parties, findings = await self._taken(replica, size)
        now = replica.service.now()
        await replica.store.db.run(
            lambda c: jobs.advance(replica.store, c, job, parties, findings, now)
        )

    async def _taken(self, replica, size):
        edition, now = replica.service.edition, replica.service.now()
        job = await replica.store.db.run(
            lambda c: jobs.claim(c, edition.held, "dead", now)
        )
        parties = await replica.store.db.run(
            lambda c: repository.page(c, tables.parties.c.seq > job.position, size)
        )
        findings = [
            Finding.of(known, hit, edition.held, replica.service.bands)
            for known in parties
            for hit in replica.service.screen(edition, known.party)
        ]
        return job, parties, findings

    async def test_a_worker_that_was_given_up_writes_nothing(self, world):
        async with world.replica() as slow, world.replica() as quick:
            slow.pay(PERSON)
            await slow.book.write()
            world.lists(LISTED)
            await slow.reload()
            await quick.reload()
            await slow.consume_updates()
            job, parties, findings = await self._taken(slow, 5)
            world.clock.advance(timedelta(seconds=16))
            await quick.rescreener.round()
            now = world.clock.now()
            late = await slow.store.db.run(
                lambda c: jobs.advance(slow.store, c, job, parties, findings, now)
            )
            assert late is None
            assert len(await slow.cases()) == 1

    async def test_who_was_erased_meanwhile_is_left_alone(self, world):
        async with world.replica() as replica:
            replica.pay(PERSON)
            replica.pay(PERSON, 2)
            await replica.book.write()
            world.lists(LISTED)
            await replica.reload()
            await replica.consume_updates()
            job, parties, findings = await self._taken(replica, 5)
            assert await replica.book.erase("acc-1", "dpo") == 1
            now = world.clock.now()
            await replica.store.db.run(
                lambda c: jobs.advance(replica.store, c, job, parties, findings, now)
            )
            assert await accounts(replica) == ["acc-2"]


class TestReplicasOfDifferentVersions:
    async def test_one_that_is_behind_leaves_it_to_the_others(self, world):
        async with world.replica() as behind, world.replica() as ahead:
            behind.pay(PERSON)
            await behind.book.write()
            world.lists(LISTED)
            await ahead.reload()
            await behind.consume_updates()
            await behind.rescreener.round()
            assert await behind.cases() == []
            await ahead.rescreener.round()
            assert len(await ahead.cases()) == 1

    async def test_whom_one_screens_with_an_old_list_is_screened_again(self, world):
        async with world.replica() as behind, world.replica() as ahead:
            world.lists(LISTED)
            await ahead.update()
            behind.pay(PERSON)
            await behind.book.write()
            await behind.rescreener.round()
            assert await ahead.cases() == []
            await ahead.rescreener.round()
            assert await accounts(ahead) == ["acc-1"]
            await ahead.rescreener.round()
            assert await accounts(ahead) == ["acc-1"]


class TestTheStore:
    async def test_the_migrations_make_the_tables(self, world):
        async with world.replica() as replica:
            assert await schema_differences(replica.store.db, tables.metadata) == []
