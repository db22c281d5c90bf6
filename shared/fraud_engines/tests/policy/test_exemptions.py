"""Exemptions from strong authentication: offered only where nothing speaks against it."""

from typing import Any

import pytest

from fraud_engines.testing import make_request
from fraud_shared.testing.factories import make_rules, make_screening


@pytest.fixture
def offered(policy: Any) -> Any:
    """The exemptions offered for a payment, with their limits."""

    def decide(risk: float = 0.001, **fields: Any) -> dict[str, tuple[Any, ...]]:
        given = {"may_be_exempt": True, "amount_ref_minor": 2_000, **fields}
        return {
            offer.exemption: (
                offer.payments_max,
                offer.sum_max_minor,
                offer.rate_max_bp,
            )
            for offer in policy.decide(make_request(risk=risk, **given)).exemptions
        }

    return decide


def test_small_remote_payment_may_ask_for_both(offered: Any) -> None:
    assert offered() == {
        "low_value": (5, 10_000, None),
        "transaction_risk_analysis": (None, None, 13),
    }


@pytest.mark.parametrize(
    ("amount", "rate"),
    [(3_001, 13), (10_000, 13), (10_001, 6), (25_000, 6), (25_001, 1), (50_000, 1)],
)
def test_band_of_the_amount_gives_the_rate(
    offered: Any, amount: int, rate: float
) -> None:
    found = offered(amount_ref_minor=amount)
    assert found == {"transaction_risk_analysis": (None, None, rate)}


def test_transfers_have_reference_rates_of_their_own(offered: Any) -> None:
    found = offered(kind="transfer", channel="mobile", amount_ref_minor=20_000)
    assert found["transaction_risk_analysis"] == (None, None, 1)


@pytest.mark.parametrize(
    "fields",
    [
        {"may_be_exempt": False},
        {"channel": "pos"},
        {"kind": "refund"},
        {"rules": make_rules(rules_flag="FLAG")},
        {"screening": make_screening(status="possible")},
        {"velocity_known": False},
        {"amount_ref_minor": 50_001},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_what_speaks_against_it_leaves_nothing(
    offered: Any, fields: dict[str, Any]
) -> None:
    assert offered(**fields) == {}


def test_risk_that_is_not_low_leaves_low_value_only(offered: Any) -> None:
    assert set(offered(risk=0.015)) == {"low_value"}
