"""One retraining: check the data, train a bundle, put it to the gate, promote or keep it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
import polars as pl

from fraud_engines.policy.policy import Policy
from fraud_ops.retrain import gate, models, sanity
from fraud_ops.retrain.checks import Check, failed
from fraud_ops.retrain.models import DECIDES, STAND_INS, Serving
from fraud_ops.retrain.runs import Outcome, RunRecord, run_name
from fraud_ops.train.command import Plan, set_aliases, train_all
from fraud_ops.train.recorded import Recorded
from fraud_ops.train.stages import Stages
from fraud_scoring.errors import ArtifactRefused
from fraud_scoring.registry.aliases import CHALLENGER, AliasBook
from fraud_scoring.registry.port import ModelRegistry
from fraud_scoring.training.assemble import Published

# What a scorer allows a row (`FRAUD_<SCORER>_LIMIT_MS`): the gate asks no more.
LIMIT_MS = 10.0
_AMOUNTS = {
    "below 50": (0, 5_000),
    "50 to 500": (5_000, 50_000),
    "above 500": (50_000, None),
}


@dataclass(frozen=True)
class Retraining:
    """What a run works with. `plans` are the models of the bundle; `now` is the clock."""

    registry: ModelRegistry
    policy: Policy
    plans: Mapping[str, Plan]
    seed: int
    draws: int = gate.DRAWS
    limit_ms: float = LIMIT_MS
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


@dataclass
class Run:
    """What a run found so far."""

    outcome: Outcome = "failed"
    checks: list[Check] = field(default_factory=list)
    champions: dict[str, Serving] = field(default_factory=dict)
    published: dict[str, Published] = field(default_factory=dict)
    books: dict[str, AliasBook] = field(default_factory=dict)

    @property
    def reasons(self) -> list[str]:
        """Why it was not promoted."""
        return [f"{check.name}: {check.detail}" for check in failed(self.checks)]


def retrain(
    work: Retraining, data: Recorded, trigger: str, stages: Stages
) -> tuple[RunRecord, Run]:
    """Do it all but announcing: who calls tells the broker, and keeps the record."""
    started, run = work.now(), Run()
    for name, plan in work.plans.items():
        held = models.serving(
            work.registry, name, plan.alias, data.data.feature_set.hash
        )
        if held is not None:
            run.champions[name] = held
    with stages.stage("check data"):
        run.checks += _of_data(data, run.champions.get(DECIDES))
    if not failed(run.checks):
        _train_and_judge(work, data, run, stages)
    if failed(run.checks):
        sound = all(check.kind == "quality" for check in failed(run.checks))
        run.outcome = "kept" if sound else "refused"
        if sound:
            # What decides is kept where it can be looked at; nothing that serves changes.
            version = run.published[DECIDES].artifact.manifest.version
            run.books[DECIDES] = work.registry.promote(
                DECIDES, version, CHALLENGER, now=work.now()
            )
    else:
        run.books |= set_aliases(
            work.plans, run.published, work.registry, stages, work.now()
        )
        run.outcome = "promoted"
    return _record(work, data, run, trigger, started), run


def _of_data(data: Recorded, champion: Serving | None) -> list[Check]:
    before = None if champion is None else champion.fraud_rate
    return [
        sanity.fraud_rate(data.data.train, before),
        # Of the test, all reports are known that there are: a value that was filled in with
        # a report is pure there, and mixed where the report is not known yet.
        sanity.leakage([data.data.train, data.data.test], data.data.features),
    ]


def _train_and_judge(
    work: Retraining, data: Recorded, run: Run, stages: Stages
) -> None:
    datasets = dict.fromkeys(work.plans, data.data)
    try:
        run.published = train_all(
            work.plans, datasets, work.registry, stages, work.now()
        )
    except ArtifactRefused as refusal:
        detail = f"{refusal.code}: {refusal}"
        run.checks.append(
            Check(
                "every model can be published",
                "artefact",
                holds=False,
                value=None,
                bar=None,
                detail=detail,
            )
        )
        return
    with stages.stage("judge"):
        for name, made in run.published.items():
            held = run.champions.get(name)
            than = held.model if held else None
            run.checks.append(
                models.fit_to_serve(name, made.artifact, than, work.limit_ms)
            )
        run.checks += _of_quality(work, data, run)


def _of_quality(work: Retraining, data: Recorded, run: Run) -> list[Check]:
    champion = run.champions.get(DECIDES)
    unseen = _unseen(data, champion)
    held, x = _held_out(data, unseen), data.data.test.x[unseen]
    challenger = models.score(DECIDES, run.published[DECIDES].artifact, x)
    scores = [challenger.raw]
    if champion is None:
        # Nothing serves: what is sound is better than nothing.
        return sanity.contradicted(held.fraud, held.weight, scores)
    before = models.score(DECIDES, champion.artifact, x)
    found = gate.judge(
        held, before, challenger, work.policy.document, seed=work.seed, draws=work.draws
    )
    if failed(found[:1]):
        return found
    found += sanity.contradicted(held.fraud, held.weight, [*scores, before.raw])
    for name, made in run.published.items():
        other = run.champions.get(name)
        if name == DECIDES or other is None or name not in STAND_INS:
            continue
        raws = [models.score(name, a, x).raw for a in (other.artifact, made.artifact)]
        found.append(gate.not_worse(name, held, *raws, seed=work.seed))
    return found


def _unseen(data: Recorded, champion: Serving | None) -> np.ndarray:
    """Test payments that the champion did not learn from either."""
    if champion is None:
        return np.ones(data.test.height, dtype=bool)
    late = data.test["occurred_at"] > champion.learned_until
    return late.to_numpy()


def _held_out(data: Recorded, unseen: np.ndarray) -> gate.HeldOut:
    rows, test = data.test.filter(pl.Series(unseen)), data.data.test
    _, account = np.unique(test.card[unseen], return_inverse=True)
    amount = rows["amount_ref_minor"].to_numpy()
    segments = {
        f"{column} {value}": (rows[column] == value).to_numpy()
        for column in ("kind", "channel")
        for value in rows[column].drop_nulls().unique().sort().to_list()
    }
    for name, (low, high) in _AMOUNTS.items():
        segments[f"amount {name}"] = (amount >= low) & (high is None or amount < high)
    return gate.HeldOut(
        fraud=test.fraud[unseen],
        weight=test.weight[unseen],
        account=account.astype(np.int64),
        amount_minor=amount,
        segments=segments,
    )


def _record(
    work: Retraining, data: Recorded, run: Run, trigger: str, started: datetime
) -> RunRecord:
    version = data.version
    return RunRecord(
        run=run_name(started, version.version),
        trigger=trigger,
        outcome=run.outcome,
        reasons=tuple(run.reasons),
        started_at=started,
        finished_at=work.now(),
        data_version=version.version,
        as_of=version.as_of,
        test_from=data.test_from,
        rows=version.rows,
        fraud=version.fraud,
        bundle=data.data.bundle if run.published else None,
        champion={n: h.artifact.manifest.version for n, h in run.champions.items()},
        challenger={
            n: made.artifact.manifest.version for n, made in run.published.items()
        },
        checks=tuple(check.to_dict() for check in run.checks),
        metrics={n: made.metrics for n, made in run.published.items()},
        events=(),
        seed=work.seed,
    )
