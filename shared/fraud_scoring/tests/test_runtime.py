import asyncio
import threading
from datetime import timedelta

import fsspec
import pytest
from pydantic_settings import SettingsConfigDict

from fraud_scoring.keys import generate_keys
from fraud_scoring.runtime import create_scorer_service
from fraud_scoring.settings import ScorerSettings
from fraud_scoring.testing import (
    NOW,
    linear_draft,
    linear_engine,
    linear_vector,
    memory_registry,
)
from fraud_shared.contracts.signal import ScoreRequest
from fraud_shared.testing.asgi import TEST_TOKEN_KEY, client
from fraud_shared.web.secrets import SecretMissing


class Settings(ScorerSettings):
    model_config = SettingsConfigDict(env_prefix="FRAUD_TEST_SCORER_")

    port: int = 8099
    models: tuple[str, ...] = ("xgboost",)


KEYS = generate_keys()


@pytest.fixture
def registry():
    return memory_registry(KEYS)


def release(registry, weights=(0.5, 1.0, -0.25), *, hours=0, name="xgboost", **more):
    now = NOW + timedelta(hours=hours)
    made = registry.publish(linear_draft(weights, name=name, **more), now=now)
    registry.promote(name, made.manifest.version, "champion", now=now)
    return made


@pytest.fixture
def start(registry, tmp_path):
    def start(engine=None, **overrides):
        fields = {
            "token_key": TEST_TOKEN_KEY,
            "public_key": KEYS.public_pem,
            "var_dir": tmp_path / "var",
            "poll_seconds": 0.02,
            **overrides,
        }
        app = create_scorer_service(
            "xgboost", Settings(**fields), engine or linear_engine(), registry=registry
        )
        return client(app)

    return start


def body(*values, **fields):
    request = ScoreRequest(
        transaction_id="tx-1", features=linear_vector(*values), **fields
    )
    return request.model_dump(mode="json")


async def until(condition, seconds=5.0):
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.01)


class TestScore:
    async def test_a_signal_with_its_model(self, registry, start):
        made = release(registry)
        async with start() as http:
            reply = await http.post("/score", json=body(1.0, None, 0.0))
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
        self, registry, start, explain_from, explained
    ):
        release(registry)
        async with start() as http:
            reply = await http.post(
                "/score", json=body(1.0, 2.0, 0.0, explain_from=explain_from)
            )
        assert bool(reply.json()["top_features"]) == explained

    async def test_a_vector_of_another_set_is_a_conflict(self, registry, start):
        release(registry, feature_hash="0" * 64)
        async with start() as http:
            reply = await http.post("/score", json=body(1.0, 2.0, 0.0))
        assert reply.status_code == 409
        assert reply.json()["type"] == "urn:fraud:problem:feature-set-mismatch"

    async def test_an_unknown_model_is_not_found(self, registry, start):
        release(registry)
        async with start() as http:
            reply = await http.post("/score", json=body(1.0, 2.0, 0.0, model="other"))
        assert reply.status_code == 404

    async def test_several_models_live_in_one_service(self, registry, start):
        release(registry)
        release(registry, (9.0, 0.0, 0.0), name="ieee_cis")
        async with start(models=("xgboost", "ieee_cis")) as http:
            one = await http.post("/score", json=body(1.0, 0.0, 0.0))
            two = await http.post("/score", json=body(1.0, 0.0, 0.0, model="ieee_cis"))
        assert one.json()["model"]["name"] == "xgboost"
        assert two.json()["model"]["name"] == "ieee_cis"
        assert two.json()["score"] > one.json()["score"]

    async def test_a_spent_deadline_does_no_work(self, registry, start):
        release(registry)
        async with start() as http:
            reply = await http.post(
                "/score", json=body(1.0, 2.0, 0.0), headers={"x-deadline-ms": "0"}
            )
        assert reply.status_code == 504

    async def test_needs_a_service_token(self, registry, start):
        release(registry)
        async with start() as http:
            del http.headers["authorization"]
            replies = [
                await http.post("/score", json=body(1.0, 2.0, 0.0)),
                await http.get("/v1/model"),
                await http.post("/v1/refresh"),
            ]
        assert [reply.status_code for reply in replies] == [401, 401, 401]


