"""The in-process executor: all state in memory, one call per payment.

Pure and synchronous. `MemoryOnlineStore` puts the port around it; `offline.frame` drives
it through a history. Returns the integers of `schema.SLOTS`.
"""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from fraud_features.definitions.facts import Facts, microseconds
from fraud_features.store.memory.profile import Profile
from fraud_features.store.memory.risk import Frauds
from fraud_features.store.memory.windows import Log, Peaks, SeenSet
from fraud_features.store.observation import LabelEffect
from fraud_features.store.port import Named
from fraud_features.store.schema import (
    DISTINCTS,
    LABEL_DELAY,
    LENGTHS,
    LOG_CAP,
    LOGS,
    PROFILE_TTL,
    RISK_RETENTION,
    RISKS,
    entities_of_own,
    sees,
    unnamed,
)

# Payments between two sweeps for entities that have gone quiet.
SWEEP_EVERY = 200_000
RETENTION = {spec.store: spec.retention for spec in LOGS if spec.when != "never"}
_FIELD = {name: index for index, name in enumerate(Facts._fields)}

Raw = list[int | None]


class Engine:
    """State of every entity, and the one operation that moves and reads it."""

    def __init__(
        self,
        *,
        log_cap: int = LOG_CAP,
        seen_cap: int | None = None,
        sweep_every: int = SWEEP_EVERY,
    ) -> None:
        self._log_cap = log_cap
        self._seen_cap = seen_cap
        self._logs: dict[str, dict[str, Log]] = {store: {} for store in RETENTION}
        self._peaks: dict[str, dict[str, Peaks]] = {
            s.name: {} for s in LOGS if s.maxima
        }
        self._seen: dict[str, dict[str, SeenSet]] = {s.name: {} for s in DISTINCTS}
        self._profiles: dict[str, Profile] = {}
        self._frauds: dict[str, dict[str, Frauds]] = {spec.name: {} for spec in RISKS}
        self._newest = 0
        self._sweep_every = self._until_sweep = sweep_every
        # The tables of `schema`, with every look-up that does not depend on the payment
        # done once: this loop is the cost of a payment.
        self._log_plan = [
            (
                _FIELD[spec.key],
                self._logs[spec.store],
                RETENTION[spec.store],
                spec.when,
                spec.lengths,
                (0, 0) * len(spec.lengths),
                (None,) * (2 * len(spec.lengths) + len(spec.maxima)),
                spec.name,
                [LENGTHS[window] for window in spec.maxima],
            )
            for spec in LOGS
        ]
        self._seen_plan = [
            (
                _FIELD[spec.owner],
                _FIELD[spec.value],
                self._seen[spec.name],
                spec.cap if seen_cap is None else seen_cap,
                [LENGTHS[window] for window in spec.windows],
                (None,) * (1 + len(spec.windows)),
                spec.owner,
            )
            for spec in DISTINCTS
        ]
        self._risk_plan = [
            (
                _FIELD[spec.name],
                self._frauds[spec.name],
                [LENGTHS[window] for window in spec.windows],
            )
            for spec in RISKS
        ]

    def observe(self, facts: Facts) -> Raw:
        """Add a payment, then read it: the caller sees to repeated ids."""
        out: Raw = []
        late = self._observe_logs(facts, out)
        self._observe_seen(facts, late, out)
        profile = self._profiles.get(facts.account)
        if profile is None:
            profile = self._profiles[facts.account] = Profile()
        out += profile.read(facts.hour)
        profile.add(facts)
        end = facts.t - LABEL_DELAY
        fields: Any = facts
        for field, frauds, lengths in self._risk_plan:
            known = frauds.get(fields[field]) if frauds else None
            if fields[field] is None:
                out += [None] * len(lengths)
            elif known is None:
                out += [0] * len(lengths)
            else:
                out += [known.count(end - length, end) for length in lengths]
        self._sweep_sometimes(facts.t)
        return out

    def peek(self, facts: Facts) -> Raw:
        """What `observe` would read, on copies of what this payment touches."""
        twin = Engine(log_cap=self._log_cap, seen_cap=self._seen_cap)
        fields: Any = facts
        for plan, its in zip(self._log_plan, twin._log_plan, strict=True):
            _copy(plan[1], its[1], fields[plan[0]])
        for risk, its_risk in zip(self._risk_plan, twin._risk_plan, strict=True):
            _copy(risk[1], its_risk[1], fields[risk[0]])
        for mine, other in zip(self._seen_plan, twin._seen_plan, strict=True):
            _copy(mine[2], other[2], fields[mine[0]])
        for spec in LOGS:
            if spec.maxima:
                key = fields[_FIELD[spec.key]]
                _copy(self._peaks[spec.name], twin._peaks[spec.name], key)
        _copy(self._profiles, twin._profiles, facts.account)
        return twin.observe(facts)

    def apply_label(self, label: LabelEffect) -> None:
        """See `OnlineStore.apply_label`."""
        t = microseconds(label.occurred_at)
        for kind, key in label.places:
            frauds = self._frauds[kind].get(key)
            if frauds is None:
                if not label.is_fraud:
                    continue
                frauds = self._frauds[kind][key] = Frauds()
            frauds.set(label.transaction_id, t, fraud=label.is_fraud)

    def forget(self, own: Sequence[Named], shared: Sequence[Named]) -> None:
        """See `OnlineStore.forget`."""
        for kind, key in entities_of_own(own):
            for log in LOGS:
                if log.key == kind:
                    self._logs[log.store].pop(key, None)
                    self._peaks.get(log.name, {}).pop(key, None)
            for spec in DISTINCTS:
                if spec.owner == kind:
                    self._seen[spec.name].pop(key, None)
            if kind == "account":
                self._profiles.pop(key, None)
            self._frauds.get(kind, {}).pop(key, None)
        for value, key in entities_of_own(own):
            nobody = unnamed(key)
            for owner, name in shared:
                for spec in sees(owner, value):
                    if (seen := self._seen[spec.name].get(name)) is not None:
                        seen.rename(key, nobody)

    def _observe_logs(self, facts: Facts, out: Raw) -> set[str]:
        t, moved = facts.t, facts.moved
        fields: Any = facts
        late: set[str] = set()
        for (
            field,
            logs,
            retention,
            when,
            lengths,
            zeros,
            nones,
            name,
            maxima,
        ) in self._log_plan:
            key: str | None = fields[field]
            if key is None:
                out += nones
                continue
            log = logs.get(key)
            if when == "always" or (when == "small" and facts.small):
                if log is None:
                    log = logs[key] = Log(retention)
                elif t < log.moments[-1]:
                    late.add(name)
                log.add(t, moved, self._log_cap)
            if log is None:
                out += zeros
            else:
                log.read(t, lengths, out)
            if maxima:
                self._observe_peaks(name, key, facts, maxima, late, out)
        return late

    def _observe_peaks(
        self,
        name: str,
        key: str,
        facts: Facts,
        lengths: list[int],
        late: set[str],
        out: Raw,
    ) -> None:
        peaks = self._peaks[name].get(key)
        if peaks is None:
            peaks = self._peaks[name][key] = Peaks()
        peaks.add(facts.t, facts.moved)
        if name in late:
            out += [None] * len(lengths)
            return
        if len(peaks.moments) > 64:
            peaks.trim(facts.t - max(lengths))
        out += [peaks.read(facts.t, length) for length in lengths]

    def _observe_seen(self, facts: Facts, late: set[str], out: Raw) -> None:
        t = facts.t
        fields: Any = facts
        for owner, value, sets, cap, lengths, nones, name in self._seen_plan:
            key: str | None = fields[owner]
            if key is None:
                out += nones
                continue
            seen = sets.get(key)
            what: str | None = fields[value]
            if what is None:
                out.append(None)
            else:
                if seen is None:
                    seen = sets[key] = SeenSet()
                out.append(1 if seen.touch(what, t, cap) else 0)
            if name in late:
                out += nones[1:]
            elif seen is None:
                out += [0] * len(lengths)
            else:
                for length in lengths:
                    out.append(seen.distinct(t, length))

    def _sweep_sometimes(self, t: int) -> None:
        self._newest = max(self._newest, t)
        self._until_sweep -= 1
        if not self._until_sweep:
            self._until_sweep = self._sweep_every
            self._sweep()

    def _sweep(self) -> None:
        now = self._newest
        gone: list[tuple[dict[str, Any], str]] = []
        for store, logs in self._logs.items():
            limit = now - RETENTION[store]
            gone += ((logs, k) for k, log in logs.items() if log.newest() <= limit)
        for name, peaks in self._peaks.items():
            limit = now - RETENTION[name]
            gone += ((peaks, k) for k, p in peaks.items() if p.moments[-1] <= limit)
        for spec in DISTINCTS:
            limit = now - (PROFILE_TTL if spec.profile else RETENTION[spec.owner])
            sets = self._seen[spec.name]
            gone += (
                (sets, k) for k, seen in sets.items() if seen.order[-1][0] <= limit
            )
        gone += (
            (self._profiles, k)
            for k, profile in self._profiles.items()
            if (profile.last or 0) <= now - PROFILE_TTL
        )
        for frauds in self._frauds.values():
            gone += (
                (frauds, k)
                for k, f in frauds.items()
                if f.newest() <= now - RISK_RETENTION
            )
        for entities, key in gone:
            del entities[key]


def _copy(source: dict[str, Any], target: dict[str, Any], key: str | None) -> None:
    if key is not None and key in source and key not in target:
        target[key] = deepcopy(source[key])
