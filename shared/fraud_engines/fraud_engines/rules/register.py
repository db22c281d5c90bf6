"""The lists and snoozes that people edit while payments are decided: one look-up each.

Where a ruleset's own lists change with its version, these change at once. A register is
immutable but for what a replica applies to it between two payments: entries by list, kind
and value, and snoozes by rule.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from fraud_engines.rules.ruleset_schema import Effect, Severity
from fraud_shared.contracts.entries import (
    ENTITY_KINDS,
    LIST_NAMES,
    EntityKind,
    ListName,
    Marker,
    entities,
)
from fraud_shared.contracts.signal import RuleHit
from fraud_shared.contracts.transaction import Transaction

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Held = dict[str, list[Marker]]
_EFFECTS: dict[ListName, tuple[Effect, Severity]] = {
    "deny": ("BLOCK", "critical"), "watch": ("FLAG", "medium"), "allow": ("FLAG", "low"),
}  # fmt: skip
_ALL = frozenset({"country", "email_domain"})
_NAMES: dict[EntityKind, str] = {
    "account": "account", "card_token": "card", "device": "device", "ip": "address",
    "merchant": "merchant", "terminal": "terminal", "country": "country",
    "bin": "card's range", "email_domain": "e-mail domain",
    "counterparty": "receiving account",
}  # fmt: skip


@dataclass(slots=True)
class Register:
    """Entries and snoozes in force. `revision` is that of the store they came from."""

    revision: int = 0
    _on: dict[tuple[str, EntityKind], Held] = field(default_factory=dict)
    _by_id: dict[str, Marker] = field(default_factory=dict)
    # What the functions of the language look at: set for each payment.
    now: datetime = _EPOCH
    networks: tuple[str, ...] = ()

    def apply(self, markers: Iterable[Marker], revision: int) -> None:
        """Take over what changed up to a revision; the same twice changes nothing."""
        for marker in markers:
            self._take(self._by_id.pop(marker.marker_id, None))
            if not marker.ended:
                self._by_id[marker.marker_id] = marker
                held = self._on.setdefault((marker.on, marker.kind), {})
                held.setdefault(marker.value, []).append(marker)
        self.revision = max(self.revision, revision)

    def clear(self) -> None:
        """Forget everything."""
        self._on.clear()
        self._by_id.clear()
        self.revision = 0

    def expire(self, now: datetime) -> None:
        """Forget what is no longer in force, so that it takes no room."""
        gone = [m for m in self._by_id.values() if not m.holds(now)]
        for marker in gone:
            self._take(self._by_id.pop(marker.marker_id))

    def _take(self, marker: Marker | None) -> None:
        if marker is None:
            return
        held = self._on[marker.on, marker.kind]
        held[marker.value].remove(marker)
        if not held[marker.value]:
            del held[marker.value]
        if not held:
            del self._on[marker.on, marker.kind]

    def __len__(self) -> int:
        return len(self._by_id)

    def markers(self) -> list[Marker]:
        """Everything that is held."""
        return list(self._by_id.values())

    def networks_held(self) -> frozenset[str]:
        """Every network that some entry or snooze is about."""
        held = (v for (_, kind), h in self._on.items() if kind == "ip" for v in h)
        return frozenset(value for value in held if "/" in value)

    def contains(self, on: ListName, kind: EntityKind, value: str) -> bool:
        """Whether a value is on a list now: the function `in_<list>_<kind>` of rules."""
        held = self._on.get((on, kind))
        if held is None:
            return False
        values = (value, *self.networks) if kind == "ip" else (value,)
        return any(self._first(held, each) is not None for each in values)

    def _first(self, held: Held, value: str) -> Marker | None:
        return next((m for m in held.get(value, ()) if m.holds(self.now)), None)

    def look(self, payment: Transaction, now: datetime) -> "Findings":
        """What is said about a payment's entities."""
        self.now = now
        self.networks = payment.device.networks if payment.device else ()
        if not self._on:
            return NOTHING
        return Findings(self, entities(payment))

    def _hits(
        self, name: ListName, of: dict[EntityKind, tuple[str, ...]]
    ) -> Iterator[RuleHit]:
        effect, severity = _EFFECTS[name]
        for kind, values in of.items():
            held = self._on.get((name, kind))
            if held is None:
                continue
            found = [self._first(held, value) for value in values]
            # A payment is allowed for a country when all its countries are allowed.
            if name == "allow" and kind in _ALL and None in found:
                continue
            marker = next((m for m in found if m is not None), None)
            if marker is not None:
                yield RuleHit(
                    rule=f"L-{name.upper()}-{kind.upper()}@{marker.marker_id}",
                    effect=effect,
                    severity=severity,
                    reason=f"The {_NAMES[kind]} is on the {name} list",
                    kind="list",
                )

    def _snoozed(self, rule: str, of: dict[EntityKind, tuple[str, ...]]) -> bool:
        return any(
            (held := self._on.get((rule, kind))) is not None
            and any(self._first(held, value) is not None for value in values)
            for kind, values in of.items()
        )


@dataclass(frozen=True, slots=True)
class Findings:
    """What the lists and snoozes say about one payment."""

    _register: Register | None = None
    _entities: dict[EntityKind, tuple[str, ...]] = field(default_factory=dict)

    def hits(self, name: ListName) -> tuple[RuleHit, ...]:
        """One hit for each kind of entity that is on the list."""
        if self._register is None:
            return ()
        return tuple(self._register._hits(name, self._entities))

    def snoozed(self, rule: str) -> bool:
        """Whether a rule, by its id, is snoozed for an entity of the payment."""
        return self._register is not None and self._register._snoozed(
            rule, self._entities
        )


NOTHING = Findings()
# `in_<list>_<kind>(text)` of the rules language, with what it asks.
FUNCTIONS: dict[str, tuple[ListName, EntityKind]] = {
    f"{name}_{kind}": (name, kind) for name in LIST_NAMES for kind in ENTITY_KINDS
}
