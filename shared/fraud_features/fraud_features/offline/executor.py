"""The offline executor: chunks of payments in, chunks of feature rows out."""

import os
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, cast

import numpy as np
import polars as pl

from fraud_features.definitions.expression import names_in
from fraud_features.definitions.registry import FeatureSet
from fraud_features.offline import profiles
from fraud_features.offline.codes import CodeBook, RecentIds
from fraud_features.offline.expressions import feature_columns
from fraud_features.offline.facts import facts_frame
from fraud_features.offline.jit import Codes, Floats, Ints
from fraud_features.offline.labels import LabelFeed, label_frame
from fraud_features.offline.state import (
    Chunk,
    LogReads,
    LogWork,
    PeaksWork,
    ProfileWork,
    RiskWork,
    SeenWork,
    Work,
)
from fraud_features.store.memory.engine import SWEEP_EVERY
from fraud_features.store.schema import (
    DISTINCTS,
    LOG_CAP,
    LOGS,
    PROFILE,
    RISKS,
    WindowSpec,
)

_INDEX = ("transaction_id", "occurred_at", "account_id")


class Executor:
    """State of every entity. Feed it chunks (`source.chunks`) in order of arrival.

    Only the windows, sets and profiles that the features read are kept. The kernels run
    on `threads` threads, and a chunk's pieces do not depend on each other's order.
    """

    def __init__(
        self,
        features: FeatureSet,
        reports: pl.DataFrame | None,
        *,
        id_memory: int | None,
        log_cap: int = LOG_CAP,
        seen_cap: int | None = None,
        sweep_every: int = SWEEP_EVERY,
        threads: int | None = None,
    ) -> None:
        self._features = features
        self._columns = feature_columns(features.features)
        self._ids = RecentIds(id_memory)
        self._feed = LabelFeed(label_frame(()) if reports is None else reports)
        self._plan = _Plan(features, log_cap, seen_cap, self._feed.payments)
        self._books = _books()
        self._newest = 0
        self._buffer: Floats = np.empty(0)
        self._sweep_every = self._until_sweep = sweep_every
        self._pool = ThreadPoolExecutor(threads or min(4, os.cpu_count() or 1))

    def close(self) -> None:
        """Give the threads back."""
        self._pool.shutdown()

    def run(self, payments: pl.DataFrame) -> pl.DataFrame:
        """Index columns and features of each payment whose id is new."""
        if not payments.height:
            return self._empty(payments)
        clock = cast(int, payments["occurred_at"].max())
        new = self._ids.is_new(payments["transaction_id"], clock)
        if not new.all():
            payments = payments.filter(pl.Series(new))
        parts: list[pl.DataFrame] = []
        while payments.height:
            parts.append(self._observe(payments.head(self._until_sweep)))
            payments = payments.slice(self._until_sweep)
            self._until_sweep -= parts[-1].height
            if not self._until_sweep:
                self._until_sweep = self._sweep_every
                self._forget()
        return pl.concat(parts) if parts else self._empty(payments)

    def _empty(self, payments: pl.DataFrame) -> pl.DataFrame:
        names = self._features.names
        index = payments.select(*_INDEX)
        return _dated(index.with_columns(pl.lit(0.0).alias(name) for name in names))

    def _observe(self, payments: pl.DataFrame) -> pl.DataFrame:
        facts = facts_frame(payments)
        if self._features.needs_online:
            slots = self._slots(facts)
            facts = facts.hstack(
                [
                    pl.Series(name, slots[row].copy(), nan_to_null=True)
                    for name, row in self._plan.slots.items()
                ]
            )
        columns = [pl.col(name) for name in _INDEX]
        return _dated(facts.lazy().select(*columns, *self._columns).collect())

    def _slots(self, facts: pl.DataFrame) -> Floats:
        t: Ints = facts["t"].to_numpy(writable=True)
        self._newest = max(self._newest, int(t.max()))
        codes = self._encode(facts)
        out = self._blank(len(t))
        chunk = Chunk(
            t=t,
            moved=_ints(facts, "moved"),
            small=facts["small"].to_numpy(writable=True),
            hour=_ints(facts, "hour"),
            lat=_ints(facts, "lat"),
            lon=_ints(facts, "lon"),
            codes=codes,
            sizes={name: book.size for name, book in self._books.items()},
            texts=dict(self._books),
            effects=self._feed.effects(facts["transaction_id"], t, codes.__getitem__),
            out=out,
        )
        waiting: list[Future[Any]] = []
        # Logs first: what waits for one always waits for work that has begun.
        for log in self._plan.logs:
            chunk.late[log.spec.name] = self._pool.submit(log.observe, chunk)
        waiting += chunk.late.values()
        waiting += (self._pool.submit(work.observe, chunk) for work in self._plan.rest)
        for future in waiting:
            future.result()
        return out

    def _blank(self, payments: int) -> Floats:
        # One array for all chunks: a new one costs more than what is computed into it,
        # because the system hands its pages out one by one.
        size = self._plan.rows * payments
        if len(self._buffer) < size:
            self._buffer = np.empty(size)
        out = self._buffer[:size].reshape(self._plan.rows, payments)
        out.fill(np.nan)
        return out

    def _encode(self, facts: pl.DataFrame) -> dict[str, Codes]:
        by_book: dict[int, list[str]] = {}
        for name in self._plan.entities:
            by_book.setdefault(id(self._books[name]), []).append(name)

        def encode(names: list[str]) -> dict[str, Codes]:
            return {name: self._books[name].encode(facts[name]) for name in names}

        codes: dict[str, Codes] = {}
        for part in self._pool.map(encode, by_book.values()):
            codes |= part
        return codes

    def _forget(self) -> None:
        works: tuple[Work, ...] = (*self._plan.logs, *self._plan.rest)
        list(self._pool.map(lambda work: work.forget(self._newest), works))