class TestBatch:
    async def test_scores_equal_single_ones_in_order(self, registry, start):
        release(registry)
        rows = [body(i / 50 - 2, None, 1.0) for i in range(150)]
        async with start() as http:
            batch = (await http.post("/score_batch", json={"rows": rows})).json()
            single = [(await http.post("/score", json=r)).json() for r in rows[:3]]
        scores = [signal["score"] for signal in batch["signals"]]
        assert scores == sorted(scores)
        assert len(scores) == 150
        assert scores[:3] == [signal["score"] for signal in single]

    async def test_models_may_be_mixed(self, registry, start):
        release(registry)
        release(registry, (9.0, 0.0, 0.0), name="ieee_cis")
        rows = [
            body(1.0, 0.0, 0.0, model=name) for name in ("ieee_cis", None, "ieee_cis")
        ]
        async with start(models=("xgboost", "ieee_cis")) as http:
            reply = await http.post("/score_batch", json={"rows": rows})
        names = [signal["model"]["name"] for signal in reply.json()["signals"]]
        assert names == ["ieee_cis", "xgboost", "ieee_cis"]

    async def test_rows_are_explained_as_asked(self, registry, start):
        release(registry)
        rows = [body(1.0, 2.0, 0.0), body(1.0, 2.0, 0.0, explain_from=0.0)]
        async with start() as http:
            reply = await http.post("/score_batch", json={"rows": rows})
        found = [bool(s["top_features"]) for s in reply.json()["signals"]]
        assert found == [False, True]

    async def test_more_than_a_thousand_are_refused(self, registry, start):
        release(registry)
        rows = [body(1.0, 2.0, 0.0)] * 1001
        async with start() as http:
            reply = await http.post("/score_batch", json={"rows": rows})
        assert reply.status_code == 422


