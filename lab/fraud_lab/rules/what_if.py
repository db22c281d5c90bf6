"""`fraud decide what-if`: another policy on history, and the thresholds that history asks for.

One factor moves every threshold of risk below DECLINE, in the bands and in every segment: a
curve that a person can read. The cheapest factor is recommended by money, or the strictest
one whose challenges fit into the reviewers' hours.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from fraud_engines.policy.policy_schema import BandRow, PolicyDocument
from fraud_lab.rules.backtest import cost, outcome
from fraud_lab.rules.history import History
from fraud_lab.rules.intervals import Accounts
from fraud_shared.contracts.decision import Verdict

FACTORS = (1.0, *(round(float(f), 3) for f in np.geomspace(0.1, 8.0, 20)))


def scaled(document: PolicyDocument, factor: float) -> PolicyDocument:
    """The policy with every threshold of risk below DECLINE multiplied. A band that would
    begin beyond the next one is left out."""
    segments = tuple(
        s.model_copy(update={"bands": _bands(s.bands, factor)})
        for s in document.segments
    )
    risk = document.risk.model_copy(
        update={"bands": _bands(document.risk.bands, factor)}
    )
    return document.model_copy(update={"risk": risk, "segments": segments})


def _bands(rows: Sequence[BandRow], factor: float) -> tuple[BandRow, ...]:
    moved = [
        row
        if Verdict.DECLINE in row.allow
        else row.model_copy(update={"lower": row.lower * factor})
        for row in rows
    ]
    kept: list[BandRow] = []
    for place, row in enumerate(moved):
        later = [other.lower for other in moved[place + 1 :]]
        if row.lower <= 1.0 and all(row.lower < lower for lower in later):
            kept.append(row)
    return tuple(kept)


def thresholds(
    history: History, document: PolicyDocument, accounts: Accounts
) -> Iterator[dict[str, Any]]:
    """What every factor would have cost and stopped, with intervals."""
    known = history.fraud | history.good
    for factor in sorted(FACTORS):
        tried = scaled(document, factor)
        verdict = history.given.verdicts(tried)
        spent = cost(history, tried, verdict)
        per_payment = accounts.ratio(spent, known.astype(np.float64))
        yield {
            "factor": factor,
            "cost_per_1000": {
                "value": (per_payment["value"] or 0.0) * 1000,
                "interval": [v * 1000 for v in per_payment["interval"]],
            },
            "challenges_per_day": float((verdict == 1).sum() / history.days),
            **outcome(history, verdict, accounts),
        }


def by_money(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The cheapest row."""
    return min(rows, key=lambda row: row["cost_per_1000"]["value"])


def by_hours(
    rows: Sequence[dict[str, Any]], hours: float, minutes: float, scale: float
) -> dict[str, Any] | None:
    """The strictest row whose challenges of a day fit into the hours, when each takes so many
    minutes of a person; `scale`: payments a day in earnest for each in the history. None
    when not even the mildest fits."""
    fitting = [
        row for row in rows if row["challenges_per_day"] * scale * minutes <= hours * 60
    ]
    return min(fitting, key=lambda row: row["factor"]) if fitting else None
