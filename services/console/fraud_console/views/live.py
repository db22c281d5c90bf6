"""The live page: figures and rows of a feed."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import Request

from fraud_client.models import DecisionRow
from fraud_console.charts.series import Column, columns, percentiles
from fraud_console.fetch import Missing
from fraud_console.live import Feed

RATE_OVER = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which decisions are shown."""

    decision: str = ""
    account_id: str = ""
    degraded: bool = False

    def fits(self, row: DecisionRow) -> bool:
        """Whether a decision is one of them."""
        return (
            self.decision in ("", row.decision)
            and self.account_id in ("", row.account_id)
            and (not self.degraded or bool(row.degraded))
        )


def wanted_of(request: Request) -> Wanted:
    """The filter in a page's address."""
    asked = request.query_params
    return Wanted(
        asked.get("decision", ""),
        asked.get("account_id", "").strip(),
        asked.get("degraded") == "on",
    )


@dataclass(frozen=True, slots=True)
class LiveView:
    """What the live page shows."""

    missing: Missing | None
    rows: Sequence[DecisionRow]
    total: int
    per_second: float
    latencies: Sequence[float | None]
    verdicts: Sequence[tuple[str, int, float]]
    degraded_share: float | None
    stopped: Sequence[tuple[str, int]]
    columns: Sequence[Column]
    wanted: Wanted

    @classmethod
    def of(cls, feed: Feed, wanted: Wanted, now: datetime, shown: int) -> "LiveView":
        """The figures of a feed: of all that fits, the newest rows first."""
        rows = [row for row in feed.rows.values() if wanted.fits(row)]
        rows.sort(key=_at, reverse=True)
        recent = [row for row in rows if _at(row) > (now - RATE_OVER).timestamp()]
        counts = Counter(row.decision for row in rows)
        stopped: Counter[str] = Counter()
        for row in rows:
            if row.decision != "APPROVE" and row.amount_minor is not None:
                stopped[row.currency or ""] += row.amount_minor
        total = len(rows)
        degraded = sum(bool(row.degraded) for row in rows)
        return cls(
            missing=feed.missing,
            rows=rows[:shown],
            total=total,
            per_second=len(recent) / RATE_OVER.total_seconds(),
            latencies=percentiles(
                [row.elapsed_ms for row in rows if row.elapsed_ms is not None],
                (0.5, 0.95, 0.99),
            ),
            verdicts=[
                (name, counts[name], counts[name] / total if total else 0.0)
                for name in ("APPROVE", "CHALLENGE", "DECLINE")
            ],
            degraded_share=degraded / total if total else None,
            stopped=stopped.most_common(3),
            columns=columns(
                ((row.decided_at, row.decision) for row in rows if row.decided_at), now
            ),
            wanted=wanted,
        )


def _at(row: DecisionRow) -> float:
    return row.decided_at.timestamp() if row.decided_at else 0.0
