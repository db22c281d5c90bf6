"""`fraud bench rules`: the engine on simulated payments, and the service beside nothing.

The ruleset is the shipped one, its rules repeated with other limits until there are enough,
all of them live. Every payment is evaluated by itself, as online; the first thousand warm
up what a service has warm.
"""

import asyncio
import json
import re
from collections.abc import Iterator
from functools import partial
from time import perf_counter_ns, thread_time_ns
from typing import Any

import numpy as np
import yaml

from fraud_engines.rules.engine import evaluate, timed
from fraud_engines.rules.ruleset import DEFAULT_RULESET, Ruleset, load
from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_lab.bench.rules.http import round_trips
from fraud_lab.rules.agreement import judged, vector
from fraud_lab.rules.month import DAYS, make
from fraud_ops.figures import Gate, finish, gate
from fraud_ops.simulate import SimulationConfig, shipped_names
from fraud_orchestrator.privacy import Privacy
from fraud_shared.contracts.signal import RulesRequest
from fraud_shared.contracts.transaction import TransactionIn

P50_MS, P99_MS, ROUND_TRIP = 0.15, 1.0, 2.0
WARM_UP = 1000
TIMED_PAYMENTS = 1000
_WHOLE = re.compile(r"(?<=[<>=] )(\d+)(?![\d.])")


def _raised(more: int, found: re.Match[str]) -> str:
    return str(int(found[1]) + more)


def bench_rules_command(
    *, payments: int, rules: int, http: bool, seed: int, as_json: bool, enforce: bool
) -> None:
    """Measure, show, judge."""
    text = many_rules(rules)
    ruleset = load(text.encode(), PAYMENT_FEATURES)
    # As many again teach the features what is usual.
    config = SimulationConfig(
        seed=seed, payments=2 * payments, days=DAYS, listed_names=shipped_names()
    )
    figures, kept = _engine(ruleset, config, payments)
    if http:
        found = asyncio.run(round_trips(text, kept))
        figures["round_trip"] = found
    finish(
        "bench rules",
        {"rules": rules, "ruleset": ruleset.version, **figures},
        _gates(figures),
        n=figures["payments"],
        seed=seed,
        as_json=as_json,
        enforce=enforce,
    )


def many_rules(count: int) -> str:
    """The shipped rules, all live, again and again with other limits: so many of them."""
    document = yaml.safe_load(DEFAULT_RULESET.read_text())
    shipped = [row for row in document["rules"] if row["state"] != "draft"]
    rows = []
    for number in range(count):
        row = dict(shipped[number % len(shipped)])
        more = number // len(shipped)
        row["when"] = _WHOLE.sub(partial(_raised, more), row["when"])
        rows.append(row | {"id": f"R-{number:03d}", "state": "live"})
    return yaml.safe_dump(document | {"name": "bench", "rules": rows}, sort_keys=False)


def _engine(
    ruleset: Ruleset, config: SimulationConfig, payments: int
) -> tuple[dict[str, Any], list[RulesRequest]]:
    """Milliseconds of each payment, microseconds of each rule; some requests to send."""
    spent, worked = np.zeros(payments), np.zeros(payments)
    per_rule: dict[str, list[float]] = {}
    kept: list[RulesRequest] = []
    done = hits = 0
    for number, request in enumerate(requests(config)):
        payment, features = request.transaction, request.features
        if number < WARM_UP:
            evaluate(ruleset, payment, features, payment.occurred_at)
            kept.append(request)
        if done == payments:
            break
        at_work, began = thread_time_ns(), perf_counter_ns()
        result = evaluate(ruleset, payment, features, payment.occurred_at)
        spent[done] = (perf_counter_ns() - began) / 1e6
        worked[done] = (thread_time_ns() - at_work) / 1e6
        hits += bool(result.hits)
        if done < TIMED_PAYMENTS:
            for rule, micros in timed(ruleset, payment, features).items():
                per_rule.setdefault(rule, []).append(micros)
        done += 1
    spent, worked = spent[:done], worked[:done]
    medians = {rule: float(np.median(taken)) for rule, taken in per_rule.items()}
    slowest = sorted(medians, key=medians.__getitem__, reverse=True)[:5]
    figures = {
        "payments": done,
        "payments_with_hits": hits,
        "p50_ms": round(float(np.percentile(spent, 50)), 4),
        "p99_ms": round(float(np.percentile(spent, 99)), 4),
        "p999_ms": round(float(np.percentile(spent, 99.9)), 4),
        # Of the processor alone: what other work on the machine does not change.
        "processor_ms": {
            f"p{share}": round(float(np.percentile(worked, share)), 4)
            for share in (50, 99, 99.9)
        },
        "per_rule_us": {
            "median": round(float(np.median(list(medians.values()))), 2),
            "slowest": {rule: round(medians[rule], 2) for rule in slowest},
        },
    }
    return figures, kept


def requests(config: SimulationConfig) -> Iterator[RulesRequest]:
    """The judged payments of a simulation, as the gateway sends them to the rules."""
    frame = make(config, None).frame
    rows = frame.select(PAYMENT_FEATURES.names).iter_rows()
    privacy = Privacy("bench")
    for event, values in zip(judged(config), rows, strict=False):
        payment = privacy.inside(
            TransactionIn.model_validate_json(json.dumps(event.payment))
        )
        yield RulesRequest(transaction=payment, features=vector(values))


def _gates(figures: dict[str, Any]) -> list[Gate]:
    """The bars as they were set."""
    trips = figures.get("round_trip", {})
    return [
        gate("engine p50 (ms)", figures["p50_ms"], P50_MS, "at_most"),
        gate("engine p99 (ms)", figures["p99_ms"], P99_MS, "at_most"),
        gate(
            "round trip over an empty route (p50)",
            trips.get("ratio_p50"),
            ROUND_TRIP,
            "at_most",
        ),
    ]
