"""The ratios of schemes and regulators, counted in SQL from payments, labels and events.

A sale is a payment that was not declined here, nor by the issuer, nor voided. A report
counts in the month in which its source made it, a payment once however many reports it has,
and a report that was withdrawn not at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from fraud_post_auth.tables import labels, outcomes, payment_events, training_rows
from fraud_shared.contracts.payment_events import NO_SALE
from fraud_shared.contracts.ratios import CountRatio, FraudRate, Instrument, Ratios

WINDOW = timedelta(days=90)
_REMOTE = ("ecommerce", "mobile", "online_banking")
_INSTRUMENTS: dict[Instrument, str] = {"card": "card_payment", "transfer": "transfer"}
_FRAUD_REPORTS = ("tc40", "early_fraud_warning")
_DISPUTES = ("tc15", "chargeback")
_ROWS = training_rows.c


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose payments (None: everybody's), and when."""

    tenants: tuple[str, ...] | None
    month: datetime
    as_of: datetime


def month_of(text: str | None, now: datetime) -> datetime:
    """The first moment of a month written as `2026-03`; of this one without."""
    if text is None:
        return now.astimezone(UTC).replace(
            day=1, hour=0, minute=0, second=0, microsecond=0
        )
    year, month = map(int, text.split("-"))
    return datetime(year, month, 1, tzinfo=UTC)


async def measure(conn: AsyncConnection, asked: Asked) -> Ratios:
    """All ratios, from one reading of the database."""
    begin, end = asked.month, _next(asked.month)
    before = _previous(asked.month)
    remote = _ROWS.channel.in_(_REMOTE)
    visa = sa.and_(_ROWS.scheme == "visa", remote)
    mastercard = _ROWS.scheme == "mastercard"
    return Ratios(
        month=f"{begin:%Y-%m}",
        as_of=asked.as_of,
        vamp=await _count_ratio(
            conn,
            _reported(asked, visa, (*_FRAUD_REPORTS, *_DISPUTES), begin, end),
            _sales_between(asked, visa, begin, end),
        ),
        ecm=await _count_ratio(
            conn,
            _reported(asked, mastercard, ("chargeback",), begin, end),
            _sales_between(asked, mastercard, before, begin),
        ),
        tra=tuple(await _rates(conn, asked)),
    )


def _next(month: datetime) -> datetime:
    return (month + timedelta(days=32)).replace(day=1)


def _previous(month: datetime) -> datetime:
    return (month - timedelta(days=1)).replace(day=1)


def _sale(asked: Asked) -> sa.ColumnElement[bool]:
    unsold = sa.exists().where(
        payment_events.c.transaction_id == _ROWS.transaction_id,
        payment_events.c.tenant == _ROWS.tenant,
        payment_events.c.event.in_(NO_SALE),
    )
    sold = sa.and_(_ROWS.decision != "DECLINE", ~unsold)
    return sold if asked.tenants is None else sold & _ROWS.tenant.in_(asked.tenants)


def _sales_between(
    asked: Asked, which: sa.ColumnElement[bool], begin: datetime, end: datetime
) -> sa.Select[Any]:
    return (
        sa.select(sa.func.count())
        .select_from(training_rows)
        .where(
            _ROWS.kind == "card_payment",
            which,
            _sale(asked),
            _ROWS.occurred_at >= begin,
            _ROWS.occurred_at < end,
        )
    )


def _reported(
    asked: Asked,
    which: sa.ColumnElement[bool],
    events: Sequence[str],
    begin: datetime,
    end: datetime,
) -> sa.Select[Any]:
    later = labels.alias("later")
    withdrawn = sa.exists().where(
        later.c.transaction_id == labels.c.transaction_id,
        later.c.tenant == labels.c.tenant,
        later.c.event == labels.c.event,
        later.c.reversal.is_(True),
        later.c.reported_at >= labels.c.reported_at,
    )
    # A dispute that goes on to another stage is the same dispute.
    first = sa.or_(labels.c.stage.is_(None), labels.c.stage == "first")
    reports = sa.exists().where(
        labels.c.transaction_id == _ROWS.transaction_id,
        labels.c.tenant == _ROWS.tenant,
        labels.c.event.in_(events),
        labels.c.reversal.is_(False),
        labels.c.reported_at >= begin,
        labels.c.reported_at < end,
        first,
        ~withdrawn,
    )
    return (
        sa.select(sa.func.count())
        .select_from(training_rows)
        .where(_ROWS.kind == "card_payment", which, _sale(asked), reports)
    )


async def _count_ratio(
    conn: AsyncConnection, reported: sa.Select[Any], sales: sa.Select[Any]
) -> CountRatio:
    some = int((await conn.execute(reported)).scalar_one())
    all_of_them = int((await conn.execute(sales)).scalar_one())
    return CountRatio(
        reported=some, payments=all_of_them, basis_points=_bp(some, all_of_them)
    )


async def _rates(conn: AsyncConnection, asked: Asked) -> list[FraudRate]:
    fraud = sa.exists().where(
        outcomes.c.transaction_id == _ROWS.transaction_id,
        outcomes.c.tenant == _ROWS.tenant,
        outcomes.c.state == "fraud",
    )
    amount = _ROWS.amount_ref_minor
    query = (
        sa.select(
            _ROWS.kind,
            _ROWS.segment,
            sa.func.count(),
            sa.func.coalesce(sa.func.sum(amount), 0),
            sa.func.coalesce(sa.func.sum(sa.case((fraud, 1), else_=0)), 0),
            sa.func.coalesce(sa.func.sum(sa.case((fraud, amount), else_=0)), 0),
        )
        .where(
            _ROWS.kind.in_(_INSTRUMENTS.values()),
            _ROWS.channel.in_(_REMOTE),
            _sale(asked),
            _ROWS.occurred_at >= asked.as_of - WINDOW,
            _ROWS.occurred_at < asked.as_of,
        )
        .group_by(_ROWS.kind, _ROWS.segment)
    )
    groups: dict[tuple[str, str | None], list[int]] = {}
    for kind, segment, *figures in await conn.execute(query):
        for name in {None, segment}:
            sums = groups.setdefault((kind, name), [0, 0, 0, 0])
            for place, figure in enumerate(figures):
                sums[place] += int(figure)
    return [
        _rate(instrument, segment, sums)
        for instrument, wanted in _INSTRUMENTS.items()
        for (kind, segment), sums in sorted(groups.items(), key=lambda g: g[0][1] or "")
        if kind == wanted
    ]


def _rate(instrument: Instrument, segment: str | None, sums: list[int]) -> FraudRate:
    payments, value, fraud_payments, fraud_value = sums
    return FraudRate(
        instrument=instrument,
        segment=segment,
        payments=payments,
        value_minor=value,
        fraud_payments=fraud_payments,
        fraud_value_minor=fraud_value,
        basis_points=_bp(fraud_value, value),
    )


def _bp(part: int, whole: int) -> float | None:
    return part * 10_000 / whole if whole else None
