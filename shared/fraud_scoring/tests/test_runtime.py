import asyncio
import threading

import pytest

from fraud_scoring.testing import linear_engine, linear_request, release


async def until(condition, seconds=5.0):
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.01)


class TestScore:
    async def test_a_signal_with_its_model(self, memory, start):
        made = release(memory)
        async with start() as http:
            reply = await http.post("/score", json=linear_request(1.0, None, 0.0))
        assert reply.status_code == 200
        signal = reply.json()
        assert signal["outcome"] == "scored"
        assert signal["raw"]["fraud_score"] == pytest.approx(0.6224593)
        assert signal["model"] == made.ref.model_dump()
        assert signal["top_features"] == []
        assert signal["elapsed_ms"] > 0

    @pytest.mark.parametrize(
        ("explain_from", "explained"), [(None, False), (0.0, True), (0.999, False)]
    )
    async def test_explains_from_the_asked_score_on(
        self, memory, start, explain_from, explained
    ):
        release(memory)
        async with start() as http:
            reply = await http.post(
                "/score", json=linear_request(1.0, 2.0, 0.0, explain_from=explain_from)
            )
        assert bool(reply.json()["top_features"]) == explained

    async def test_a_vector_of_another_set_is_a_conflict(self, memory, start):
        release(memory, feature_hash="0" * 64)
        async with start() as http:
            reply = await http.post("/score", json=linear_request(1.0, 2.0, 0.0))
        assert reply.status_code == 409
        assert reply.json()["type"] == "urn:fraud:problem:feature-set-mismatch"

    async def test_an_unknown_model_is_not_found(self, memory, start):
        release(memory)
        async with start() as http:
            reply = await http.post(
                "/score", json=linear_request(1.0, 2.0, 0.0, model="other")
            )
        assert reply.status_code == 404

    async def test_several_models_live_in_one_service(self, memory, start):
        release(memory)
        release(memory, (9.0, 0.0, 0.0), name="ieee_cis")
        async with start(models=("xgboost", "ieee_cis")) as http:
            one = await http.post("/score", json=linear_request(1.0, 0.0, 0.0))
            two = await http.post(
                "/score", json=linear_request(1.0, 0.0, 0.0, model="ieee_cis")
            )
        assert one.json()["model"]["name"] == "xgboost"
        assert two.json()["model"]["name"] == "ieee_cis"
        assert two.json()["score"] > one.json()["score"]

    async def test_a_spent_deadline_does_no_work(self, memory, start):
        release(memory)
        async with start() as http:
            reply = await http.post(
                "/score",
                json=linear_request(1.0, 2.0, 0.0),
                headers={"x-deadline-ms": "0"},
            )
        assert reply.status_code == 504

    async def test_needs_a_service_token(self, memory, start):
        release(memory)
        async with start() as http:
            del http.headers["authorization"]
            replies = [
                await http.post("/score", json=linear_request(1.0, 2.0, 0.0)),
                await http.get("/v1/model"),
                await http.post("/v1/refresh"),
            ]
        assert [reply.status_code for reply in replies] == [401, 401, 401]


class TestBatch:
    async def test_scores_equal_single_ones_in_order(self, memory, start):
        release(memory)
        rows = [linear_request(i / 50 - 2, None, 1.0) for i in range(150)]
        async with start() as http:
            batch = (await http.post("/score_batch", json={"rows": rows})).json()
            single = [(await http.post("/score", json=r)).json() for r in rows[:3]]
        scores = [signal["score"] for signal in batch["signals"]]
        assert scores == sorted(scores)
        assert len(scores) == 150
        assert scores[:3] == [signal["score"] for signal in single]

    async def test_models_may_be_mixed(self, memory, start):
        release(memory)
        release(memory, (9.0, 0.0, 0.0), name="ieee_cis")
        rows = [
            linear_request(1.0, 0.0, 0.0, model=name)
            for name in ("ieee_cis", None, "ieee_cis")
        ]
        async with start(models=("xgboost", "ieee_cis")) as http:
            reply = await http.post("/score_batch", json={"rows": rows})
        names = [signal["model"]["name"] for signal in reply.json()["signals"]]
        assert names == ["ieee_cis", "xgboost", "ieee_cis"]

    async def test_rows_are_explained_as_asked(self, memory, start):
        release(memory)
        rows = [
            linear_request(1.0, 2.0, 0.0),
            linear_request(1.0, 2.0, 0.0, explain_from=0.0),
        ]
        async with start() as http:
            reply = await http.post("/score_batch", json={"rows": rows})
        found = [bool(s["top_features"]) for s in reply.json()["signals"]]
        assert found == [False, True]

    async def test_more_than_a_thousand_are_refused(self, memory, start):
        release(memory)
        rows = [linear_request(1.0, 2.0, 0.0)] * 1001
        async with start() as http:
            reply = await http.post("/score_batch", json={"rows": rows})
        assert reply.status_code == 422


class TestExplaining:
    async def test_explain_always_explains(self, memory, start):
        release(memory)
        async with start() as http:
            reply = await http.post("/explain", json=linear_request(1.0, 2.0, 0.0))
        top = reply.json()["top_features"]
        assert [t["feature"] for t in top] == ["velocity", "amount"]

    async def test_a_slow_explanation_costs_only_itself(self, memory, start):
        """The score arrives within the deadline, and others are served meanwhile."""
        release(memory)
        held = threading.Event()
        loaded = threading.Event()

        def hold():
            if loaded.is_set():
                held.wait(10)

        async with start(linear_engine(hold)) as http:
            loaded.set()
            slow = asyncio.create_task(
                http.post(
                    "/score",
                    json=linear_request(1.0, 2.0, 0.0, explain_from=0.0),
                    headers={"x-deadline-ms": "150"},
                )
            )
            await asyncio.sleep(0)
            quick = await http.post("/score", json=linear_request(1.0, 2.0, 0.0))
            assert not slow.done()
            reply = await slow
            held.set()
        assert quick.json()["outcome"] == "scored"
        assert reply.json()["outcome"] == "scored"
        assert reply.json()["detail"] == "EXPLANATION_LATE"
        assert reply.json()["top_features"] == []

    async def test_a_queue_of_explanations_is_bounded(self, memory, start):
        release(memory)
        held = threading.Event()
        loaded = threading.Event()

        def hold():
            if loaded.is_set():
                held.wait(10)

        async with start(linear_engine(hold)) as http:
            loaded.set()
            waiting = [
                asyncio.create_task(
                    http.post(
                        "/score", json=linear_request(1.0, 2.0, 0.0, explain_from=0.0)
                    )
                )
                for _ in range(30)
            ]

            async def some_are_back():
                return sum(task.done() for task in waiting) == 14

            await until(some_are_back)
            held.set()
            replies = [(await task).json() for task in waiting]
        skipped = [r for r in replies if r["detail"] == "EXPLANATION_SKIPPED"]
        assert len(skipped) == 14
        assert all(r["outcome"] == "scored" for r in replies)
