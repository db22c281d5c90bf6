"""A restart remembers what was loaded before it."""

import os

import pytest
from structlog.testing import CapturingLogger

from fraud_sanctions import service, tables
from fraud_sanctions.lists import shrinkage
from fraud_sanctions.lists.announcer import Announcer
from fraud_sanctions.lists.shrinkage import Announced, shrinkages
from fraud_sanctions.problems import ListsUnusable
from fraud_shared.web.problems import Unavailable

PEOPLE = [f"P-{c},Gruv{c * 2}el Aldin{c * 2}ost,person" for c in "bdfgklmnprstvz"]


@pytest.fixture
def logged(monkeypatch):
    """What the log says: `heard("list_refused")`."""
    logger = CapturingLogger()
    for module in (shrinkage, service):
        monkeypatch.setattr(module, "log", logger)
    return lambda event: [c.kwargs for c in logger.calls if c.args == (event,)]


@pytest.fixture
def refused(logged):
    """What the log says of each list when a start is refused."""

    async def start(world, **settings):
        so_far = len(logged("list_refused"))
        with pytest.raises(ListsUnusable):
            async with world.replica(**settings):
                pass
        return logged("list_refused")[so_far:]

    return start


@pytest.fixture
async def before(world):
    """Two lists were in use, and announced."""
    world.lists(*PEOPLE)
    world.lists(list_id="second")
    an_hour_ago = world.clock.now().timestamp() - 3600
    for path in world.folder.iterdir():
        os.utime(path, (an_hour_ago, an_hour_ago))
    async with world.replica():
        pass
    return world


class TestARestart:
    async def test_refuses_a_list_that_shrank_and_says_how_to_accept_it(
        self, before, refused
    ):
        before.lists()
        (line,) = await refused(before)
        assert (line["list"], line["code"]) == ("own", "LIST_SHRUNKEN")
        assert (line["entities_announced"], line["entities_now"]) == (28, 14)
        name, _, setting = line["accept_by"].partition("=")
        assert name == "FRAUD_SANCTIONS_ACCEPT_LISTS"

        async with before.replica(accept_lists=f"other@1, {setting}") as one:
            assert one.service.edition.held["own"] == setting.partition("@")[2]
        # It is what is known from now on, and needs no acceptance any more.
        async with before.replica():
            pass

    async def test_what_was_accepted_accepts_no_other_loss(self, before, refused):
        before.lists()
        (line,) = await refused(before)
        setting = line["accept_by"].partition("=")[2]
        before.lists("N-1,Quandrilo Vexwhistle,person")
        (line,) = await refused(before, accept_lists=setting)
        assert line["entities_now"] == 15

    async def test_refuses_to_lose_a_list_until_that_is_accepted(self, before, refused):
        os.remove(before.folder / "second.csv")
        (line,) = await refused(before)
        assert (line["list"], line["code"]) == ("second", "LIST_MISSING")
        assert (line["entities_announced"], line["entities_now"]) == (14, 0)
        setting = line["accept_by"].partition("=")[2]
        assert setting == "second@none"
        async with before.replica(accept_lists=setting):
            pass
        async with before.replica():
            pass

    async def test_a_replica_that_still_holds_a_list_given_up_does_not_bring_it_back(
        self, before
    ):
        async with before.replica() as old:
            os.remove(before.folder / "second.csv")
            async with before.replica(accept_lists="second@none"):
                pass
            assert await old.service.announce() == 0
        async with before.replica():
            pass

    async def test_losing_a_tenth_or_growing_is_an_update(self, before):
        before.lists(*PEOPLE[2:])
        before.lists(*PEOPLE, list_id="second")
        async with before.replica() as one:
            assert len(await one.rows(tables.outbox)) == 2

    async def test_an_unchanged_file_has_lost_nothing(self, before, listed):
        async with before.replica() as one:
            lists = one.service.edition.lists
            known = {watch.list_id: Announced(watch.version, 999) for watch in lists}
        assert shrinkages(lists, known, frozenset()) == ()

    async def test_a_first_start_has_nothing_to_compare_with(self, world):
        async with world.replica() as one:
            assert set(one.service.edition.held) == {"own"}


class TestWithoutTheStore:
    async def test_it_starts_and_says_that_nothing_was_compared(self, before, logged):
        before.lists()
        async with before.replica(away=True) as one:
            assert len(one.service.edition.by_id) == 28
        assert logged("lists_not_compared") == [{}]

    async def test_a_loss_found_later_is_reported_and_not_made_the_new_standard(
        self, before, refused, logged, monkeypatch
    ):
        before.lists()
        last = Announcer.last
        calls = []

        async def away_at_first(announcer):
            calls.append(1)
            if len(calls) == 1:
                raise Unavailable
            return await last(announcer)

        monkeypatch.setattr(Announcer, "last", away_at_first)
        async with before.replica() as one:
            assert await one.rows(tables.outbox) == []
        assert [line["list"] for line in logged("list_refused")] == ["own"]
        assert [line["list"] for line in await refused(before)] == ["own"]
