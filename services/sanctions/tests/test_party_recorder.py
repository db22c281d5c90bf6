"""Known parties: noted beside the payment, written once, forgotten and erased."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud_sanctions import tables
from fraud_sanctions.app import create_app
from fraud_sanctions.lists.records import ListedIdentifier, Party
from fraud_sanctions.parties.party import facts_of, party_from, party_key, quick_key
from fraud_sanctions.settings import Settings
from fraud_sanctions.telemetry import PARTIES_LEFT_OUT
from fraud_shared.contracts.screening import PartyQuery
from fraud_shared.state.retaining import Retainer, rules_in
from fraud_shared.testing.asgi import TEST_TOKEN_KEY, client
from fraud_shared.testing.fakes import FakeBus
from fraud_shared.web.problems import Unavailable

PERSON = "Quandrilo Vexwhistle"
NOBODY = "postgresql://fraud@127.0.0.1:9/fraud"
PARTIES = st.builds(
    Party,
    name=st.text(min_size=1),
    kind=st.sampled_from([None, "person", "organisation"]),
    birth_date=st.none() | st.dates().map(date.isoformat),
    country=st.sampled_from([None, "RU", "GB"]),
    identifiers=st.lists(
        st.builds(ListedIdentifier, st.just("unspecified"), st.text(min_size=1))
    ).map(tuple),
)


def left_out():
    return PARTIES_LEFT_OUT._value.get()


async def retain(world, replica):
    """Delete what its time has come for; returns how many rows went."""
    rules = rules_in("sanctions", replica.settings)
    work = Retainer(replica.store.db, tables.metadata, rules, world.clock)
    return await work.round()


class TestAParty:
    @given(PARTIES)
    def test_comes_back_as_it_was_stored(self, party):
        assert party_from(facts_of(party)) == party

    @given(PARTIES, PARTIES)
    def test_has_the_key_of_no_other(self, one, other):
        keys = {party_key("acc-1", "customer", None, party) for party in (one, other)}
        assert len(keys) == len({one, other})

    @pytest.mark.parametrize(
        "facts",
        [
            {"account": "acc-2"},
            {"role": "counterparty"},
            {"birth_date": date(1970, 1, 1)},
            {"country": "RU"},
            {"identifiers": ("1",)},
            {"name": "Another Name"},
        ],
    )
    def test_is_separate_on_the_payments_path_too(self, facts):
        known = {"role": "customer", "name": PERSON, "account": "acc-1"}
        one, other = PartyQuery(**known), PartyQuery(**{**known, **facts})
        assert quick_key("acc-1", one) == quick_key("acc-1", PartyQuery(**known))
        assert quick_key("acc-1", one) != quick_key("acc-1", other)
        assert quick_key("acc-1", one) != quick_key("acc-2", one)


class TestNoting:
    async def test_each_party_of_an_account_is_one_row(self, world):
        async with world.replica() as replica:
            for _ in range(3):
                replica.pay(PERSON)
                replica.pay(PERSON, 2)
                replica.pay(PERSON, 2, role="counterparty")
            await replica.book.write()
            assert len(await replica.rows(tables.parties)) == 3

    async def test_a_party_seen_again_is_written_once_a_day(self, world):
        async with world.replica() as replica:
            replica.pay(PERSON)
            await replica.book.write()
            (first,) = await replica.rows(tables.parties)
            world.clock.advance(timedelta(minutes=1))
            replica.pay(PERSON)
            await replica.book.write()
            assert await replica.rows(tables.parties) == [first]
            world.clock.advance(timedelta(days=1))
            replica.pay(PERSON)
            await replica.book.write()
            (again,) = await replica.rows(tables.parties)
        assert again.last_seen == first.last_seen + timedelta(days=1, minutes=1)
        assert again.seq == first.seq

    async def test_two_replicas_have_one_row_of_it(self, world):
        async with world.replica() as one, world.replica() as two:
            for replica in (one, two):
                replica.pay(PERSON)
                await replica.book.write()
            assert len(await one.rows(tables.parties)) == 1

    async def test_whom_it_resembles_is_known_with_it(self, world):
        world.lists(f"N-9,{PERSON},person")
        async with world.replica() as replica:
            replica.pay(PERSON)
            await replica.book.write()
            (hit,) = await replica.rows(tables.known_hits)
        assert hit.entity_id == "own-N-9"

    async def test_a_full_queue_leaves_out_and_says_so(self, world):
        before = left_out()
        async with world.replica(party_queue=2) as replica:
            for number in range(5):
                replica.pay(PERSON, number)
            assert left_out() == before + 3
            await replica.book.write()
            assert await replica.book.count() == 2
            # Who was left out is noted with the next payment.
            replica.pay(PERSON, 4)
            await replica.book.write()
            assert await replica.book.count() == 3

    async def test_without_retention_nothing_is_kept(self, world):
        async with world.replica() as replica:
            replica.pay(PERSON)
            await replica.book.write()
        async with world.replica(party_retention_days=0) as replica:
            replica.pay(PERSON, 2)
            await replica.book.write()
            await retain(world, replica)
            assert await replica.rows(tables.parties) == []

    async def test_what_a_store_that_is_away_could_not_take_stays_noted(self, world):
        async with world.replica(away=True) as replica:
            replica.pay(PERSON)
            for _ in range(2):
                with pytest.raises(Unavailable):
                    await replica.book.write()
            assert replica.book.waiting == 1


class TestForgetting:
    async def test_who_was_not_seen_for_long_is_erased_with_all_hits(self, world):
        world.lists(f"N-9,{PERSON},person")
        async with world.replica(party_retention_days=90) as replica:
            replica.pay(PERSON)
            await replica.book.write()
            world.clock.advance(timedelta(days=60))
            replica.pay("Somebody Else", 2)
            await replica.book.write()
            world.clock.advance(timedelta(days=30))
            assert await retain(world, replica) == 1
            (left,) = await replica.rows(tables.parties)
            assert left.account_id == "acc-2"
            assert await replica.rows(tables.known_hits) == []

    async def test_an_account_is_erased_noted_and_written(self, world):
        async with world.replica() as replica:
            replica.pay(PERSON)
            await replica.book.write()
            replica.pay("Somebody Else")
            replica.pay(PERSON, 2)
            assert await replica.book.erase("acc-1", "dpo") == 1
            await replica.book.write()
            (left,) = await replica.rows(tables.parties)
            assert left.account_id == "acc-2"
            replica.pay(PERSON)
            await replica.book.write()
            assert await replica.book.count() == 2


def body(payment=True, name=PERSON):
    party = {"role": "customer", "name": name, "account": "acc-1"}
    payment = {"transaction_id": "tx-1", "account_id": "acc-1"} if payment else None
    return {"parties": [party], "payment": payment}


class TestTheService:
    @pytest.fixture
    def app(self, folder):
        return create_app(
            Settings(token_key=TEST_TOKEN_KEY, check_every_s=0.0, lists=folder),
            bus=FakeBus(),
        )

    async def test_only_a_payment_makes_its_parties_known(self, app):
        async with client(app) as http:
            for payment in (False, True):
                await http.post("/screen", json=body(payment))
                await app.state.book.write()
                assert await app.state.book.count() == payment
            erasure = {"account": "acc-1", "who": "dpo"}
            reply = await http.post("/v1/parties/erase", json=erasure)
            assert reply.json() == {"erased": 1}

    async def test_what_is_noted_at_the_end_is_written(self, app, folder):
        async with client(app) as http:
            await http.post("/screen", json=body())
        again = Settings(token_key=TEST_TOKEN_KEY, check_every_s=0.0, lists=folder)
        app = create_app(again, bus=FakeBus())
        async with client(app):
            assert await app.state.book.count() == 1

    async def test_no_name_gets_into_logs_metrics_or_answers(self, app, capsys):
        async with client(app) as http:
            await http.post("/screen", json=body())
            await app.state.book.write()
            said = (await http.get("/metrics")).text
            said += (await http.get("/v1/rescreenings")).text
            said += (await http.get("/v1/lists")).text
        said += "".join(capsys.readouterr())
        assert "Vexwhistle" not in said

    async def test_screening_answers_while_the_store_is_away(self, folder):
        settings = Settings(
            token_key=TEST_TOKEN_KEY,
            check_every_s=0.0,
            lists=folder,
            database_url=NOBODY,
            party_queue=1,
        )
        async with client(create_app(settings, bus=FakeBus())) as http:
            for name in (PERSON, "Somebody Else"):
                reply = await http.post("/screen", json=body(name=name))
                assert reply.json()["status"] == "clear"
            assert (await http.get("/v1/rescreenings")).status_code == 503
