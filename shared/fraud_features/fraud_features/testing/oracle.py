"""The maths contract by brute force: every integer from the list of payments."""

from fraud_features.definitions.facts import Facts, facts_of
from fraud_features.store.schema import (
    DISTINCTS,
    LABEL_DELAY,
    LENGTHS,
    LOGS,
    RISK_RETENTION,
    RISKS,
    SLOTS,
)
from fraud_shared.contracts.transaction import Transaction


class Oracle:
    """Remembers payments and labels, and counts them anew each time."""

    def __init__(self) -> None:
        self.payments: list[Facts] = []
        self.frauds: dict[tuple[str, str], dict[str, int]] = {}
        self.dropped: dict[tuple[str, str], int] = {}

    def observe(self, payment: Transaction) -> dict[str, int | None]:
        """The named integers for a payment that was not seen before."""
        facts = facts_of(payment)
        earlier = list(self.payments)
        self.payments.append(facts)
        slots: dict[str, int | None] = {}
        for spec in LOGS:
            slots |= self._log(facts, spec.name)
        for seen in DISTINCTS:
            slots |= _seen(facts, earlier, seen.name)
        slots |= _profile(facts, earlier)
        for risk in RISKS:
            slots |= self._risk(facts, risk.name)
        assert tuple(slots) == SLOTS
        return slots

    def label(self, kind: str, key: str, transaction_id: str, t: int | None) -> None:
        """Set (t) or clear (None) a labelled fraud."""
        frauds = self.frauds.setdefault((kind, key), {})
        frauds.pop(transaction_id, None)
        if t is not None:
            frauds[transaction_id] = t
            last = max(frauds.values()) - RISK_RETENTION
            for name in [name for name, moment in frauds.items() if moment <= last]:
                moment = frauds.pop(name)
                earlier = self.dropped.get((kind, key), moment)
                self.dropped[kind, key] = max(earlier, moment)

    def _log(self, facts: Facts, name: str) -> dict[str, int | None]:
        spec = next(spec for spec in LOGS if spec.name == name)
        stored = next(s for s in LOGS if s.store == spec.store and s.when != "never")
        key = getattr(facts, spec.key)
        events = [
            p
            for p in self.payments
            if key is not None
            and getattr(p, stored.key) == key
            and (stored.when == "always" or p.small)
        ]
        newest = max((p.t for p in events), default=facts.t)
        slots: dict[str, int | None] = {}
        for window in spec.windows:
            begin = facts.t - LENGTHS[window]
            inside = [p for p in events if begin < p.t <= facts.t]
            unknown = key is None or begin < newest - stored.retention
            slots[f"{name}_n_{window}"] = None if unknown else len(inside)
            total = sum(p.moved for p in inside)
            slots[f"{name}_total_{window}"] = None if unknown else total
        for window in spec.maxima:
            inside = [p for p in events if facts.t - LENGTHS[window] < p.t <= facts.t]
            late = newest > facts.t
            top = max((p.moved for p in inside), default=0)
            slots[f"{name}_top_{window}"] = None if late else top
        return slots

    def _risk(self, facts: Facts, name: str) -> dict[str, int | None]:
        spec = next(spec for spec in RISKS if spec.name == name)
        key = getattr(facts, name)
        end = facts.t - LABEL_DELAY
        moments = self.frauds.get((name, key), {}).values()
        dropped = self.dropped.get((name, key), end - LENGTHS["37d"])
        return {
            f"{name}_frauds_{window}": None
            if key is None or end - LENGTHS[window] < dropped
            else sum(end - LENGTHS[window] < t <= end for t in moments)
            for window in spec.windows
        }


def _seen(facts: Facts, earlier: list[Facts], name: str) -> dict[str, int | None]:
    spec = next(spec for spec in DISTINCTS if spec.name == name)
    owner, value = getattr(facts, spec.owner), getattr(facts, spec.value)
    mine = [p for p in earlier if owner is not None and getattr(p, spec.owner) == owner]
    known = any(getattr(p, spec.value) == value for p in mine)
    late = any(p.t > facts.t for p in mine)
    missing = owner is None or value is None
    slots: dict[str, int | None] = {f"{name}_known": None if missing else int(known)}
    for window in spec.windows:
        begin = facts.t - LENGTHS[window]
        values = {getattr(p, spec.value) for p in [*mine, facts] if p.t > begin} - {
            None
        }
        slot = f"{spec.owner}_distinct_{spec.plural}_in_{window}"
        slots[slot] = None if owner is None or late else len(values)
    return slots


def _profile(facts: Facts, earlier: list[Facts]) -> dict[str, int | None]:
    mine = [p for p in earlier if p.account == facts.account]
    amounts = [p.moved for p in mine if p.moved]
    located: Facts | None = None
    for p in mine:
        if p.lat is not None and (located is None or p.t >= located.t):
            located = p
    hours = [p.hour for p in mine]
    return {
        "history_payments": len(mine),
        "typical_n": len(amounts),
        "typical_sum": sum(amounts),
        "squares_hi": sum(a * a // 10**9 for a in amounts),
        "squares_lo": sum(a * a % 10**9 for a in amounts),
        "first_t": min((p.t for p in mine), default=None),
        "last_t": max((p.t for p in mine), default=None),
        "located_t": located.t if located else None,
        "last_lat": located.lat if located else None,
        "last_lon": located.lon if located else None,
        "hour_before": hours.count((facts.hour - 1) % 24),
        "hour_same": hours.count(facts.hour),
        "hour_after": hours.count((facts.hour + 1) % 24),
    }
