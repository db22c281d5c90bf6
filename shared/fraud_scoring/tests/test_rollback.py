import asyncio
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from fraud_scoring.testing import NOW, linear_engine, linear_request, release

GOOD, BAD = (0.5, 1.0, -0.25), (0.7, 1.0, -0.25)
FAST = {"rollback_min_rows": 10, "rollback_error_rate": 0.1}


def moody(harm):
    """An engine whose `BAD` models do `harm(rows)` to what the gate never sees: rows whose
    first value is 9."""
    plain = linear_engine()

    def load(artifact):
        scorer = plain.load(artifact)
        if scorer.weights[0] == BAD[0]:
            return Moody(scorer, harm)
        return scorer

    return replace(plain, load=load)


class Moody:
    def __init__(self, scorer, harm):
        self.scorer, self.harm = scorer, harm
        self.explain = scorer.explain

    def score(self, rows):
        if (rows[:, 0] == 9).any():
            return self.harm(rows)
        return self.scorer.score(rows)


def nothing(rows):
    return np.full(len(rows), np.nan)


def raises(rows):
    raise RuntimeError("secret")


async def score(http, value=9.0):
    reply = await http.post("/score", json=linear_request(value, 0.0, 0.0))
    assert reply.status_code == 200
    return reply.json()


async def state(http):
    return (await http.get("/v1/model")).json()["models"][0]


async def refresh(http):
    return (await http.post("/v1/refresh")).json()["results"][0]


@pytest.fixture
def two(memory):
    """A good champion, then a bad one."""
    return release(memory, GOOD), lambda: release(memory, BAD, hours=1)


class TestRollback:
    @pytest.mark.parametrize("harm", [nothing, raises], ids=["NaN", "raises"])
    async def test_a_failing_version_goes_by_itself(self, start, two, harm):
        good, promote_bad = two
        async with start(moody(harm), **FAST) as http:
            bad = promote_bad()
            assert (await refresh(http))["status"] == "swapped"
            answers = [await score(http) for _ in range(20)]
            info = await state(http)
            text = (await http.get("/metrics")).text
        by = [a["model"]["hash"] for a in answers]
        assert by == [bad.hash] * 10 + [good.hash] * 10
        assert {a["outcome"] for a in answers[:10]} == {"failed"}
        assert {a["outcome"] for a in answers[10:]} == {"scored"}
        assert info["problem"] == "rolled-back"
        assert info["current"]["ref"]["hash"] == good.hash
        assert 'fraud_model_rollbacks_total{model="xgboost",reason="error-rate"' in text
        assert f'hash="{good.hash}"' in text
        assert f'hash="{bad.hash}"' not in text

    async def test_a_few_failures_are_no_reason(self, start, two):
        _, promote_bad = two
        async with start(moody(nothing), **FAST) as http:
            bad = promote_bad()
            await refresh(http)
            for number in range(60):
                answer = await score(http, 9.0 if number % 20 == 10 else 1.0)
        assert answer["model"]["hash"] == bad.hash

    async def test_a_late_version_goes_too(self, start, two):
        good, promote_bad = two

        def late(rows):
            until = asyncio.get_running_loop().time() + 0.003
            while asyncio.get_running_loop().time() < until:
                pass
            return np.full(len(rows), 0.5)

        async with start(moody(late), score_limit_ms=2.0, **FAST) as http:
            promote_bad()
            await refresh(http)
            answers = [await score(http) for _ in range(12)]
        assert answers[-1]["model"]["hash"] == good.hash

    async def test_without_a_predecessor_it_stays(self, memory, start):
        bad = release(memory, BAD)
        async with start(moody(nothing), **FAST) as http:
            answers = [await score(http) for _ in range(30)]
        assert {a["model"]["hash"] for a in answers} == {bad.hash}

    async def test_the_predecessor_is_not_rolled_back_in_turn(self, start, two):
        good, promote_bad = two

        async with start(moody(nothing), **FAST) as http:
            promote_bad()
            await refresh(http)
            for _ in range(40):
                answer = await score(http)
        assert answer["model"]["hash"] == good.hash


class TestAfterwards:
    async def rolled_back(self, http, promote_bad):
        promote_bad()
        await refresh(http)
        for _ in range(12):
            await score(http)

    async def test_a_refresh_does_not_bring_it_back(self, start, two):
        good, promote_bad = two
        async with start(moody(nothing), **FAST) as http:
            await self.rolled_back(http, promote_bad)
            again = await refresh(http)
        assert (again["status"], again["problem"]) == ("unchanged", "rolled-back")
        assert again["after"]["hash"] == good.hash

    async def test_nor_does_a_restart(self, memory, start, two):
        good, promote_bad = two
        async with start(moody(nothing), **FAST) as http:
            await self.rolled_back(http, promote_bad)
            await refresh(http)  # on the same thread, so the return has been written
        async with start(moody(nothing), **FAST) as http:
            info = await state(http)
        assert info["current"]["ref"]["hash"] == good.hash
        assert info["problem"] == "rolled-back"

    async def test_a_newer_order_does(self, memory, start, two):
        good, promote_bad = two
        async with start(moody(nothing), **FAST) as http:
            await self.rolled_back(http, promote_bad)
            bad = memory.aliases("xgboost").target("champion")
            memory.rollback("xgboost", "champion", now=NOW + timedelta(hours=2))
            back = await refresh(http)
            memory.promote(
                "xgboost", bad.version, "champion", now=NOW + timedelta(hours=3)
            )
            forth = await refresh(http)
        assert (back["status"], back["problem"]) == ("unchanged", None)
        assert back["after"]["hash"] == good.hash
        assert (forth["status"], forth["after"]["hash"]) == ("swapped", bad.hash)
