"""The exemption that a decision asks for: within its counters and its measured rate."""

import asyncio
import json
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from fraud_orchestrator.measured_rates import MeasuredRates
from fraud_orchestrator.stages.exemption import Exemptions
from fraud_shared.contracts.decision import ExemptionOffer
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.testing.factories import make_transaction, payment_body

LOW = ExemptionOffer(exemption="low_value", payments_max=5, sum_max_minor=10_000)
ANALYSIS = ExemptionOffer(exemption="transaction_risk_analysis", rate_max_bp=13)


def small(**fields: Any) -> dict[str, Any]:
    body = payment_body(**{"amount_minor": 1_000, **fields})
    return body | {"session": {"two_factor": False}}


async def asked(run: Any, *, times: int = 1, **fields: Any) -> list[str | None]:
    return [
        (await run.score(small(**fields))).json().get("exemption") for _ in range(times)
    ]


class TestLowValue:
    async def test_five_in_a_row_and_no_more(self, start: Any) -> None:
        async with start() as run:
            run.neighbours.exemptions = (LOW,)
            found = await asked(run, times=7)
        assert found == ["low_value"] * 5 + [None] * 2

    async def test_hundred_euro_together_and_no_more(self, start: Any) -> None:
        async with start() as run:
            run.neighbours.exemptions = (LOW,)
            found = await asked(run, times=4, amount_minor=3_000)
        assert found == ["low_value"] * 3 + [None]

    async def test_many_at_once_stay_within_the_limit(self, start: Any) -> None:
        async with start() as run:
            run.neighbours.exemptions = (LOW,)
            replies = await asyncio.gather(*(run.score(small()) for _ in range(12)))
        found = [reply.json().get("exemption") for reply in replies]
        assert found.count("low_value") == 5

    async def test_each_card_counts_for_itself(self, start: Any) -> None:
        async with start() as run:
            run.neighbours.exemptions = (LOW,)
            await asked(run, times=5)
            assert await asked(run, card={"token": "card-2"}) == ["low_value"]

    async def test_authenticated_payment_begins_again(self, start: Any) -> None:
        async with start() as run:
            run.neighbours.exemptions = (LOW,)
            await asked(run, times=5)
            run.neighbours.exemptions = ()
            await run.score(payment_body())
            run.neighbours.exemptions = (LOW,)
            assert await asked(run) == ["low_value"]

    @pytest.mark.parametrize(
        ("flow", "after"), [("challenge", "low_value"), ("frictionless", None)]
    )
    async def test_challenge_reported_as_event_begins_again(
        self, start: Any, flow: str, after: str | None
    ) -> None:
        async with start() as run:
            run.neighbours.exemptions = (LOW,)
            await asked(run, times=5)
            last = small()
            await run.score(last)
            event = {
                "transaction_id": last["transaction_id"],
                "event": "three_ds_finished",
                "occurred_at": last["occurred_at"],
                "three_ds": {"status": "Y", "flow": flow},
            }
            assert (await run.http.post("/v1/events", json=event)).status_code == 200
            assert await asked(run) == [after]


class Rates:
    """post_auth's answer, and a clock that a test moves."""

    def __init__(self, basis_points: float | None) -> None:
        self.at = 0.0
        self.status = 200
        self.body = json.dumps(
            {
                "month": "2026-03",
                "as_of": "2026-03-02T12:00:00Z",
                "vamp": {"reported": 0, "payments": 0, "basis_points": None},
                "ecm": {"reported": 0, "payments": 0, "basis_points": None},
                "tra": [
                    {
                        "instrument": "card",
                        "segment": segment,
                        "payments": 10,
                        "value_minor": 100,
                        "fraud_payments": 0,
                        "fraud_value_minor": 0,
                        "basis_points": basis_points if segment is None else 0.0,
                    }
                    for segment in (None, "consumer")
                ],
            }
        ).encode()

    async def forward(self, *_: Any, **__: Any) -> tuple[int, bytes]:
        return self.status, self.body

    def measured(self) -> MeasuredRates:
        client: Any = self
        return MeasuredRates(
            client, max_age=timedelta(hours=1), monotonic=lambda: self.at
        )


class TestMeasuredRate:
    async def test_fresh_rate_of_all_payments_counts(self) -> None:
        rates = Rates(12.5).measured()
        await rates.refresh()
        assert rates.rate_bp("card") is None
        await rates.refresh()
        assert rates.rate_bp("card") == 12.5
        assert rates.rate_bp("transfer") is None

    async def test_stale_rate_is_none(self) -> None:
        answer = Rates(12.5)
        rates = answer.measured()
        rates.rate_bp("card")
        await rates.refresh()
        answer.at, answer.status = 3_601.0, 503
        await rates.refresh()
        assert rates.rate_bp("card") is None

    @pytest.mark.parametrize(
        ("rate", "exemption"),
        [(13.0, "transaction_risk_analysis"), (13.1, None), (None, None)],
    )
    async def test_rate_above_the_reference_asks_for_nothing(
        self, rate: float | None, exemption: str | None
    ) -> None:
        rates = Rates(rate).measured()
        rates.rate_bp("card")
        await rates.refresh()
        no_counters: Any = None
        ruling: Any = SimpleNamespace(exemptions=(ANALYSIS,))
        found = await Exemptions(no_counters, rates).choose(
            ruling, make_transaction(), "shop", 9_000, Deadline.after(1_000)
        )
        assert found == exemption
