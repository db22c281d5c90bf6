"""When and by whom a payment is reported: chargebacks after weeks, calls within days, and
the few reports of good payments that are withdrawn later."""

from typing import NamedTuple

import numpy as np

from fraud_ops.simulate.compose import Report
from fraud_ops.simulate.config import DAY_MS, HOUR_MS, SimulationConfig
from fraud_ops.simulate.randomness import Flags, generator

_CHARGEBACK_MEDIAN_DAYS = 15.0
_CHARGEBACK_SIGMA = 0.38
_MAX_DAYS = 75.0


class Reporting(NamedTuple):
    """How frauds of one scenario come to light. `called` is the share found by the
    customer (or by `caller`) within hours to days; the rest becomes a chargeback, or,
    where no scheme gives one, a late call (`late`)."""

    called: float
    call_median_hours: float
    caller: str = "customer_report"
    late: str = "chargeback"


REPORTING: dict[str, Reporting] = {
    "large_amount": Reporting(0.55, 20.0),
    "compromised_terminal": Reporting(0.30, 48.0),
    "stolen_card_spending_jump": Reporting(0.60, 14.0),
    "card_testing": Reporting(0.35, 40.0),
    "account_takeover": Reporting(0.85, 16.0, late="customer_report"),
    "mule_fan_in_out": Reporting(0.65, 44.0, late="issuer"),
    "sanctioned_counterparty": Reporting(0.9, 30.0, caller="analyst", late="analyst"),
}


def report(scenario: str, rng: np.random.Generator) -> Report:
    """When one fraudulent payment is reported, counted from the payment."""
    how = REPORTING[scenario]
    if rng.random() < how.called:
        hours = how.call_median_hours * float(np.exp(rng.normal(0.0, 0.9)))
        return Report(int(min(max(hours, 0.5), 240.0) * HOUR_MS), how.caller)
    return Report(_chargeback_ms(rng), how.late)


def false_reports(
    config: SimulationConfig, day: int, by_card: Flags
) -> dict[int, tuple[Report, ...]]:
    """Good card payments of a day that are disputed, then cleared: row -> both reports."""
    rng = generator(config.seed, "false-reports", day)
    disputed = np.flatnonzero(
        by_card & (rng.random(len(by_card)) < config.false_reports)
    )
    found: dict[int, tuple[Report, ...]] = {}
    for row in disputed.tolist():
        if rng.random() < 0.4:
            delay, source = int(rng.uniform(1.0, 96.0) * HOUR_MS), "customer_report"
        else:
            delay, source = _chargeback_ms(rng), "chargeback"
        cleared = delay + int(rng.uniform(2.0, 25.0) * DAY_MS)
        found[row] = (Report(delay, source), Report(cleared, source, reversal=True))
    return found


def _chargeback_ms(rng: np.random.Generator) -> int:
    days = _CHARGEBACK_MEDIAN_DAYS * float(np.exp(rng.normal(0.0, _CHARGEBACK_SIGMA)))
    return int(min(max(days, 1.0), _MAX_DAYS) * DAY_MS)
