"""What the demo plays: a simulated past to know the customers by, then the present."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from fraud_ops.simulate import (
    SCENARIO_SHARES,
    SimulatedLabel,
    SimulatedPayment,
    SimulationConfig,
    shipped_names,
    transactions,
)
from fraud_ops.simulate.incidents import plan

# Never used in training: `fraud train` simulates with seed 1.
SEED = 2026
HISTORY_DAYS = 45
# Within what the gateway accepts as event time (7 days back).
PRESENT = timedelta(days=6)
# A plan costs milliseconds, a play most of a second.
SEEDS_TRIED = 400
SEEDS_PLAYED = 12
PAYMENTS_PER_DAY = 100 / 120


@dataclass(frozen=True)
class Play:
    """Payments and labels before the curtain, and the payments that are streamed."""

    seed: int
    history: list[SimulatedPayment]
    history_labels: list[SimulatedLabel]
    payments: list[SimulatedPayment]
    labels: list[SimulatedLabel]

    @property
    def scenarios(self) -> set[str]:
        """The fraud scenarios among the streamed payments."""
        return {p.scenario for p in self.payments if p.scenario is not None}


def warm_up(streamed: int, seed: int, until: datetime) -> Play:
    """A play in which every scenario occurs: from `seed` on, the first that has them all.

    What falls into the last days depends on today's date, so one seed cannot promise it.
    Of a short play the one with most scenarios is taken. The choice looks at which crimes
    are planned when, never at what was decided.
    """
    seeds = range(seed, seed + SEEDS_TRIED)
    planned = {one: _planned(_config(streamed, one, until), until) for one in seeds}
    most = max(planned.values())
    candidates = [one for one in seeds if planned[one] == most]
    best = _warm_up_stage(streamed, candidates[0], until)
    for candidate in candidates[1:SEEDS_PLAYED]:
        if len(best.scenarios) >= most:
            break
        best = max(best, _warm_up_stage(streamed, candidate, until), key=_variety)
    return best


def _variety(play: Play) -> int:
    return len(play.scenarios)


def _planned(config: SimulationConfig, until: datetime) -> int:
    """How many scenarios have an incident that begins in the present."""
    oldest_ms = (until - PRESENT - config.start) / timedelta(milliseconds=1)
    return len({one.scenario for one in plan(config) if one.start >= oldest_ms})


def _warm_up_stage(streamed: int, seed: int, until: datetime) -> Play:
    """A simulation whose last payment was just made; its last `streamed` are played.

    The rest is history: what a system that has been running for weeks would know.
    """
    simulation = transactions(_config(streamed, seed, until))
    oldest = until - PRESENT
    history = [p for p in simulation.payments if p.occurred_at < oldest]
    present = [p for p in simulation.payments if oldest <= p.occurred_at < until]
    played = {p.payment["transaction_id"] for p in present}
    return Play(
        seed=seed,
        history=history,
        history_labels=[x for x in simulation.labels if x.reported_at < oldest],
        payments=present,
        labels=[x for x in simulation.labels if x.label["transaction_id"] in played],
    )


def _config(streamed: int, seed: int, until: datetime) -> SimulationConfig:
    per_day = streamed / (PRESENT.total_seconds() / 86400)
    total = int(per_day * HISTORY_DAYS)
    # Ends at the last full day, so that every event time lies in the past.
    start = (until - timedelta(days=HISTORY_DAYS)).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    return SimulationConfig(
        seed=seed,
        payments=total,
        start=start,
        days=HISTORY_DAYS,
        # As busy as the accounts that the models were trained on.
        accounts=int(total / HISTORY_DAYS / PAYMENTS_PER_DAY),
        fraud_rate=0.01,
        # Each scenario as often as any other, so that a short stream shows them all.
        scenarios=dict.fromkeys(SCENARIO_SHARES, 1 / len(SCENARIO_SHARES)),
        listed_names=shipped_names(),
    )
