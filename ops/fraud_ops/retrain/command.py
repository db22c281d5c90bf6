"""What `fraud retrain` does: once, or again and again."""

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from fraud_engines.policy.policy import DEFAULT_POLICY, load
from fraud_ops.datasets import source
from fraud_ops.models import announce
from fraud_ops.models.context import RegistryContext
from fraud_ops.retrain.lock import Busy, only_one
from fraud_ops.retrain.run import Retraining, Run, retrain
from fraud_ops.retrain.runs import RunRecord, RunStore
from fraud_ops.retrain.trigger import Rule, due
from fraud_ops.running import CommandError
from fraud_ops.train.command import PAYMENT_MODELS
from fraud_ops.train.from_data import open_recorded
from fraud_ops.train.stages import Stages
from fraud_post_auth.dataset import DatasetMissing, DatasetStore
from fraud_post_auth.drift import Drift, measure
from fraud_scoring.errors import RegistryUnavailable
from fraud_shared.state.rabbit import RabbitBus

COLOURS = {"promoted": "green", "kept": "yellow", "refused": "red", "failed": "red"}


@dataclass(frozen=True)
class Job:
    """Where a retraining reads and writes. `records` is a folder with post_auth's database;
    `data` is set when datasets are taken as they are."""

    place: RegistryContext
    data: str = ""
    version: str = "newest"
    records: Path | None = None
    maturity: timedelta = timedelta(days=30)
    policy: Path | None = None
    gateway: str = ""
    seed: int = 1
    console: Console = field(default_factory=Console)

    @property
    def uri(self) -> str:
        """Where datasets are."""
        return source.dataset_uri(self.place.mesh, self.data)

    @property
    def store(self) -> DatasetStore:
        """The datasets."""
        return DatasetStore(self.uri)

    @property
    def runs(self) -> RunStore:
        """The records of earlier runs."""
        return RunStore(self.place.where, self.uri)


def retrain_once(job: Job, trigger: str = "by hand") -> RunRecord:
    """Export what is recorded, unless datasets were named; train, judge, promote or keep,
    and tell broker and gateway. Raises Busy and CommandError."""
    with only_one(job.place.mesh.var, os.environ.get("DATABASE_URL", "")):
        version = job.version if job.data else _exported(job)
        body = (job.policy or DEFAULT_POLICY).read_bytes()
        work = Retraining(job.place.registry, load(body), PAYMENT_MODELS, job.seed)
        with Stages(job.console) as stages:
            with stages.stage("read data"):
                data = open_recorded(job.store, version, job.seed, work.now())
            record, run = retrain(work, data, trigger, stages)
        record = record.model_copy(update={"events": _announce(job, run)})
        job.runs.write(record)
    show(job.console, record)
    return record


def watch(
    job: Job,
    rule: Rule,
    check_every: timedelta,
    *,
    sleep: Callable[[float], None] = time.sleep,
    rounds: int | None = None,
) -> None:
    """Look at the newest dataset again and again, and retrain when the rule says so. What
    goes wrong in one round is printed, and the next one tries again."""
    while rounds is None or rounds > 0:
        rounds = None if rounds is None else rounds - 1
        try:
            reason = _due(job, rule)
            if reason is not None:
                retrain_once(job, reason)
        except (Busy, CommandError, RegistryUnavailable) as error:
            job.console.print(f"[yellow]not now[/]: {error}", highlight=False)
        if rounds != 0:
            sleep(check_every.total_seconds())


def list_runs(job: Job, *, most: int = 20) -> None:
    """The newest runs, oldest first."""
    table = Table("run", "because", "data version", "outcome", "reasons")
    for record in job.runs.all()[-most:]:
        colour = COLOURS[record.outcome]
        table.add_row(
            record.run,
            record.trigger,
            record.data_version,
            f"[{colour}]{record.outcome}[/]",
            "\n".join(record.reasons),
        )
    job.console.print(table)


def show(console: Console, record: RunRecord) -> None:
    """The gate's checks, and what came of them."""
    table = Table("check", "holds", "found", title=f"The gate, run {record.run}")
    for check in record.checks:
        holds = "[green]yes[/]" if check["holds"] else "[red]no[/]"
        table.add_row(check["name"], holds, check["detail"])
    console.print(table)
    colour = COLOURS[record.outcome]
    console.print(f"[bold {colour}]{record.outcome}[/] (data {record.data_version})")


def _due(job: Job, rule: Rule) -> str | None:
    try:
        version = job.store.find("newest")
    except DatasetMissing:
        return None
    runs = job.runs.all()
    last = runs[-1] if runs else None
    drift: Drift | None = None
    if rule.drift is not None and last is not None:
        drift = measure(job.store.read(version), since=last.test_from)
    psi = None if drift is None else drift.worst
    return due(rule, datetime.now(UTC), last, version, psi)


def _exported(job: Job) -> str:
    """The version of what is recorded now; the newest one there is where no records are."""

    async def run() -> str:
        async with source.recorded(job.records, job.place.mesh) as db:
            made = await source.export(db, job.store, maturity=job.maturity)
            return made.version

    try:
        return asyncio.run(run())
    except source.NothingRecorded:
        if job.records is not None or not job.store.versions():
            raise
        return "newest"


def _announce(job: Job, run: Run) -> tuple[str, ...]:
    """`fraud.model.promoted.v1` for every alias that moved, to the broker where there is
    one; a running gateway has its scorers look at once."""
    now = datetime.now(UTC)
    events = []
    for name, book in run.books.items():
        alias = (
            PAYMENT_MODELS[name].alias if run.outcome == "promoted" else "challenger"
        )
        events.append(announce.event(book, alias, now))
    if not events:
        return ()
    amqp_url = os.environ.get("AMQP_URL", "")
    if amqp_url:
        asyncio.run(announce.publish(events, RabbitBus(amqp_url)))
    url = job.gateway or job.place.mesh.url
    key = announce.admin_key(job.place.mesh.key())
    answer = asyncio.run(announce.refresh(url, key))
    swapped = "scorers look by themselves" if answer is None else "scorers have looked"
    job.console.print(f"{len(events)} order(s) given; {swapped}")
    return tuple(event.id for event in events)