class _Plan:
    """Which tables of `schema` the features need, and the row of each of their slots."""

    def __init__(
        self, features: FeatureSet, log_cap: int, seen_cap: int | None, labelled: int
    ) -> None:
        wanted = set().union(*map(names_in, features.features))
        self.slots: dict[str, int] = {}
        self.rows = 0
        self.rest: list[Work] = []
        self.entities = {"account"} | {risk.name for risk in RISKS}
        self._wanted = wanted
        seen = [s for s in DISTINCTS if self._needs(_seen_slots(s))]
        owners = {s.owner for s in seen}
        self.logs = self._logs(owners, log_cap)
        for s in seen:
            self.entities |= {s.owner, s.value}
            retention = next(log.retention for log in LOGS if log.name == s.owner)
            cap = s.cap if seen_cap is None else seen_cap
            slot, first_seen = self._take(_seen_slots(s)), self._needs([_known_slot(s)])
            self.rest.append(SeenWork(s, slot, cap, retention, first_seen=first_seen))
        if self._needs(list(PROFILE)):
            self.rest.append(ProfileWork(self._take(list(PROFILE))))
        for risk in RISKS:
            names = [f"{risk.name}_frauds_{window}" for window in risk.windows]
            if self._needs(names):
                self.rest.append(RiskWork(risk, self._take(names), labelled))

    def _logs(self, owners: set[str], cap: int) -> list[LogWork]:
        works: list[LogWork] = []
        for writer in LOGS:
            if writer.when == "never":
                continue
            readers = [s for s in LOGS if s.store == writer.store and s is not writer]
            reads = [self._reads(reader) for reader in readers]
            reads = [read for read in reads if read.windows]
            own = self._reads(writer)
            tops = [w for w in writer.maxima if self._needs([_top_slot(writer, w)])]
            if not (own.windows or tops or reads or writer.name in owners):
                continue
            self.entities |= {writer.key, *(read.key for read in reads)}
            works.append(LogWork(writer, own, reads, cap))
            if tops:
                slot = self._take([_top_slot(writer, window) for window in tops])
                self.rest.append(PeaksWork(writer, tuple(tops), slot))
        return works

    def _reads(self, spec: WindowSpec) -> LogReads:
        """The windows of which a feature reads the count or the sum."""
        windows = [w for w in spec.windows if self._needs(_window_slots(spec, w))]
        names = [name for window in windows for name in _window_slots(spec, window)]
        return LogReads(spec.key, tuple(windows), self._take(names))

    def _needs(self, names: list[str]) -> bool:
        return not self._wanted.isdisjoint(names)

    def _take(self, names: list[str]) -> int:
        first = self.rows
        self.rows += len(names)
        self.slots |= {
            name: first + k for k, name in enumerate(names) if name in self._wanted
        }
        return first


def _window_slots(spec: WindowSpec, window: str) -> list[str]:
    return [f"{spec.name}_{what}_{window}" for what in ("n", "total")]


def _top_slot(spec: WindowSpec, window: str) -> str:
    return f"{spec.name}_top_{window}"


def _seen_slots(spec: Any) -> list[str]:
    names = [f"{spec.owner}_distinct_{spec.plural}_in_{w}" for w in spec.windows]
    return [_known_slot(spec), *names]


def _known_slot(spec: Any) -> str:
    return f"{spec.name}_known"


def _books() -> dict[str, CodeBook]:
    """One book per entity; those that read one store share theirs."""
    writers = {spec.store: spec.key for spec in LOGS if spec.when != "never"}
    books: dict[str, CodeBook] = {}
    values = {spec.value for spec in DISTINCTS}
    keys = [spec.key for spec in LOGS] + [r.name for r in RISKS]
    keys += [name for spec in DISTINCTS for name in (spec.owner, spec.value)]
    for name in keys:
        books.setdefault(name, CodeBook(keep_text=name in values))
    for spec in LOGS:
        one, other = books[spec.key], books[writers[spec.store]]
        if one is not other:
            shared = CodeBook(keep_text=True)
            books = {n: shared if b in (one, other) else b for n, b in books.items()}
    return books


def _ints(facts: pl.DataFrame, name: str) -> Ints:
    return facts[name].fill_null(profiles.MISSING).to_numpy(writable=True)


def _dated(rows: pl.DataFrame) -> pl.DataFrame:
    moment = pl.col("occurred_at").cast(pl.Datetime("us", "UTC"))
    return rows.with_columns(moment)
