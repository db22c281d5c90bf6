"""Drift of a dataset: its last week against what came before. Pure."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from fraud_post_auth.dataset import FEATURE_PREFIX
from fraud_post_auth.stability import ColumnDrift, categories, drifts

WEEK = timedelta(days=7)
# What the reference may reach back.
REFERENCE = timedelta(days=60)
SCORES = ("fraud_score", "if_score", "ae_error", "risk")
CATEGORIES = ("kind", "channel", "currency", "decision", "label_source")
# Features that count time or age move by themselves.
CALENDAR = frozenset(
    f"{FEATURE_PREFIX}{name}"
    for name in ("history_payments", "account_age_seconds", "day_of_week", "is_weekend")
)


class NotEnough(ValueError):
    """The dataset is too short to compare two stretches of it."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Frauds that the deciding score promised, and those that came: weighted sums over
    payments with a score, and how many deviations apart they are."""

    promised: float
    came: float
    deviations: float


@dataclass(frozen=True)
class Drift:
    """What moved. `payments_per_day` before and now; `worst` is the highest PSI of a
    feature or score that does not move by itself."""

    began: datetime
    ended: datetime
    features: tuple[ColumnDrift, ...]
    scores: tuple[ColumnDrift, ...]
    new_categories: Mapping[str, list[str]]
    payments_per_day: tuple[float, float]
    calibration: Calibration | None
    daily: tuple[dict[str, Any], ...]

    @property
    def worst(self) -> float:
        """The highest PSI; 0 when nothing could be compared."""
        moving = (
            one.psi
            for one in (*self.features, *self.scores)
            if one.name not in CALENDAR
        )
        return max(moving, default=0.0)

    def to_dict(self) -> dict[str, Any]:
        """As the command prints it."""
        return {**asdict(self), "worst": self.worst} | {
            "began": self.began.isoformat(),
            "ended": self.ended.isoformat(),
        }


def measure(
    rows: pl.DataFrame, *, since: datetime | None = None, window: timedelta = WEEK
) -> Drift:
    """The last `window` of rows (in the order of time) against the 60 days before it, or
    before `since` where the models know later payments. Raises NotEnough."""
    times = rows["occurred_at"]
    if not rows.height:
        raise NotEnough("no payments")
    first, last = _moment(times.min()), _moment(times.max())
    begins = max(last - window, first + (last - first) / 2)
    known_until = min(since, begins) if since is not None else begins
    earliest = known_until - REFERENCE
    before = rows.filter((times >= earliest) & (times < known_until))
    now = rows.filter(times >= begins)
    features = [name for name in rows.columns if name.startswith(FEATURE_PREFIX)]
    days = [
        max((known_until - max(first, earliest)) / timedelta(days=1), 1e-9),
        max((last - begins) / timedelta(days=1), 1e-9),
    ]
    return Drift(
        began=begins,
        ended=last,
        features=tuple(drifts(before, now, features)),
        scores=tuple(drifts(before, now, SCORES)),
        new_categories=categories(before, now, CATEGORIES),
        payments_per_day=(before.height / days[0], now.height / days[1]),
        calibration=calibration(now),
        daily=tuple(_daily(rows)),
    )


def calibration(rows: pl.DataFrame) -> Calibration | None:
    """Promise against outcome, weighted by how much each label counts; None without
    scores. The deviation is that of independent payments, so read it with care."""
    scored = rows.drop_nulls("fraud_score")
    if not scored.height:
        return None
    score = np.clip(scored["fraud_score"].to_numpy(), 0.0, 1.0)
    weight = scored["weight"].to_numpy()
    fraud = (scored["label"] == 1).to_numpy()
    promised, came = float(np.sum(weight * score)), float(np.sum(weight[fraud]))
    spread = float(np.sqrt(np.sum(weight**2 * score * (1.0 - score))))
    return Calibration(promised, came, (came - promised) / max(spread, 1e-9))


def _daily(rows: pl.DataFrame) -> list[dict[str, Any]]:
    found = (
        rows.group_by(day=pl.col("occurred_at").dt.date())
        .agg(
            payments=pl.len(),
            fraud=(pl.col("label") == 1).sum(),
            stopped=(pl.col("decision") != "APPROVE").mean(),
            score=pl.col("fraud_score").mean(),
        )
        .sort("day")
    )
    return [row | {"day": row["day"].isoformat()} for row in found.to_dicts()]


def _moment(value: object) -> datetime:
    assert isinstance(value, datetime)
    return value
