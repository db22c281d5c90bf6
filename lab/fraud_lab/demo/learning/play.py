"""The quarter, day by day: payments are scored by what serves, labels come late, a rule
says when to retrain, the gate says what serves next."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

import numpy as np

import fraud_autoencoder.train
import fraud_lightgbm.train
from fraud_autoencoder.train import Schedule
from fraud_engines.policy.policy import DEFAULT_POLICY, load
from fraud_lab.demo.learning import recorder
from fraud_lab.demo.learning.quarter import BEGINS, DAYS, Quarter
from fraud_ops.retrain import models
from fraud_ops.retrain.run import Retraining, retrain
from fraud_ops.retrain.runs import RunRecord
from fraud_ops.retrain.trigger import Rule, due
from fraud_ops.train.command import PAYMENT_MODELS
from fraud_ops.train.from_data import open_recorded
from fraud_ops.train.stages import Stages
from fraud_post_auth.dataset import DatasetStore
from fraud_scoring.registry.aliases import CHAMPION
from fraud_scoring.registry.port import ModelRegistry
from fraud_scoring.serving.scorer import Floats64
from fraud_scoring.training.boosting import Boosting

# The first models are trained when nobody has seen the new pattern.
FIRST_DAY = BEGINS - 3
# Equal friction: the share of a day's honest payments that each model may stop.
FRICTION = 0.005
# A busy machine must not decide what is promoted in a simulation.
LIMIT_MS = 1000.0
RULE = Rule(
    every=timedelta(days=14), new_frauds=60, drift=None, pause=timedelta(days=5)
)
WINDOW = 7
# What does not decide is trained in less detail: a quarter has several trainings.
PLANS = {
    **PAYMENT_MODELS,
    "lightgbm": replace(
        PAYMENT_MODELS["lightgbm"],
        train=partial(fraud_lightgbm.train.train, boosting=Boosting(120, 20)),
    ),
    "autoencoder": replace(
        PAYMENT_MODELS["autoencoder"],
        train=partial(fraud_autoencoder.train.train, schedule=Schedule(epochs=4)),
    ),
}
# Called when what serves has changed; with True for the first models.
Swapped = Callable[[bool], Awaitable[None]]


@dataclass
class Played:
    """What the quarter came to. `caught`: new frauds above the day's threshold, by place;
    `served`: the version that scored each day."""

    records: list[RunRecord] = field(default_factory=list)
    caught: dict[int, bool] = field(default_factory=dict)
    served: dict[int, str] = field(default_factory=dict)

    def recall(self, quarter: Quarter, first: int, last: int) -> float | None:
        """Share of the new frauds of these days that were caught; None without any."""
        found = [c for p, c in self.caught.items() if first <= quarter.day[p] <= last]
        return sum(found) / len(found) if found else None

    def frauds(self, quarter: Quarter, first: int, last: int) -> int:
        """How many new frauds there were on these days."""
        return sum(bool(first <= quarter.day[place] <= last) for place in self.caught)


@dataclass
class Play:
    """The loop over a registry and a folder of datasets."""

    quarter: Quarter
    registry: ModelRegistry
    store: DatasetStore
    seed: int
    stages: Stages
    swapped: Swapped
    played: Played = field(default_factory=Played)
    scores: Floats64 = field(init=False)

    def __post_init__(self) -> None:
        self.scores = np.full(len(self.quarter), np.nan)

    async def run(self, last_day: int = DAYS) -> Played:
        """Play to the end."""
        for day in range(FIRST_DAY, last_day):
            if self.played.records:
                self._score(day)
            await self._night(day + 1)
        return self.played

    def retrain_on(self, store: DatasetStore, now: datetime, trigger: str) -> RunRecord:
        """One retraining on the newest version of a store, at that moment."""
        policy = load(DEFAULT_POLICY.read_bytes())
        work = Retraining(
            self.registry,
            policy,
            PLANS,
            self.seed,
            limit_ms=LIMIT_MS,
            now=lambda: now,
        )
        data = open_recorded(store, "newest", self.seed, now)
        record, _ = retrain(work, data, trigger, self.stages)
        return record

    def _score(self, day: int) -> None:
        quarter = self.quarter
        here = np.flatnonzero(quarter.day == day)
        target = self.registry.aliases(models.DECIDES).target(CHAMPION)
        artifact = self.registry.load(models.DECIDES, target.version)
        side = models.score(models.DECIDES, artifact, quarter.x[here])
        self.scores[here] = side.score
        self.played.served[day] = target.version
        threshold = np.quantile(side.raw[~quarter.fraud[here]], 1.0 - FRICTION)
        for place, raw in zip(here, side.raw, strict=True):
            if quarter.new[place]:
                self.played.caught[int(place)] = bool(raw > threshold)

    async def _night(self, days: int) -> None:
        as_of = self.quarter.after(days)
        records = self.played.records
        last = records[-1] if records else None
        if last is not None and as_of - last.started_at < RULE.pause:
            return
        rows = recorder.known_rows(self.quarter, self.scores, as_of)
        version = recorder.write(self.store, rows, as_of)
        reason = due(RULE, as_of, last, version, None)
        if reason is None:
            return
        record = self.retrain_on(self.store, as_of, reason)
        records.append(record)
        if record.outcome == "promoted":
            await self.swapped(last is None)