class TestExplaining:
    async def test_explain_always_explains(self, registry, start):
        release(registry)
        async with start() as http:
            reply = await http.post("/explain", json=body(1.0, 2.0, 0.0))
        top = reply.json()["top_features"]
        assert [t["feature"] for t in top] == ["velocity", "amount"]

    async def test_a_slow_explanation_costs_only_itself(self, registry, start):
        """The score arrives within the deadline, and others are served meanwhile."""
        release(registry)
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
                    json=body(1.0, 2.0, 0.0, explain_from=0.0),
                    headers={"x-deadline-ms": "150"},
                )
            )
            await asyncio.sleep(0)
            quick = await http.post("/score", json=body(1.0, 2.0, 0.0))
            assert not slow.done()
            reply = await slow
            held.set()
        assert quick.json()["outcome"] == "scored"
        assert reply.json()["outcome"] == "scored"
        assert reply.json()["detail"] == "EXPLANATION_LATE"
        assert reply.json()["top_features"] == []

    async def test_a_queue_of_explanations_is_bounded(self, registry, start):
        release(registry)
        held = threading.Event()
        loaded = threading.Event()

        def hold():
            if loaded.is_set():
                held.wait(10)

        async with start(linear_engine(hold)) as http:
            loaded.set()
            waiting = [
                asyncio.create_task(
                    http.post("/score", json=body(1.0, 2.0, 0.0, explain_from=0.0))
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


class TestReadiness:
    async def test_an_empty_registry_then_a_model(self, registry, start):
        async with start() as http:
            assert (await http.get("/livez")).status_code == 200
            assert (await http.get("/readyz")).status_code == 503
            refused = await http.post("/score", json=body(1.0, 2.0, 0.0))
            assert refused.status_code == 503
            assert refused.json()["type"] == "urn:fraud:problem:model-not-loaded"
            info = (await http.get("/v1/model")).json()["models"][0]
            assert (info["current"], info["problem"]) == (None, "alias-missing")
            release(registry)

            async def ready():
                return (await http.get("/readyz")).status_code == 200

            await until(ready)
            scored = await http.post("/score", json=body(1.0, 2.0, 0.0))
            assert scored.status_code == 200

    async def test_without_keys_it_waits_for_them(self, registry, start, tmp_path):
        release(registry)
        async with start(public_key="") as http:
            assert (await http.get("/readyz")).status_code == 503
            (tmp_path / "var").mkdir(exist_ok=True)
            (tmp_path / "var" / "signing.pub.pem").write_text(KEYS.public_pem)

            async def ready():
                return (await http.get("/readyz")).status_code == 200

            await until(ready)

    @pytest.mark.parametrize(
        ("missing", "name"),
        [
            ("registry_uri", "MODEL_REGISTRY_URI"),
            ("public_key", "FRAUD_SIGNING_PUBLIC_KEY"),
        ],
    )
    def test_production_names_what_is_missing(self, start, missing, name):
        given = {"registry_uri": "memory://x", "public_key": KEYS.public_pem}
        with pytest.raises(SecretMissing, match=name):
            start(env="production", **{**given, missing: ""})


class TestDescription:
    async def test_says_what_is_served(self, registry, start):
        made = release(registry)
        async with start() as http:
            info = (await http.get("/v1/model")).json()
        current = info["models"][0]["current"]
        assert info["service"] == "xgboost"
        assert current["ref"] == made.ref.model_dump()
        assert current["alias"] == "champion"
        assert current["metadata"]["metrics"] == {"roc_auc": 0.9}
        assert current["model_card"].startswith("# Model card")

    async def test_metrics_name_the_model(self, registry, start):
        made = release(registry)
        async with start() as http:
            await http.post("/score", json=body(9.0, 2.0, 0.0))
            text = (await http.get("/metrics")).text
        assert f'hash="{made.hash}"' in text
        assert "fraud_model_score_bucket" in text
        assert "fraud_model_out_of_distribution_total" in text


class TestSwap:
    async def refresh(self, http):
        reply = await http.post("/v1/refresh")
        assert reply.status_code == 200
        return reply.json()["results"][0]

    async def test_there_and_back(self, registry, start):
        first = release(registry)
        async with start() as http:
            assert (await self.refresh(http))["status"] == "unchanged"
            second = release(registry, (2.0, 1.0, 0.0), hours=1)
            swapped = await self.refresh(http)
            assert (swapped["before"]["hash"], swapped["after"]["hash"]) == (
                first.hash,
                second.hash,
            )
            registry.rollback("xgboost", "champion", now=NOW + timedelta(hours=2))
            assert (await self.refresh(http))["after"]["hash"] == first.hash
            info = (await http.get("/v1/model")).json()["models"][0]
        assert info["previous"]["hash"] == second.hash

    async def test_a_bad_model_leaves_the_old_one(self, registry, start):
        good = release(registry)
        async with start() as http:
            release(registry, (-0.5, -1.0, 0.25), hours=1)
            refused = await self.refresh(http)
            signal = (await http.post("/score", json=body(1.0, 2.0, 0.0))).json()
            ready = await http.get("/readyz")
        assert (refused["status"], refused["problem"]) == (
            "refused",
            "degenerate-scores",
        )
        assert signal["model"]["hash"] == good.hash
        assert ready.status_code == 200

    async def test_a_tampered_model_leaves_the_old_one(self, registry, start):
        good = release(registry)
        async with start() as http:
            bad = release(registry, (0.6, 1.0, 0.0), hours=1)
            fs, root = fsspec.url_to_fs(registry.uri)
            version = bad.manifest.version
            fs.pipe_file(f"{root}/models/xgboost/{version}/weights.json", b"[7,7,7]")
            refused = await self.refresh(http)
            signal = (await http.post("/score", json=body(1.0, 2.0, 0.0))).json()
        assert refused["problem"] == "content-mismatch"
        assert signal["model"]["hash"] == good.hash

    async def test_under_load_every_answer_is_of_one_model(self, registry, start):
        models = {}
        for hour in range(4):
            made = release(registry, (0.5 + hour, 1.0, -0.25), hours=hour)
            models[made.hash] = 0.5 + hour
        versions = registry.versions("xgboost")
        linear = {hash_: w for hash_, w in models.items()}
        answers = []
        async with start() as http:
            done = asyncio.Event()

            async def load():
                while not done.is_set():
                    reply = await http.post("/score", json=body(1.0, 0.0, 0.0))
                    answers.append(reply)
                    await asyncio.sleep(0)  # the ASGI transport never suspends

            loads = [asyncio.create_task(load()) for _ in range(4)]
            for swap in range(12):
                later = NOW + timedelta(days=1, hours=swap)
                version = versions[swap % 4]
                registry.promote("xgboost", version, "champion", now=later)
                assert (await self.refresh(http))["status"] == "swapped"
            done.set()
            await asyncio.gather(*loads)
        assert {a.status_code for a in answers} == {200}
        for signal in (a.json() for a in answers):
            weight = linear[signal["model"]["hash"]]
            expected = 1 / (1 + 2.718281828459045**-weight)
            assert signal["raw"]["fraud_score"] == pytest.approx(expected, abs=1e-9)
        assert len({a.json()["model"]["hash"] for a in answers}) > 1
