"""Cleared pairs: what they set apart, and what they must never hide."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud_sanctions.app import create_app
from fraud_sanctions.clearing.cleared_match import OLDEST, Clearing, snapshot, split
from fraud_sanctions.lists.delta import fingerprint
from fraud_sanctions.lists.records import ListedEntity, ListedName
from fraud_sanctions.matching.screener import Hit
from fraud_sanctions.settings import Settings
from fraud_shared.testing.asgi import TEST_TOKEN_KEY, client
from fraud_shared.testing.clocks import FakeClock
from fraud_shared.testing.fakes import FakeBus

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY_91 = (NOW + timedelta(days=91)).isoformat()
KEYS = st.sampled_from(["a", "b", "c", "d"])


def entity(key, country="RU"):
    return ListedEntity(key, "own", "person", (ListedName(key),), countries=(country,))


def hit(key):
    return Hit(entity(key), key, 0.99, 0.9, 0.9, ())


def clearing(key, mark=None, hours=1.0, account="acc-1"):
    until = NOW + timedelta(hours=hours)
    return Clearing("c-1", account, key, mark or fingerprint(entity(key)), until)


class TestSettingApart:
    @given(st.lists(KEYS, unique=True), st.lists(KEYS))
    def test_exactly_the_cleared_entities_are_set_apart(self, hits, cleared):
        standing, apart = split(
            [hit(key) for key in hits], [clearing(key) for key in cleared], NOW
        )
        assert [one.entity.entity_id for one in standing] == [
            key for key in hits if key not in cleared
        ]
        assert [one.entity.entity_id for one, _ in apart] == [
            key for key in hits if key in cleared
        ]

    @given(st.lists(KEYS), st.floats(-1e4, 0.0))
    def test_what_has_expired_never_applies(self, cleared, hours):
        hits = [hit(key) for key in "abcd"]
        old = [clearing(key, hours=hours) for key in cleared]
        assert split(hits, old, NOW) == (hits, [])

    @given(st.lists(KEYS), st.sampled_from(["US", "KP", "IR"]))
    def test_what_was_cleared_as_listed_otherwise_never_applies(self, cleared, country):
        hits = [hit(key) for key in "abcd"]
        before = [clearing(key, fingerprint(entity(key, country))) for key in cleared]
        assert split(hits, before, NOW) == (hits, [])

    def test_a_clearing_is_that_of_one_account(self):
        known = snapshot([clearing("a")], NOW)
        assert known.of("acc-1", NOW)
        assert not known.of("acc-2", NOW)
        assert not known.of(None, NOW)

    def test_a_snapshot_that_could_not_be_renewed_is_not_relied_on(self):
        known = snapshot([clearing("a")], NOW)
        assert known.of("acc-1", NOW + OLDEST)
        assert not known.of("acc-1", NOW + OLDEST + timedelta(seconds=1))


LISTED = "fictional-FP-0001"


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def serve(clock, folder, sql_url, sql_schema):
    """The service over the sample lists; opened again it is a restart."""

    def open_one(**settings):
        made = Settings(
            token_key=TEST_TOKEN_KEY,
            check_every_s=0.0,
            lists=folder,
            database_url=sql_url,
            **settings,
        )
        app = create_app(made, clock=clock, bus=FakeBus(), schema=sql_schema)
        return client(app)

    return open_one


def request(clock, **facts):
    return {
        "account": "acc-1",
        "entity_id": LISTED,
        "who": "analyst-7",
        "why": "another birth date in the passport",
        "until": (clock.now() + timedelta(days=30)).isoformat(),
        **facts,
    }


async def clear(http, clock, **facts):
    reply = await http.post("/v1/cleared", json=request(clock, **facts))
    assert reply.status_code == 201, reply.text
    return reply.json()


async def revoke(http, key, who="analyst-8"):
    return await http.post(f"/v1/cleared/{key}/revoke", json={"who": who})


async def screen(http, account="acc-1", name="Zoltarin Krandalov"):
    party = {"role": "customer", "name": name, "account": account}
    return (await http.post("/screen", json={"parties": [party]})).json()


class TestTheService:
    async def test_a_cleared_hit_is_reported_and_does_not_count(self, serve, clock):
        async with serve() as http:
            assert (await screen(http))["status"] == "match"
            made = await clear(http, clock)
            result = await screen(http)
            assert (result["status"], result["hits"]) == ("clear", [])
            (apart,) = result["cleared"]
            assert apart["entity_id"] == LISTED
            assert apart["clearing_id"] == made["clearing_id"]
            assert (await screen(http, account="acc-2"))["status"] == "match"
            assert (await screen(http, account=None))["status"] == "match"

    async def test_another_entity_is_not_cleared_with_it(self, serve, clock):
        async with serve() as http:
            await clear(http, clock)
            result = await screen(http, name="Qasimuddin Barazghani")
            assert (result["status"], result["cleared"]) == ("match", [])

    async def test_a_cleared_hit_takes_no_other_ones_place(self, serve, clock, folder):
        path = folder / "fictional.csv"
        row = b"N-1,Zoltarin Vesperovich Krandalov,person,,,\n"
        path.write_bytes(path.read_bytes() + row)
        async with serve(hits_per_party=1) as http:
            for key in (LISTED, "fictional-N-1"):
                made = await clear(http, clock, entity_id=key)
                result = await screen(http, name="Zoltarin Vesperovich Krandalov")
                assert result["status"] == "match"
                assert {hit["entity_id"] for hit in result["hits"]}.isdisjoint({key})
                await revoke(http, made["clearing_id"])

    async def test_a_clearing_ends_on_its_day(self, serve, clock):
        async with serve() as http:
            until = clock.now() + timedelta(minutes=2)
            await clear(http, clock, until=until.isoformat())
            assert (await screen(http))["status"] == "clear"
            clock.advance(timedelta(minutes=2))
            assert (await screen(http))["status"] == "match"

    async def test_it_is_void_when_the_listing_changes(self, serve, clock, folder):
        async with serve() as http:
            await clear(http, clock)
            path = folder / "fictional.csv"
            path.write_bytes(
                path.read_bytes().replace(b"1957-07-21,RU", b"1957-07-21,BY")
            )
            clock.advance(timedelta(minutes=1))
            await http.post("/v1/lists/reload")
            assert (await screen(http))["status"] == "match"
        async with serve() as http:
            await self._void(http, clock)

    async def _void(self, http, clock):
        # Any write reads the register again, and voids what no longer stands.
        await clear(http, clock, account="acc-9")
        rows = (await http.get("/v1/cleared", params={"account": "acc-1"})).json()
        (row,) = rows["cleared"]
        assert (row["ended_by"], row["ended_why"]) == ("sanctions", "LISTING_CHANGED")
        assert (await screen(http))["status"] == "match"

    async def test_taken_back_it_no_longer_applies_and_stays_on_record(
        self, serve, clock
    ):
        async with serve() as http:
            key = (await clear(http, clock))["clearing_id"]
            reply = await revoke(http, key)
            assert reply.json()["ended_why"] == "REVOKED"
            assert (await screen(http))["status"] == "match"
            again = await revoke(http, key, who="analyst-9")
            assert again.json()["ended_by"] == "analyst-8"
            (row,) = (await http.get("/v1/cleared")).json()["cleared"]
            assert (row["who"], row["ended_by"]) == ("analyst-7", "analyst-8")

    async def test_a_restart_remembers(self, serve, clock):
        async with serve() as http:
            await clear(http, clock)
        async with serve() as http:
            await clear(http, clock, account="acc-9")
            assert (await screen(http))["status"] == "clear"

    @pytest.mark.parametrize(
        ("facts", "field"),
        [
            ({"entity_id": "nobody"}, "entity_id"),
            ({"until": "2020-01-01T00:00:00Z"}, "until"),
            ({"until": "2199-01-01T00:00:00Z"}, "until"),
            ({"until": DAY_91}, "until"),
            ({"until": None}, "until"),
            ({"why": ""}, "why"),
            ({"account": "Jane Smith"}, "account"),
        ],
    )
    async def test_what_may_not_be_cleared_is_named_by_field(
        self, serve, clock, facts, field
    ):
        async with serve() as http:
            body = request(clock, **facts)
            reply = await http.post("/v1/cleared", json=body)
        assert reply.status_code == 422
        assert reply.json()["errors"][0]["field"] == field
        assert "Jane Smith" not in reply.text

    async def test_what_does_not_exist_cannot_be_taken_back(self, serve):
        async with serve() as http:
            reply = await revoke(http, "none")
        assert reply.status_code == 404

    async def test_without_a_token_nothing_is_cleared(self, clock):
        settings = Settings(token_key=TEST_TOKEN_KEY, check_every_s=0.0)
        app = create_app(settings, clock=clock, bus=FakeBus())
        async with client(app, authenticated=False) as http:
            reply = await http.post("/v1/cleared", json=request(clock))
        assert reply.status_code == 401
