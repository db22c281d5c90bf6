"""`/match` beside payments: bounded time, and turns for whoever else asks."""

import asyncio
import itertools

import pytest

from fraud_sanctions.api.cooperative_queue import CooperativeQueue
from fraud_sanctions.service import ScreeningService
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.web.problems import DeadlineSpent

SCREEN = {"parties": [{"role": "customer", "name": "Jane Smith"}]}


def asking(names, queries=1):
    properties = {"name": [f"Quandrilo {'vw' * n}exwhistle" for n in range(names)]}
    query = {"schema": "Person", "properties": properties}
    return {"queries": {f"q{n}": query for n in range(queries)}}


@pytest.fixture
def screened(monkeypatch):
    """The names that were screened so far."""
    names = []
    screen = ScreeningService.screen

    def noting(service, edition, party, **facts):
        names.append(party.name)
        return screen(service, edition, party, **facts)

    monkeypatch.setattr(ScreeningService, "screen", noting)
    return names


class TestDeadline:
    async def test_a_spent_deadline_is_a_problem_and_no_work(self, http, screened):
        reply = await http.post(
            "/match/default", json=asking(10), headers={"x-deadline-ms": "0"}
        )
        assert reply.status_code == 504
        assert reply.json()["type"] == "urn:fraud:problem:deadline-spent"
        assert screened == []

    async def test_it_is_looked_at_before_each_name(self, http, screened, monkeypatch):
        looks = itertools.count()
        spent = property(lambda _: next(looks) >= 4)
        monkeypatch.setattr(Deadline, "expired", spent)
        reply = await http.post("/match/default", json=asking(10, queries=5))
        assert reply.status_code == 504
        assert len(screened) == 3

    async def test_waiting_for_the_turn_counts(self):
        turns = CooperativeQueue()
        held = asyncio.Event()

        async def wait():
            async with turns.until(Deadline.after(5)):
                await turns.take(held.set, Deadline.after(60_000))

        async with turns._one:
            with pytest.raises(DeadlineSpent):
                await wait()
        assert not held.is_set()

    async def test_what_is_done_is_answered_however_long_it_took(self, monkeypatch):
        turns, deadline = CooperativeQueue(), Deadline.after(60_000)
        times = itertools.count(step=3600)
        async with turns.until(deadline):
            monkeypatch.setattr(
                "fraud_sanctions.api.cooperative_queue.time.perf_counter",
                times.__next__,
            )
            assert await turns.take(lambda: "done", deadline) == "done"


class TestTurns:
    async def test_a_payment_is_screened_between_two_names(self, http, screened):
        await asyncio.gather(
            http.post("/match/default", json=asking(10)),
            http.post("/screen", json=SCREEN),
        )
        assert screened[-1] != "Jane Smith"

    async def test_two_requests_do_one_name_at_a_time(self):
        turns = CooperativeQueue()
        turn, log = [0], []

        async def clock():
            while len(log) < 6:
                turn[0] += 1
                await asyncio.sleep(0)

        async def ask():
            for _ in range(3):
                await turns.take(lambda: log.append(turn[0]), Deadline.after(60_000))

        await asyncio.gather(clock(), ask(), ask())
        assert len(set(log)) == 6
