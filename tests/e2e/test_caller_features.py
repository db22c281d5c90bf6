"""A payment's own `features`, checked against what the real models say they take."""

from datetime import UTC, datetime
from typing import Any

from fraud_features.definitions.registry import CREDIT_CARD, PAYMENT_FEATURES
from fraud_ops.train import ieee_cis
from fraud_shared.testing.factories import payment_body

PAID = {"TransactionAmt": 150.0, "ProductCD": "W"}
IEEE = dict.fromkeys(ieee_cis.COLUMNS) | PAID
CARD = dict.fromkeys(CREDIT_CARD.names, 0.5)


async def refused(mesh: Any, features: dict[str, Any]) -> list[str]:
    """The fields that the gateway names; none when the payment is decided."""
    body = payment_body(occurred_at=datetime.now(UTC), features=features)
    reply = await mesh.http.post("/score", json=body)
    assert reply.status_code in (200, 422), reply.text
    return [error["field"] for error in reply.json().get("errors", ())]


async def test_the_inputs_of_every_model_may_be_sent_and_no_others(run: Any) -> None:
    async with run() as mesh:
        assert await refused(mesh, IEEE) == []
        assert await refused(mesh, CARD) == []
        assert await refused(mesh, {**IEEE, "ProductCD": 1.0}) == ["features.ProductCD"]
        assert await refused(mesh, {**IEEE, "C99": 1.0}) == ["features.C99"]
        computed_here = {name: 0.0 for name in PAYMENT_FEATURES.names[:3]}
        assert await refused(mesh, computed_here) == [
            f"features.{name}" for name in computed_here
        ]
