"""Two replicas of a service: whichever is killed or frozen, no payment is degraded."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from fraud_orchestrator.stages.verdict import STAND_IN_POLICY
from fraud_shared.testing.factories import payment_body

SERVICES = (
    "rules",
    "decision",
    "sanctions",
    "isolation_forest",
    "autoencoder",
    "xgboost",
)
CAPS = {
    "rules_cap_ms": 400.0,
    "models_cap_ms": 400.0,
    "decision_cap_ms": 400.0,
    "wall_ms": 20_000.0,
    # A machine that stops for a second is no overload.
    "admission_share": 1.0,
}


async def frozen(path: str, body: bytes) -> tuple[int, bytes]:
    await asyncio.Event().wait()
    raise AssertionError


async def pay(run: Any, number: int) -> dict[str, Any]:
    reply = await run.score(payment_body(transaction_id=f"t{number}"))
    assert reply.status_code == 200
    body: dict[str, Any] = reply.json()
    return body


@pytest.mark.parametrize("gone", [None, frozen], ids=["killed", "frozen"])
@pytest.mark.parametrize("service", SERVICES)
async def test_a_payment_with_one_of_two_replicas_gone_is_not_degraded(
    start: Any, service: str, gone: Callable[..., Any] | None
) -> None:
    async with start(replicated=[service], **CAPS) as run:
        await pay(run, 0)
        run.transport.replicas[service][0] = gone
        replies = [await pay(run, number) for number in range(1, 17)]
    assert all(reply["versions"]["policy"] != STAND_IN_POLICY for reply in replies)
    assert len(run.neighbours.asked) == 17
    for asked in run.neighbours.asked:
        assert asked.rules.outcome == "scored"
        assert asked.screening.status != "unavailable"
        decisive = [s for s in asked.signals if s.source != "lightgbm"]
        assert [s.outcome for s in decisive] == ["scored"] * 3
