"""The history check of events finds what is planted, and a sound run holds every gate."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from fraud_lab.events.chaos import quiet
from fraud_lab.events.database import own_database
from fraud_lab.events.history import LinkHistory, gates, link
from fraud_lab.events.line import Line, opened
from fraud_lab.events.planted import BUGS, sound
from fraud_lab.events.poison import poisoned
from fraud_shared.state.rabbit import close, connected, erase
from fraud_shared.testing.servers import amqp_url, fresh_schema, postgres_url

CUTS = 4


class TestLink:
    def test_a_sound_one_holds(self) -> None:
        history = link("abc", "ab", "abc")
        assert history == LinkHistory(3, 2, 3, 0, 0, 0, recovered=1)
        assert all(one.holds for one in gates({"link": history}))

    @pytest.mark.parametrize(
        ("effects", "red"),
        [("a", "lost"), ("abcx", "unexpected"), ("abbc", "duplicated")],
    )
    def test_each_bug_turns_its_own_gate_red(self, effects: str, red: str) -> None:
        judged = gates({"link": link("abc", "ab", effects)})
        assert [one.name for one in judged if not one.holds] == [f"events {red}"]


@pytest.fixture
async def line() -> AsyncIterator[tuple[Line, str, str]]:
    """A line on the real servers: the broker's URL, and a prefix of this test's own."""
    quiet()
    url, prefix = amqp_url(), fresh_schema("fraud_test")
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(own_database(postgres_url()))
        yield await stack.enter_async_context(opened(database)), url, prefix
        connection = await connected(url, 5.0)
        stack.push_async_callback(close, connection)
        await erase(await connection.channel(), prefix)


@pytest.mark.servers
class TestCuts:
    async def test_lose_nothing_and_count_nothing_twice(
        self, line: tuple[Line, str, str]
    ) -> None:
        found = await sound(*line, CUTS)
        assert found.figures["cuts"] == CUTS
        assert [one.name for one in found.gates() if not one.holds] == []

    @pytest.mark.slow
    @pytest.mark.parametrize("bug", BUGS)
    async def test_show_a_planted_bug(
        self, line: tuple[Line, str, str], bug: str
    ) -> None:
        found = await BUGS[bug](*line, 2 * CUTS)
        assert not all(one.holds for one in found.gates())


@pytest.mark.servers
async def test_poison_is_parked_and_the_good_are_applied(
    line: tuple[Line, str, str],
) -> None:
    target, url, prefix = line
    found = await poisoned(target, url, prefix, good=40, poison_count=5, seed=1)
    # How fast is for `fraud chaos events --poison` to say, on a machine that is quiet.
    *exact, _ = found.gates()
    assert [one.name for one in exact if not one.holds] == []
    assert found.figures["reasons"].keys() == {
        "no_cloud_event",
        "data_not_as_documented",
        "unknown_major",
    }
