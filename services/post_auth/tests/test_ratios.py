"""Ratios of schemes and regulators: counted, each payment once."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from fraud_post_auth.ratios import Asked, measure
from fraud_post_auth.rows import scheme_of
from fraud_shared.contracts.events import (
    LABEL_REPORTED,
    PAYMENT_REPORTED,
    CloudEvent,
    event_id,
)
from fraud_shared.contracts.label import LabelReported
from fraud_shared.contracts.payment_events import PaymentReported
from fraud_shared.contracts.ratios import Ratios
from fraud_shared.testing.factories import NOON, make_transaction

MARCH = NOON.replace(day=1, hour=0)
APRIL = MARCH.replace(month=4)
MASTERCARD = {"card": {"token": "card-2", "bin": "510000", "last4": "0002"}}


def envelope(kind: str, name: str, data: Any) -> CloudEvent:
    return CloudEvent(
        id=event_id(name, kind),
        source="/fraud/test",
        type=kind,
        subject=data.transaction_id,
        time=NOON,
        data=data.model_dump(mode="json"),
    )


def reported(
    number: int, name: str, *, at: datetime = NOON + timedelta(days=2), **fields: Any
) -> Any:
    label = fields.pop("label", "fraud")
    said = {
        "transaction_id": f"tx-{number}",
        "label": label,
        "source": fields.pop("source", "issuer"),
        "reported_at": at,
        "event": name,
        "label_id": f"l-{number}-{name}-{at:%m%d%H}-{label}-"
        + "-".join(map(str, fields.values())),
        "tenant": "shop",
        **fields,
    }
    report = LabelReported.model_validate(said)
    return envelope(LABEL_REPORTED, said["label_id"], report)


def happened(number: int, name: str) -> Any:
    said = {
        "transaction_id": f"tx-{number}",
        "event": name,
        "occurred_at": NOON,
        "event_id": f"e-{number}-{name}",
        "tenant": "shop",
    }
    return envelope(
        PAYMENT_REPORTED, said["event_id"], PaymentReported.model_validate(said)
    )


async def ratios(service: Any, *tenants: str, month: datetime = MARCH) -> Ratios:
    asked = Asked(tenants or None, month, NOON + timedelta(days=30))
    async with service.db.read() as conn:
        return await measure(conn, asked)


class TestVamp:
    async def test_payment_with_many_reports_counts_once(self, world, decided) -> None:
        async with world.service() as service:
            await service.handle([decided(n) for n in range(4)])
            await service.handle(
                [
                    reported(0, "tc40"),
                    reported(0, "tc15", source="chargeback", stage="first"),
                    reported(0, "tc15", source="chargeback", stage="arbitration"),
                    reported(1, "tc15", label="undetermined", source="chargeback"),
                ]
            )
            found = (await ratios(service)).vamp
        assert (found.reported, found.payments, found.basis_points) == (2, 4, 5000.0)

    async def test_sale_is_neither_declined_nor_voided(self, world, decided) -> None:
        async with world.service() as service:
            await service.handle(
                [decided(0), decided(1, verdict="DECLINE"), decided(2), decided(3)]
            )
            await service.handle([happened(2, "voided"), happened(3, "captured")])
            await service.handle([happened(2, "voided")])
            found = (await ratios(service)).vamp
        assert found.payments == 2

    async def test_withdrawn_report_does_not_count(self, world, decided) -> None:
        async with world.service() as service:
            await service.handle([decided(0), reported(0, "tc40")])
            await service.handle(
                [reported(0, "tc40", at=NOON + timedelta(days=5), reversal=True)]
            )
            assert (await ratios(service)).vamp.reported == 0

    async def test_other_schemes_channels_and_months_do_not(
        self, world, decided
    ) -> None:
        async with world.service() as service:
            await service.handle(
                [
                    decided(0, **MASTERCARD),
                    decided(1, channel="pos"),
                    decided(2, occurred_at=NOON - timedelta(days=20)),
                ]
            )
            await service.handle(
                [reported(2, "tc40", at=APRIL + timedelta(days=1)), reported(1, "tc40")]
            )
            found = (await ratios(service)).vamp
        assert (found.reported, found.payments) == (0, 0)
        assert found.basis_points is None


async def test_ecm_compares_with_the_month_before(world, decided) -> None:
    async with world.service() as service:
        await service.handle([decided(n, **MASTERCARD) for n in range(8)])
        await service.handle(
            [
                reported(n, "chargeback", at=APRIL, source="chargeback", stage="first")
                for n in range(2)
            ]
        )
        found = (await ratios(service, month=APRIL)).ecm
    assert (found.reported, found.payments, found.basis_points) == (2, 8, 2500.0)


class TestFraudRate:
    async def test_is_by_value_of_remote_payments_per_segment(
        self, world, decided
    ) -> None:
        async with world.service() as service:
            await service.handle(
                [
                    decided(0, amount_minor=990_000, segment="consumer"),
                    decided(1, amount_minor=10_000, segment="consumer"),
                    decided(2, amount_minor=1_000_000, segment="business"),
                    decided(3, amount_minor=77, channel="pos"),
                    decided(4, amount_minor=77, occurred_at=NOON - timedelta(days=70)),
                ]
            )
            await service.handle([reported(1, "tc40"), reported(3, "tc40")])
            found = {(r.instrument, r.segment): r for r in (await ratios(service)).tra}
        assert found["card", "consumer"].basis_points == 100.0
        assert found["card", "business"].basis_points == 0.0
        assert found["card", None].fraud_value_minor == 10_000
        assert found["card", None].payments == 3
        assert ("transfer", None) not in found

    async def test_dispute_about_something_else_is_no_fraud(
        self, world, decided
    ) -> None:
        async with world.service() as service:
            await service.handle([decided(0)])
            await service.handle([reported(0, "chargeback", label="undetermined")])
            (rate,) = (await ratios(service)).tra
        assert rate.fraud_value_minor == 0

    async def test_tenants_see_their_own(self, world, decided) -> None:
        async with world.service() as service:
            await service.handle([decided(0), decided(1, client="market")])
            mine, all_of_them = await ratios(service, "shop"), await ratios(service)
        assert mine.tra[0].payments == 1
        assert all_of_them.tra[0].payments == 2


async def test_undetermined_payment_trains_no_model(world, decided) -> None:
    async with world.service() as service:
        await service.handle([decided(0), decided(1)])
        await service.handle([reported(0, "refund", label="undetermined")])
        written = await service.exporter.export(NOON + timedelta(days=60))
    assert written is not None
    assert written.rows == 1


@pytest.mark.parametrize(
    ("bin_", "scheme"),
    [
        ("400000", "visa"),
        ("222100", "mastercard"),
        ("559999", "mastercard"),
        ("370000", "amex"),
        ("352800", "jcb"),
        ("620000", "unionpay"),
        ("601100", "discover"),
        ("990100", "other"),
    ],
)
def test_scheme_follows_from_the_card_range(bin_: str, scheme: str) -> None:
    assert scheme_of(make_transaction(card={"bin": bin_})) == scheme
