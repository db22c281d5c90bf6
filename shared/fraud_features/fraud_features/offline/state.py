"""The tables of `schema` as work on columns: each piece has its own state and slots."""

from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np

from fraud_features.offline import logs, profiles, regions, seen
from fraud_features.offline.arrays import (
    UNLIMITED,
    Distinct,
    FraudRows,
    LogRows,
    PeakRows,
    ProfileRows,
    ProfileState,
    Readers,
    SeenRows,
    Slots,
    Windows,
)
from fraud_features.offline.jit import Codes, Flags, Floats, Ints
from fraud_features.store.schema import (
    LABEL_DELAY,
    LENGTHS,
    PROFILE_TTL,
    RISK_RETENTION,
    DistinctSpec,
    RiskSpec,
    WindowSpec,
)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Payments in order of arrival, and where the slots go: `out` is slots x payments.

    `sizes` is how many codes of each entity there are, `effects` the labels that begin
    to count in between.
    """

    t: Ints
    moved: Ints
    small: Flags
    hour: Ints
    lat: Ints
    lon: Ints
    codes: dict[str, Codes]
    sizes: dict[str, int]
    texts: dict[str, "Ranked"]
    effects: dict[str, Ints]
    out: Floats
    late: dict[str, "Future[Flags]"] = field(default_factory=dict)


class Ranked(Protocol):
    """Gives each code its place in the order of text."""

    def ranks(self) -> Ints: ...


class Work(Protocol):
    """One piece of state: observes chunks in order, and forgets what is too old."""

    def observe(self, chunk: Chunk) -> Flags | None: ...

    def forget(self, now: int) -> None: ...


def _lengths(windows: tuple[str, ...]) -> Ints:
    return np.array([LENGTHS[window] for window in windows], dtype=np.int64)


class LogReads(NamedTuple):
    """Windows of a log that are read under `key`, longest first; counts and sums go to
    `slot` and after."""

    key: str
    windows: tuple[str, ...]
    slot: int


class LogWork:
    """One store: the spec that writes it and reads it so, and those that only read it."""

    def __init__(
        self, spec: WindowSpec, own: LogReads, readers: list[LogReads], cap: int
    ) -> None:
        self.spec = spec
        self._slot, self._readers = own.slot, readers
        self._windows = Windows(_lengths(own.windows), spec.retention, cap)
        self._regions = regions.Regions(len(own.windows), spec.retention)
        most = max((len(reader.windows) for reader in readers), default=0)
        self._reader_lengths: Ints = np.zeros((len(readers), most), dtype=np.int64)
        for row, reader in enumerate(readers):
            self._reader_lengths[row, : len(reader.windows)] = _lengths(reader.windows)
        counts = [len(reader.windows) for reader in readers]
        self._reader_windows: Ints = np.array(counts, dtype=np.int64)
        self._reader_slots: Ints = np.array([r.slot for r in readers], dtype=np.int64)

    def observe(self, chunk: Chunk) -> Flags:
        """Fill counts and sums; says which payments were late for their entity."""
        keys = chunk.codes[self.spec.key]
        always = self.spec.when == "always"
        admitted = np.ones(len(keys), dtype=np.bool_) if always else chunk.small
        self._regions.admit(chunk.sizes[self.spec.key])
        late = np.zeros(len(keys), dtype=np.bool_)
        rows = LogRows(keys, chunk.t, chunk.moved, admitted, late)
        readers, slots = self._reading(chunk), Slots(chunk.out, self._slot)
        row = 0
        while True:
            row = logs.observe_log(
                rows, self._regions.lists, self._windows, readers, slots, row
            )
            if row == len(keys):
                return late
            self._regions.enlarge()

    def _reading(self, chunk: Chunk) -> Readers:
        keys = np.empty((len(self._readers), len(chunk.t)), dtype=np.int32)
        for row, reader in enumerate(self._readers):
            keys[row] = chunk.codes[reader.key]
        return Readers(
            keys, self._reader_lengths, self._reader_windows, self._reader_slots
        )

    def forget(self, now: int) -> None:
        """Forget entities that have been quiet for the retention."""
        self._regions.forget(now - self.spec.retention)


class PeaksWork:
    """The maxima of one log's windows."""

    def __init__(self, spec: WindowSpec, windows: tuple[str, ...], slot: int) -> None:
        self._spec, self._slot = spec, slot
        lengths = _lengths(windows)
        self._windows = Windows(lengths, int(lengths.max()))
        self._regions = regions.Regions(len(windows), self._windows.keep)

    def observe(self, chunk: Chunk) -> None:
        """Fill the maxima."""
        keys = chunk.codes[self._spec.key]
        self._regions.admit(chunk.sizes[self._spec.key])
        late, row = chunk.late[self._spec.name].result(), 0
        rows = PeakRows(keys, chunk.t, chunk.moved, late)
        slots = Slots(chunk.out, self._slot)
        while True:
            row = logs.observe_peaks(
                rows, self._regions.lists, self._windows, slots, row
            )
            if row == len(keys):
                return
            self._regions.enlarge()

    def forget(self, now: int) -> None:
        """Forget entities that have been quiet for the log's retention."""
        self._regions.forget(now - self._spec.retention)


