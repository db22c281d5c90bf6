"""What the parity check plays: weeks of payments with all that goes wrong in them.

Late payments, payments at the same instant, repeats, labels that are withdrawn, repeated,
disputed by another source and overtake each other, a gateway that is killed, an online store that is restarted, and
one that is lost and rebuilt.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, Literal

from fraud_features.definitions.label_resolution import AUTHORITY
from fraud_ops.simulate import (
    SimulatedLabel,
    SimulatedPayment,
    SimulationConfig,
    shipped_names,
    transactions,
)

DAYS = 45
# As busy as the accounts that the models are trained on.
PAYMENTS_PER_ACCOUNT = DAYS * 100 / 120
TAPPED, LATE, REPEATED, REPORTED_TWICE, DISPUTED = 0.01, 0.04, 0.03, 0.1, 0.3
# How late, in seconds: a moment, an outage of minutes or hours, days of offline terminals.
LATENESS = ((0.05, 2.0), (60.0, 7200.0), (7200.0, 6 * 86_400.0))
# How far a repeat follows, in payments: a retry, or a nightly batch sent again.
REPEAT_AFTER = ((1, 5), (20, 400))

Event = Literal["restart gateway", "restart store", "lose store", "rebuild"]
# When what happens, as a share of the payments.
Incidents = Sequence[tuple[float, Event]]
INCIDENTS: Incidents = (
    (0.30, "restart gateway"),
    (0.45, "lose store"),
    (0.47, "rebuild"),
    (0.60, "restart store"),
    (0.75, "restart gateway"),
    (0.85, "lose store"),
    (0.86, "rebuild"),
)


@dataclass(frozen=True, slots=True)
class Pay:
    """Send a payment; `repeat` is one that was sent before."""

    body: dict[str, Any]
    repeat: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """Report a label; `repeat` is one that was reported before."""

    label: dict[str, Any]
    repeat: bool = False


@dataclass(frozen=True, slots=True)
class Incident:
    """Something happens to the mesh."""

    event: Event


Step = Pay | Report | Incident


def parity_scenario(
    payments: int, seed: int, until: datetime, incidents: Incidents = INCIDENTS
) -> list[Step]:
    """A script of exactly `payments` different payments that end at most a day before
    `until`, each at its own event time."""
    chance = Random(seed)
    taps = round(payments * TAPPED)
    midnight = until.replace(hour=0, minute=0, second=0, microsecond=0)
    simulation = transactions(
        SimulationConfig(
            seed=seed,
            payments=payments - taps,
            start=midnight - timedelta(days=DAYS),
            days=DAYS,
            accounts=max(20, round(payments / PAYMENTS_PER_ACCOUNT)),
            fraud_rate=0.03,
            false_reports=0.01,
            listed_names=shipped_names(),
        )
    )
    arrivals = _arrivals(simulation.payments, taps, chance)
    labels = _disputed(simulation.labels, chance)
    steps = list(_merged(arrivals, labels, chance))
    return _with_incidents(_with_repeats(steps, chance), payments, incidents)


def _arrivals(
    payments: Sequence[SimulatedPayment], taps: int, chance: Random
) -> list[SimulatedPayment]:
    """Payments in the order in which they arrive; `taps` are made twice in one instant."""
    tapped = set(chance.sample(range(len(payments)), taps))
    timed: list[tuple[datetime, int, SimulatedPayment]] = []
    for number, payment in enumerate(payments):
        at = payment.occurred_at
        if chance.random() < LATE:
            at += timedelta(seconds=chance.uniform(*chance.choice(LATENESS)))
        timed.append((at, len(timed), payment))
        if number in tapped:
            body = payment.payment
            twin = {**body, "transaction_id": f"{body['transaction_id']}-again"}
            timed.append((at, len(timed), payment._replace(payment=twin)))
    return [payment for _, _, payment in sorted(timed, key=lambda one: one[:2])]


def _disputed(labels: Sequence[SimulatedLabel], chance: Random) -> list[SimulatedLabel]:
    """Of some payments another source, stronger or weaker, says days later that all was
    well."""
    reported = list(labels)
    for one in labels:
        if chance.random() < DISPUTED:
            at = one.reported_at + timedelta(days=chance.uniform(0.01, 5.0))
            others = [s for s in AUTHORITY if s != one.label["source"]]
            said = {
                "label": "legitimate",
                "source": chance.choice(others),
                "reversal": False,
                "reported_at": at.isoformat(),
            }
            reported.append(SimulatedLabel({**one.label, **said}, at))
    return sorted(reported, key=lambda label: label.reported_at)


def _merged(
    arrivals: Sequence[SimulatedPayment],
    labels: Sequence[SimulatedLabel],
    chance: Random,
) -> Iterator[Step]:
    """Each label before the first payment that may see it: event time has passed it."""
    clock, reported = arrivals[0].occurred_at, 0
    for payment in arrivals:
        clock = max(clock, payment.occurred_at)
        due: list[Step] = []
        while reported < len(labels) and labels[reported].reported_at < clock:
            due.append(Report(labels[reported].label))
            if chance.random() < REPORTED_TWICE:
                due.append(Report(labels[reported].label, repeat=True))
            reported += 1
        # What is due together may arrive in any order.
        chance.shuffle(due)
        yield from due
        yield Pay(payment.payment)


def _with_repeats(steps: Sequence[Step], chance: Random) -> list[Step]:
    timed: list[tuple[int, Step]] = list(enumerate(steps))
    for place, step in enumerate(steps):
        if isinstance(step, Pay) and chance.random() < REPEATED:
            after = place + chance.randint(*chance.choice(REPEAT_AFTER))
            timed.append((after, Pay(step.body, repeat=True)))
    return [step for _, step in sorted(timed, key=lambda one: one[0])]


def _with_incidents(
    steps: Sequence[Step], payments: int, incidents: Incidents
) -> list[Step]:
    result: list[Step] = []
    waiting, paid = list(incidents), 0
    for step in steps:
        while waiting and paid >= waiting[0][0] * payments:
            result.append(Incident(waiting.pop(0)[1]))
        paid += isinstance(step, Pay) and not step.repeat
        result.append(step)
    return result
