"""Payments that were decided: simulated ones, or recorded ones."""

import gzip
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import polars as pl
from pydantic import ValidationError

from fraud_engines.policy.policy_schema import PolicyDocument
from fraud_engines.rules.fields import PAYMENT_FIELDS, flat
from fraud_engines.rules.ruleset import Ruleset
from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_lab.models_compare.cases import reported_label
from fraud_lab.rules.in_bulk import CHUNK, Applied, RuleColumns, RulesetColumns
from fraud_lab.rules.month import Month
from fraud_lab.rules.policy_columns import Given, of_month, of_requests
from fraud_ops.features.logs import decision_log
from fraud_ops.mesh.environment import LocalMesh
from fraud_ops.running import CommandError
from fraud_post_auth.outcomes import fold, settled
from fraud_shared.contracts.decision import DecisionMade

# Silence for so long means that a payment was good.
MATURITY = timedelta(days=30)
DECLINED = 2


class NoHistory(CommandError, ValueError):
    """There is nothing to measure on."""


@dataclass(frozen=True)
class History:
    """Decided payments as columns.

    `decided`: the severity of the verdict that was given. `fraud` and `good` are what is
    known; a payment that is neither has no outcome yet. `blind`: declined in earnest, so
    nobody will ever know; there is no control group that was let through.
    """

    frame: pl.DataFrame
    given: Given
    decided: np.ndarray
    fraud: np.ndarray
    good: np.ndarray
    blind: np.ndarray
    what: str
    seed: int | None

    @property
    def amount(self) -> np.ndarray:
        """Minor units of the reference currency."""
        return self.frame["ref_minor"].to_numpy()

    @property
    def days(self) -> float:
        """How many days it spans."""
        at = self.frame["occurred_at"].dt.timestamp("ms").to_numpy()
        return max(1.0, float(at.max() - at.min()) / 86_400_000)

    def __len__(self) -> int:
        return self.frame.height


def simulated(month: Month, ruleset: Ruleset, policy: PolicyDocument) -> History:
    """A simulated month, decided by a ruleset and a policy; every outcome is known once it
    was reported, whatever the verdict was."""
    frame = month.frame
    given = of_month(frame, apply(ruleset, frame))
    fraud = frame["reported"].to_numpy()
    return History(
        frame=frame,
        given=given,
        decided=given.verdicts(policy),
        fraud=fraud,
        good=~fraud,
        blind=np.zeros(len(fraud), dtype=np.bool_),
        what="a simulated month",
        seed=month.seed,
    )


def apply(ruleset: Ruleset, frame: pl.DataFrame, progress: Any = None) -> Applied:
    """A ruleset over a long frame, in pieces."""
    columns = RulesetColumns(ruleset)
    parts = []
    for start in range(0, frame.height, CHUNK):
        parts.append(columns.apply(frame[start : start + CHUNK]))
        if progress is not None:
            progress(min(start + CHUNK, frame.height))
    if len(parts) == 1:
        return parts[0]
    rules = []
    for number, one in enumerate(parts[0].rules):
        same = [part.rules[number] for part in parts]
        rules.append(
            RuleColumns(
                one.rule,
                *(
                    np.concatenate([getattr(r, name) for r in same])
                    for name in ("true", "failed", "acts", "error")
                ),
            )
        )
    asked = tuple(sorted({name for part in parts for name in part.asked_singly}))
    return Applied(tuple(rules), frame.height, asked)


Recorded = tuple[DecisionMade, bool | None]


def from_file(file: Path) -> Iterator[Recorded]:
    """Recorded decisions, a JSON object a line: `made` as the decision log keeps it, and
    `fraud`: true, false, or null where nobody knows. Raises NoHistory."""
    open_: Any = gzip.open if file.suffix == ".gz" else open
    with open_(file, "rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                row = orjson.loads(line)
                yield (
                    DecisionMade.model_validate_json(orjson.dumps(row["made"])),
                    row.get("fraud"),
                )
            except (orjson.JSONDecodeError, KeyError, TypeError, ValidationError):
                raise NoHistory(f"{file.name}, line {number}: no decision") from None


async def from_log(mesh: LocalMesh) -> list[Recorded]:
    """The decisions of a mesh with what is known of them by now."""
    found: list[Recorded] = []
    now = datetime.now(UTC)
    async with decision_log(mesh) as log:
        reports = await log.reports()
        async for page in log.records(None):
            for made in page:
                key = (made.owner, made.transaction.transaction_id)
                outcome = settled(
                    fold(reported_label(report) for report in reports.get(key, ())),
                    made.transaction.occurred_at,
                    now,
                    MATURITY,
                )
                state = None if outcome is None else outcome.state == "fraud"
                found.append((made, state))
    return found


def recorded(rows: Iterable[Recorded], policy: PolicyDocument, what: str) -> History:
    """Recorded decisions as columns. Raises NoHistory when there are none, or their
    vectors are of another feature set."""
    kept = list(rows)
    if not kept:
        raise NoHistory(f"{what}: no decisions")
    if any(made.features.hash != PAYMENT_FEATURES.hash for made, _ in kept):
        raise NoHistory(f"{what}: vectors of another feature set")
    frame = pl.DataFrame([_row(made) for made, _ in kept], schema=_SCHEMA, strict=False)
    requests = [made.request() for made, _ in kept]
    decided = np.array([m.decision.decision.severity for m, _ in kept], dtype=np.int8)
    fraud = np.array([state is True for _, state in kept])
    good = np.array([state is False for _, state in kept])
    return History(
        frame=frame,
        given=of_requests(requests, policy),
        decided=decided,
        fraud=fraud,
        good=good & (decided < DECLINED),
        blind=(decided == DECLINED) & ~fraud,
        what=what,
        seed=None,
    )


_SCHEMA: Any = {
    **{
        n: pl.Int64 if t == "int" else pl.String
        for n, t in PAYMENT_FIELDS.items()
        if t != "timestamp"
    },
    **dict.fromkeys(PAYMENT_FEATURES.names, pl.Float64),
    "occurred_at": pl.Datetime("us", "UTC"),
    "ref_minor": pl.Int64,
}


def _row(made: DecisionMade) -> dict[str, Any]:
    names = PAYMENT_FEATURES.names
    return {
        **flat(made.transaction),
        **dict(zip(names, made.features.values, strict=True)),
        "occurred_at": made.transaction.occurred_at,
        "ref_minor": made.context.amount_ref_minor,
    }