class SeenWork:
    """One kind of seen set. Without `first_seen` only its distinct counts are read."""

    def __init__(
        self,
        spec: DistinctSpec,
        slot: int,
        cap: int,
        retention: int,
        *,
        first_seen: bool,
    ) -> None:
        self._spec, self._slot, self._cap = spec, slot, cap
        self._first_seen = first_seen
        self._keep = PROFILE_TTL if spec.profile else retention
        self._lengths = _lengths(spec.windows)
        self._sets = seen.SeenSets(len(spec.windows))
        self._no_ranks: Ints = np.empty(0, dtype=np.int64)

    def observe(self, chunk: Chunk) -> None:
        """Fill what was known, and distinct counts."""
        owners, spec = chunk.codes[self._spec.owner], self._spec
        self._sets.reserve(len(owners), chunk.sizes[spec.owner])
        late = chunk.late[spec.owner].result()
        rows = SeenRows(owners, chunk.codes[spec.value], chunk.t, late)
        distinct = Distinct(self._lengths, self._cap, self._no_ranks)
        sets, slots = self._sets.arrays, Slots(chunk.out, self._slot)
        row = 0
        while row < len(owners):
            row = seen.observe_seen(rows, sets, distinct, slots, row)
            if row < len(owners):
                distinct = distinct._replace(ranks=chunk.texts[spec.value].ranks())

    def forget(self, now: int) -> None:
        """Forget owners that have been quiet for too long, and values of no more use."""
        self._sets.forget(now - self._keep)
        if not self._first_seen:
            self._sets.drop_past(self._lengths)


class ProfileWork:
    """The profiles of accounts."""

    def __init__(self, slot: int) -> None:
        self._slot = slot
        self._profiles = profiles.Profiles()

    def observe(self, chunk: Chunk) -> None:
        """Fill the profile before each payment."""
        self._profiles.reserve(chunk.sizes["account"])
        profiles.observe_profile(
            ProfileRows(
                chunk.codes["account"],
                chunk.t,
                chunk.moved,
                chunk.hour,
                chunk.lat,
                chunk.lon,
            ),
            ProfileState(self._profiles.state, self._profiles.hours),
            Slots(chunk.out, self._slot),
        )

    def forget(self, now: int) -> None:
        """Forget accounts that have been quiet for the profile's life."""
        self._profiles.forget(now - PROFILE_TTL)


class RiskWork:
    """Labelled frauds of one kind of place."""

    def __init__(self, spec: RiskSpec, slot: int, labelled: int) -> None:
        self._spec, self._slot = spec, slot
        self._windows = Windows(
            _lengths(spec.windows), RISK_RETENTION, delay=LABEL_DELAY
        )
        # Frauds leave by their own rule, not when a list moves.
        self._regions = regions.Regions(0, UNLIMITED)
        self._counted = np.zeros(labelled, dtype=np.bool_)

    def observe(self, chunk: Chunk) -> None:
        """Fill frauds in the delayed windows, as labels come in between."""
        effects = chunk.effects[self._spec.name]
        keys = chunk.codes[self._spec.name]
        self._regions.admit(chunk.sizes[self._spec.name])
        rows = FraudRows(keys, chunk.t, effects, self._counted)
        slots = Slots(chunk.out, self._slot)
        row = effect = 0
        while True:
            row, effect = logs.observe_frauds(
                rows, self._regions.lists, self._windows, slots, row, effect
            )
            if row == len(keys):
                return
            self._regions.enlarge()

    def forget(self, now: int) -> None:
        """Forget places without a fraud within the retention."""
        logs.forget_frauds(
            self._regions.meta,
            self._regions.events,
            self._counted,
            now - RISK_RETENTION,
        )
