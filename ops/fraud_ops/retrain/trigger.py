"""When to retrain: an interval, new labels, or drift. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from fraud_ops.retrain.runs import RunRecord
from fraud_shared.contracts.datasets import DatasetVersion


@dataclass(frozen=True, slots=True)
class Rule:
    """`every`: time between runs. `new_frauds`: reported since the last run. `drift`: a PSI
    that counts. None turns one off. `pause`: the least time between two runs, so that what
    a run does not cure does not start the next. Times are those of the caller's clock."""

    every: timedelta | None = timedelta(days=7)
    new_frauds: int | None = 200
    drift: float | None = 0.25
    pause: timedelta = timedelta(hours=6)


def due(
    rule: Rule,
    now: datetime,
    last: RunRecord | None,
    version: DatasetVersion,
    drift: float | None,
) -> str | None:
    """Why a run is due on this data version; None when it is not."""
    if last is None:
        return "first run"
    if last.data_version == version.version or now - last.started_at < rule.pause:
        return None
    fresh = version.fraud - last.fraud
    if rule.new_frauds is not None and fresh >= rule.new_frauds:
        return f"{fresh} new frauds reported"
    if rule.drift is not None and drift is not None and drift >= rule.drift:
        return f"drift: PSI {drift:.2f}"
    if rule.every is not None and now - last.started_at >= rule.every:
        return f"{rule.every / timedelta(days=1):g} days since the last run"
    return None
