"""The requests of a recording: simulated payments and labels of several clients."""

from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Any
from zlib import crc32

from fraud_features.definitions.registry import CREDIT_CARD
from fraud_lab.replay.recording import LABEL, PAYMENT, Request
from fraud_ops.simulate import (
    SCENARIO_SHARES,
    SimulatedPayment,
    SimulationConfig,
    shipped_names,
    stream,
)

CLIENTS = ("client-1", "client-2", "client-3")
DAYS = 90
# Enough of every scenario, and enough labels for many places to be risky.
FRAUD_RATE = 0.05
FALSE_REPORTS = 0.005
MOMENT = timedelta(milliseconds=1)
REPEATED, REFUSED = 0.01, 0.005
WITH_FEATURES, SOME_FEATURES, FEWER_PARTS = 0.15, 0.3, 0.15
OPTIONAL_PARTS = ("device", "session", "location", "customer", "merchant")


def simulated_requests(payments: int, seed: int) -> Iterator[Request]:
    """`payments` payments in order of time with the labels that are reported in between.

    Some carry features of their caller, of which some are left out; some lack a part that
    is optional; some are sent twice, some are to be refused.
    """
    config = SimulationConfig(
        seed=seed,
        payments=payments,
        days=DAYS,
        fraud_rate=FRAUD_RATE,
        false_reports=FALSE_REPORTS,
        scenarios=dict.fromkeys(SCENARIO_SHARES, 1 / len(SCENARIO_SHARES)),
        listed_names=shipped_names(),
    )
    chance = Random(seed)
    owner: dict[str, str] = {}
    sent = 0
    for event in stream(config):
        if sent >= payments:
            return
        if isinstance(event, SimulatedPayment):
            for request, taken in _requests(event, chance)[: payments - sent]:
                sent += 1
                if taken:
                    owner[request.body["transaction_id"]] = request.client
                yield request
        elif (client := owner.get(event.label["transaction_id"])) is not None:
            yield Request(client, event.reported_at + MOMENT, LABEL, event.label)


def _requests(event: SimulatedPayment, chance: Random) -> list[tuple[Request, bool]]:
    """The requests of one payment, and whether the gateway is to take them."""
    body = _varied(event.payment, chance)
    client = CLIENTS[crc32(body["account_id"].encode()) % len(CLIENTS)]
    at = event.occurred_at + MOMENT
    drawn = chance.random()
    if drawn < REFUSED:
        wrong = {**body, **chance.choice(_WRONG)}
        return [(Request(client, at, PAYMENT, wrong), False)]
    times = 2 if drawn < REFUSED + REPEATED else 1
    return [(Request(client, at, PAYMENT, body), True)] * times


_WRONG: tuple[dict[str, Any], ...] = (
    {"features": {"no_such_feature": 1.0}},
    {"amount_minor": -5},
    {"currency": "XXQ"},
)


def _varied(payment: dict[str, Any], chance: Random) -> dict[str, Any]:
    body = dict(payment)
    if chance.random() < FEWER_PARTS:
        body.pop(chance.choice(OPTIONAL_PARTS), None)
    if chance.random() < WITH_FEATURES:
        names = list(CREDIT_CARD.names)
        if chance.random() < SOME_FEATURES:
            names = sorted(chance.sample(names, len(names) // 2))
        body["features"] = {name: round(chance.gauss(0, 1), 6) for name in names}
    return body
