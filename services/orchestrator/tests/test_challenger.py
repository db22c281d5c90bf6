"""Whose score decides: the champion's, or for some accounts the challenger's."""

import asyncio
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fraud_orchestrator.stages.challenger import CHALLENGER, Challenger
from fraud_shared.contracts.decision import DecisionMade
from fraud_shared.testing.factories import make_signal, payment_body

SHARES = st.floats(0.0, 1.0)


class TestWhichAccounts:
    @given(SHARES, SHARES, st.text(min_size=1))
    def test_a_larger_share_only_adds_accounts(
        self, one: float, other: float, account: str
    ) -> None:
        small, large = sorted((one, other))
        if Challenger("share", small).has(account):
            assert Challenger("share", large).has(account)

    @given(st.text(min_size=1))
    def test_nobody_at_zero_and_everybody_at_one(self, account: str) -> None:
        assert not Challenger("share", 0.0).has(account)
        assert Challenger("share", 1.0).has(account)

    @given(st.text(min_size=1))
    def test_in_shadow_it_decides_for_nobody(self, account: str) -> None:
        assert not Challenger("shadow", 1.0).has(account)

    def test_the_share_is_kept(self) -> None:
        trial = Challenger("share", 0.1)
        chosen = sum(trial.has(f"account-{n}") for n in range(20_000))
        # Five deviations of a fair draw.
        assert abs(chosen - 2000) < 5 * (20_000 * 0.1 * 0.9) ** 0.5


class TestOnAPayment:
    async def test_in_the_share_the_challenger_decides_and_both_scores_stay(
        self, start: Any
    ) -> None:
        async with start(challenger_mode="share", challenger_share=1.0) as run:
            run.neighbours.scores = {"xgboost": 0.02, "lightgbm": 0.42}
            reply = (await run.score(payment_body())).json()
            stored = await run.http.get(f"/v1/decisions/{reply['decision_id']}")
        [asked] = run.neighbours.asked
        assert asked.risk_model == CHALLENGER
        scores = {s["source"]: s["score"] for s in reply["signals"]}
        assert (scores["xgboost"], scores["lightgbm"]) == (0.02, 0.42)
        deciding = make_signal("lightgbm", 0.42).raw["fraud_score"]
        assert reply["fraud_score"] == deciding
        record = DecisionMade.model_validate_json(json.dumps(stored.json()["record"]))
        assert record.request() == asked

    async def test_outside_the_share_it_does_not(self, start: Any) -> None:
        async with start(challenger_mode="share", challenger_share=0.0) as run:
            await run.score(payment_body())
        [asked] = run.neighbours.asked
        assert asked.risk_model is None
        assert asked.signals[-1].source == CHALLENGER

    async def test_switched_off_it_is_not_asked(self, start: Any) -> None:
        async with start(challenger_mode="off") as run:
            reply = (await run.score(payment_body())).json()
        assert CHALLENGER not in {s["source"] for s in reply["signals"]}

    async def test_where_it_decides_it_is_waited_for(self, start: Any) -> None:
        async with start(challenger_mode="share", challenger_share=1.0) as run:
            answer = run.transport.responders["lightgbm"]

            async def slow(path: str, body: bytes) -> tuple[int, bytes]:
                for _ in range(100):  # turns of the loop, long after the others
                    await asyncio.sleep(0)
                found: tuple[int, bytes] = await answer(path, body)
                return found

            run.transport.responders["lightgbm"] = slow
            reply = (await run.score(payment_body())).json()
        assert reply["signals"][-1]["outcome"] == "scored"

    async def test_where_it_is_away_the_champion_decides(self, start: Any) -> None:
        async with start(challenger_mode="share", challenger_share=1.0) as run:
            del run.transport.responders["lightgbm"]
            reply = (await run.score(payment_body())).json()
        [asked] = run.neighbours.asked
        assert asked.risk_model is None
        assert reply["degraded"] == []
