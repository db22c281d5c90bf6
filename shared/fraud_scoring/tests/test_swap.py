import asyncio
from datetime import timedelta

import fsspec
import pytest

from fraud_scoring.testing import NOW, linear_request, release
from fraud_shared.web.secrets import SecretMissing


async def until(condition, seconds=5.0):
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.01)


class TestReadiness:
    async def test_an_empty_registry_then_a_model(self, memory, start):
        async with start() as http:
            assert (await http.get("/livez")).status_code == 200
            assert (await http.get("/readyz")).status_code == 503
            refused = await http.post("/score", json=linear_request(1.0, 2.0, 0.0))
            assert refused.status_code == 503
            assert refused.json()["type"] == "urn:fraud:problem:model-not-loaded"
            info = (await http.get("/v1/model")).json()["models"][0]
            assert (info["current"], info["problem"]) == (None, "alias-missing")
            release(memory)

            async def ready():
                return (await http.get("/readyz")).status_code == 200

            await until(ready)
            scored = await http.post("/score", json=linear_request(1.0, 2.0, 0.0))
            assert scored.status_code == 200

    async def test_only_the_default_model_must_be_there(self, memory, start):
        release(memory)
        async with start(models=("xgboost", "credit_card")) as http:
            assert (await http.get("/readyz")).status_code == 200
            away = linear_request(1.0, 2.0, 0.0, model="credit_card")
            assert (await http.post("/score", json=away)).status_code == 503

    async def test_another_model_does_not_stand_in_for_the_default(self, memory, start):
        release(memory, name="credit_card")
        async with start(models=("xgboost", "credit_card")) as http:
            assert (await http.get("/readyz")).status_code == 503
            there = linear_request(1.0, 2.0, 0.0, model="credit_card")
            assert (await http.post("/score", json=there)).status_code == 200

    async def test_without_keys_it_waits_for_them(self, memory, start, tmp_path, keys):
        release(memory)
        async with start(public_key="") as http:
            assert (await http.get("/readyz")).status_code == 503
            (tmp_path / "var").mkdir(exist_ok=True)
            (tmp_path / "var" / "signing.pub.pem").write_text(keys.public_pem)

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
    def test_production_names_what_is_missing(self, start, keys, missing, name):
        given = {"registry_uri": "memory://x", "public_key": keys.public_pem}
        with pytest.raises(SecretMissing, match=name):
            start(env="production", **{**given, missing: ""})


class TestDescription:
    async def test_says_what_is_served(self, memory, start):
        made = release(memory)
        async with start() as http:
            info = (await http.get("/v1/model")).json()
        current = info["models"][0]["current"]
        assert info["service"] == "xgboost"
        assert current["ref"] == made.ref.model_dump()
        assert current["alias"] == "champion"
        assert current["metadata"]["metrics"] == {"roc_auc": 0.9}
        assert current["model_card"].startswith("# Model card")

    async def test_metrics_name_the_model(self, memory, start):
        made = release(memory)
        async with start() as http:
            await http.post("/score", json=linear_request(9.0, 2.0, 0.0))
            text = (await http.get("/metrics")).text
        assert f'hash="{made.hash}"' in text
        assert "fraud_model_score_bucket" in text
        assert "fraud_model_out_of_distribution_total" in text


class TestAlerts:
    async def test_counters_stand_at_zero_before_the_first_count(self, start):
        async with start(models=("xgboost", "never_seen")) as http:
            text = (await http.get("/metrics")).text
        zero = [line for line in text.splitlines() if 'model="never_seen"' in line]
        for line in (
            'fraud_model_rollbacks_total{model="never_seen",reason="error-rate"',
            'fraud_model_rollbacks_total{model="never_seen",reason="degraded-rate"',
            'fraud_model_refusals_total{model="never_seen",problem="signature-invalid"',
            'fraud_model_swaps_total{model="never_seen",result="refused"',
        ):
            [found] = [one for one in zero if one.startswith(line)]
            assert found.endswith(" 0.0")


class TestSwap:
    async def refresh(self, http):
        reply = await http.post("/v1/refresh")
        assert reply.status_code == 200
        return reply.json()["results"][0]

    async def test_there_and_back(self, memory, start):
        first = release(memory)
        async with start() as http:
            assert (await self.refresh(http))["status"] == "unchanged"
            second = release(memory, (2.0, 1.0, 0.0), hours=1)
            swapped = await self.refresh(http)
            assert (swapped["before"]["hash"], swapped["after"]["hash"]) == (
                first.hash,
                second.hash,
            )
            memory.rollback("xgboost", "champion", now=NOW + timedelta(hours=2))
            assert (await self.refresh(http))["after"]["hash"] == first.hash
            info = (await http.get("/v1/model")).json()["models"][0]
        assert info["previous"]["hash"] == second.hash

    async def test_a_bad_model_leaves_the_old_one(self, memory, start):
        good = release(memory)
        async with start() as http:
            release(memory, (-0.5, -1.0, 0.25), hours=1)
            refused = await self.refresh(http)
            signal = (
                await http.post("/score", json=linear_request(1.0, 2.0, 0.0))
            ).json()
            ready = await http.get("/readyz")
        assert (refused["status"], refused["problem"]) == (
            "refused",
            "degenerate-scores",
        )
        assert signal["model"]["hash"] == good.hash
        assert ready.status_code == 200

    async def test_a_tampered_model_leaves_the_old_one(self, memory, start):
        good = release(memory)
        async with start() as http:
            bad = release(memory, (0.6, 1.0, 0.0), hours=1)
            fs, root = fsspec.url_to_fs(memory.uri)
            version = bad.manifest.version
            fs.pipe_file(f"{root}/models/xgboost/{version}/weights.json", b"[7,7,7]")
            refused = await self.refresh(http)
            signal = (
                await http.post("/score", json=linear_request(1.0, 2.0, 0.0))
            ).json()
        assert refused["problem"] == "content-mismatch"
        assert signal["model"]["hash"] == good.hash

    async def test_under_load_every_answer_is_of_one_model(self, memory, start):
        models = {}
        for hour in range(4):
            made = release(memory, (0.5 + hour, 1.0, -0.25), hours=hour)
            models[made.hash] = 0.5 + hour
        versions = memory.versions("xgboost")
        linear = {hash_: w for hash_, w in models.items()}
        answers = []
        async with start() as http:
            done = asyncio.Event()

            async def load():
                while not done.is_set():
                    reply = await http.post(
                        "/score", json=linear_request(1.0, 0.0, 0.0)
                    )
                    answers.append(reply)
                    await asyncio.sleep(0)  # the ASGI transport never suspends

            loads = [asyncio.create_task(load()) for _ in range(4)]
            for swap in range(12):
                later = NOW + timedelta(days=1, hours=swap)
                version = versions[swap % 4]
                memory.promote("xgboost", version, "champion", now=later)
                assert (await self.refresh(http))["status"] == "swapped"
            done.set()
            await asyncio.gather(*loads)
        assert {a.status_code for a in answers} == {200}
        for signal in (a.json() for a in answers):
            weight = linear[signal["model"]["hash"]]
            expected = 1 / (1 + 2.718281828459045**-weight)
            assert signal["raw"]["fraud_score"] == pytest.approx(expected, abs=1e-9)
        assert len({a.json()["model"]["hash"] for a in answers}) > 1
