"""Payments through ten real services."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

CHAMPIONS = ("isolation_forest", "autoencoder", "xgboost")


async def eventually(ask: Any, within_s: float = 15.0) -> Any:
    """The first true answer of `ask`; fails when there is none in time."""
    async with asyncio.timeout(within_s):
        while not (answer := await ask()):
            await asyncio.sleep(0.02)
    return answer


class TestAnOrdinaryPayment:
    async def test_all_ten_services_take_part(self, run: Any) -> None:
        async with run() as mesh:
            reply = await mesh.score()
            profile = await eventually(lambda: self._profile(mesh))
        assert {s["source"]: s["outcome"] for s in reply["signals"]} == {
            **dict.fromkeys(CHAMPIONS, "scored"),
            "lightgbm": "scored",
        }
        assert reply["screening"]["status"] == "clear"
        assert reply["screening"]["lists"]
        assert reply["rules"]["outcome"] == "scored"
        assert reply["degraded"] == []
        assert 0 <= reply["risk"] <= 1
        assert None not in (reply["if_score"], reply["ae_error"], reply["fraud_score"])
        assert profile["payments"] == 1

    async def _profile(self, mesh: Any) -> Any:
        response = await mesh.http.get("/profile/acc-1")
        return response.json() if response.status_code == 200 else None

    async def test_the_models_of_one_bundle_are_named(self, run: Any) -> None:
        async with run() as mesh:
            reply = await mesh.score()
        assert len({s["model"]["bundle"] for s in reply["signals"]}) == 1

    async def test_the_record_replays_to_the_same_decision(self, run: Any) -> None:
        async with run() as mesh:
            reply = await mesh.score()
            path = f"/v1/decisions/{reply['decision_id']}/replay"
            replay = (await mesh.http.get(path)).json()
        assert replay["same"] is True, replay["differences"]


class TestAListedName:
    async def test_a_listed_counterparty_is_declined_and_becomes_a_case(
        self, run: Any, listed_name: str
    ) -> None:
        async with run() as mesh:
            reply = await mesh.score(
                kind="transfer", counterparty={"name": listed_name, "account": "x-1"}
            )
        assert reply["screening"]["status"] == "match"
        assert reply["decision"] == "DECLINE"
        assert "case" in {action["kind"] for action in reply["actions"]}

    async def test_without_screening_nothing_is_approved(self, run: Any) -> None:
        async with run() as mesh:
            del mesh.local_mesh.apps["sanctions"]
            reply = await mesh.score()
        assert reply["decision"] != "APPROVE"
        assert "SANCTIONS_UNAVAILABLE" in reply["degraded"]

    async def test_by_lists_that_are_too_old_nothing_is_approved(
        self, run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        old = tmp_path / "own.csv"
        old.write_text(
            "id,name,type,aliases,birth_date,countries\n1,Quandrilo Vexwhistle,person,,,\n"
        )
        os.utime(old, (0, 0))
        monkeypatch.setenv("FRAUD_SANCTIONS_LISTS", str(tmp_path))
        async with run() as mesh:
            reply = await mesh.score()
        assert reply["screening"]["status"] == "clear"
        assert reply["decision"] != "APPROVE"
        assert "SANCTIONS_STALE" in reply["degraded"]


class TestMissingModels:
    @pytest.mark.parametrize("model", CHAMPIONS)
    async def test_one_model_gone_is_named_and_comes_back(
        self, run: Any, model: str
    ) -> None:
        async with run() as mesh:
            app = mesh.local_mesh.apps.pop(model)
            without = await mesh.score()
            mesh.local_mesh.apps[model] = app
            whole = await eventually(lambda: self._whole(mesh))
        assert f"MODEL_{model.upper()}_UNAVAILABLE" in without["degraded"]
        assert whole["degraded"] == []

    async def _whole(self, mesh: Any) -> Any:
        reply = await mesh.score()
        return reply if not reply["degraded"] else None

    async def test_all_models_gone_approves_no_large_payment(self, run: Any) -> None:
        async with run() as mesh:
            for model in (*CHAMPIONS, "lightgbm"):
                del mesh.local_mesh.apps[model]
            reply = await mesh.score(amount_minor=90_000)
        assert reply["decision"] != "APPROVE"
        assert "MODELS_UNAVAILABLE" in reply["degraded"]


class TestAChallenge:
    async def test_the_right_code_resolves_it_and_is_published(self, run: Any) -> None:
        async with run() as mesh:
            # Two models away: more than small change is challenged.
            for model in ("autoencoder", "xgboost"):
                del mesh.local_mesh.apps[model]
            reply = await mesh.score(amount_minor=50_000)
            assert reply["challenge_id"], reply["reason"]
            path = f"/v1/challenges/{reply['challenge_id']}"
            assert (await mesh.http.get(path)).json()["status"] == "pending"
            code = (await mesh.http.get(f"{path}/development-code")).json()
            verified = await mesh.http.post(f"{path}/verify", json=code)
            stored = await mesh.http.get(f"/v1/decisions/{reply['decision_id']}")
        assert verified.json()["status"] == "passed"
        (challenge,) = stored.json()["outcomes"]["challenges"]
        assert challenge["status"] == "passed"


class TestBlocks:
    async def test_a_blocked_card_is_declined_without_asking_the_models(
        self, run: Any
    ) -> None:
        async with run() as mesh:
            await mesh.online.put_block(
                "card", "card-1", datetime(2099, 1, 1, tzinfo=UTC)
            )
            reply = await mesh.score()
        assert reply["decision"] == "DECLINE"
        assert {s["outcome"] for s in reply["signals"]} == {"skipped"}


class TestLearning:
    async def test_a_label_reaches_the_profile_and_the_dataset(self, run: Any) -> None:
        async with run() as mesh:
            reply = await mesh.score()
            label = {
                "transaction_id": reply["transaction_id"],
                "label": "fraud",
                "source": "chargeback",
                "reported_at": datetime.now(UTC).isoformat(),
            }
            accepted = await mesh.http.post("/v1/labels", json=label)
            profile = await eventually(lambda: self._with_fraud(mesh))
        assert accepted.status_code == 200
        assert profile["labels"]["fraud"] == 1

    async def _with_fraud(self, mesh: Any) -> Any:
        response = await mesh.http.get("/profile/acc-1")
        profile = response.json() if response.status_code == 200 else None
        return profile if profile and profile["labels"]["fraud"] else None
