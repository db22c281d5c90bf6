"""What a simulation holds, scenario by scenario."""

from collections.abc import Iterable
from datetime import datetime
from statistics import median
from typing import NamedTuple

from fraud_ops.simulate.atlas import UNITS_PER_EUR
from fraud_ops.simulate.config import SimulationConfig
from fraud_ops.simulate.stream import SimulatedLabel, SimulatedPayment, stream
from fraud_shared.contracts.iso import CURRENCY_EXPONENT


class ScenarioRow(NamedTuple):
    """One line of the table. `kind` is `fraud` or `honest`; amounts in euros; the median
    delay of the reports is in days, None where nothing is reported."""

    name: str
    kind: str
    payments: int
    share: float
    median_eur: float
    median_delay_days: float | None


def summary(config: SimulationConfig) -> list[ScenarioRow]:
    """Runs a simulation and counts."""
    return summarise(stream(config))


def summarise(
    events: Iterable[SimulatedPayment | SimulatedLabel],
) -> list[ScenarioRow]:
    """Counts a simulation: fraud scenarios by name, then honest situations."""
    amounts: dict[tuple[str, str], list[float]] = {}
    paid: dict[str, tuple[tuple[str, str], datetime]] = {}
    delays: dict[tuple[str, str], list[float]] = {}
    for event in events:
        if isinstance(event, SimulatedPayment):
            key = _key(event)
            amounts.setdefault(key, []).append(_euros(event))
            paid[event.payment["transaction_id"]] = (key, event.occurred_at)
        elif not event.label["reversal"]:
            key, occurred_at = paid[event.label["transaction_id"]]
            days = (event.reported_at - occurred_at).total_seconds() / 86_400
            delays.setdefault(key, []).append(days)
    total = sum(len(values) for values in amounts.values())
    return [
        ScenarioRow(
            name=key[1],
            kind=key[0],
            payments=len(values),
            share=len(values) / total,
            median_eur=median(values),
            median_delay_days=median(delays[key]) if key in delays else None,
        )
        for key, values in sorted(amounts.items())
    ]


def _key(event: SimulatedPayment) -> tuple[str, str]:
    if event.fraud:
        return "fraud", str(event.scenario)
    return "honest", event.situation or "ordinary"


def _euros(event: SimulatedPayment) -> float:
    currency = event.payment["currency"]
    units = UNITS_PER_EUR[currency] * 10.0 ** CURRENCY_EXPONENT[currency]
    return float(event.payment["amount_minor"]) / units
