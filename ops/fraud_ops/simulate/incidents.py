"""The plan of crimes: how many incidents of each scenario, how large, and when."""

from typing import NamedTuple

import numpy as np

from fraud_ops.simulate.compose import PaymentDraft
from fraud_ops.simulate.config import DAY_MS, HOUR_MS, SimulationConfig
from fraud_ops.simulate.delays import report
from fraud_ops.simulate.fraud import SCENARIOS
from fraud_ops.simulate.randomness import generator
from fraud_ops.simulate.scenario import ScenarioRun
from fraud_ops.simulate.world import World

# From this many payments on, every scenario happens at least once.
_ALL_SCENARIOS_FROM = 500


class Incident(NamedTuple):
    """One crime: when it starts (ms since the start), which, its number, its payments."""

    start: int
    scenario: str
    number: int
    size: int


class Crime(NamedTuple):
    """What an incident leaves: payments, and cards to replace as (account, at)."""

    drafts: list[PaymentDraft]
    reissues: list[tuple[int, int]]


def quotas(config: SimulationConfig) -> dict[str, int]:
    """Fraudulent payments per scenario, from the rate and the shares alone."""
    shares = {n: s for n in SCENARIOS if (s := config.scenarios.get(n, 0.0)) > 0}
    total = config.payments * config.fraud_rate
    if not shares or not total:
        return {}
    found: dict[str, int] = {}
    for name, share in shares.items():
        quota = round(total * share / sum(shares.values()))
        if config.payments >= _ALL_SCENARIOS_FROM:
            quota = max(quota, SCENARIOS[name].least)
        found[name] = quota
    return found


def plan(config: SimulationConfig) -> list[Incident]:
    """All incidents in the order of their start. A few bytes each: one per several
    hundred payments, so the plan stays small however long the stream."""
    found: list[Incident] = []
    for name, quota in quotas(config).items():
        rng = generator(config.seed, "plan", name)
        scenario, number = SCENARIOS[name], 0
        while quota > 0:
            size = int(rng.integers(scenario.least, scenario.most + 1))
            if quota - size < scenario.least:
                size = quota
            start = _start(rng, config.horizon_ms, config.begins.get(name, 0) * DAY_MS)
            found.append(Incident(start, name, number, size))
            quota, number = quota - size, number + 1
    return sorted(found)


def commit(world: World, incident: Incident) -> Crime:
    """Carries an incident out. Every payment lies inside the simulated period."""
    seed, (start, name, number, size) = world.config.seed, incident
    scene = ScenarioRun(world, generator(seed, "incident", name, number), start, size)
    SCENARIOS[name].act(scene)
    room = world.config.horizon_ms - 1 - start
    longest = max(at for at, _ in scene.payments) - start
    squeeze = min(1.0, room / longest) if longest > 0 else 1.0
    rng = generator(seed, "delays", name, number)
    drafts = [
        PaymentDraft(
            start + int((at - start) * squeeze), body, name, None, (report(name, rng),)
        )
        for at, body in scene.payments
    ]
    return Crime(drafts, scene.reissues)


def _start(rng: np.random.Generator, horizon: int, earliest: int) -> int:
    """Any day from the earliest on but the last moments; by day as shops are open, or at any hour."""
    day = int(rng.uniform(earliest, max(horizon * 0.985, earliest))) // DAY_MS * DAY_MS
    by_day = rng.random() < 0.6
    hour = rng.normal(15.0, 4.5) % 24 if by_day else rng.uniform(0.0, 24.0)
    return min(day + int(hour * HOUR_MS), horizon - 1 - int(rng.integers(1000)))
