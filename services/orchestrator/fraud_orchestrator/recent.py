"""What this process itself knows of recent payments, for when the online store is silent.

A lower bound: what other gateways saw is missing. From memory come the last answers of the
store about an account, card, device, address or place, as far as their windows still reach
to the payment, and the payments that this process saw since. Each number is the larger of
the two, so it is never below what the process knows to be true; a number of an answer that is
a little old may be above it, which can only make a verdict stricter. Memory is bounded: the
newest payments, and the entities seen last.
"""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from contextlib import suppress

from fraud_features.definitions.facts import entities_of, facts_of, microseconds
from fraud_features.store.memory.engine import Engine
from fraud_features.store.observation import Observation, lower_bound
from fraud_features.store.schema import DISTINCTS, LENGTHS, LOGS, PROFILE, RISKS, SLOT
from fraud_shared.contracts.transaction import Transaction

PAYMENTS_CAP = 10_000
ENTITIES_CAP = 10_000
# The engine is given up when the store has answered for so long.
IDLE_S = 60.0
_CHUNK = 50
Raw = tuple[int | None, ...]


def _reach() -> dict[str, list[tuple[int, int | None]]]:
    """By kind of entity its slots, each with the length of its window; None for a slot that
    holds however old it is. What ties a payment's two entities together is not here: an
    earlier answer was about another pair."""
    found: dict[str, list[tuple[int, int | None]]] = {}
    for log in LOGS:
        slots = found.setdefault(log.key, [])
        for window in log.windows:
            slots += [
                (SLOT[f"{log.name}_{what}_{window}"], LENGTHS[window])
                for what in ("n", "total")
            ]
        for window in log.maxima:
            slots.append((SLOT[f"{log.name}_top_{window}"], LENGTHS[window]))
    for seen in DISTINCTS:
        found.setdefault(seen.owner, []).extend(
            (SLOT[f"{seen.owner}_distinct_{seen.plural}_in_{w}"], LENGTHS[w])
            for w in seen.windows
        )
    for risk in RISKS:
        found.setdefault(risk.name, []).extend(
            (SLOT[f"{risk.name}_frauds_{window}"], None) for window in risk.windows
        )
    return found


_REACH = _reach()
_HISTORY = SLOT["history_payments"]
_PROFILE = tuple(SLOT[name] for name in PROFILE)
_KNOWN = tuple(SLOT[f"{seen.name}_known"] for seen in DISTINCTS)
_FRAUDS = tuple(at for slots in _REACH.values() for at, length in slots if not length)


class RecentPayments:
    """The newest payments and answers; `lower_bound` says what they say of a payment."""

    def __init__(
        self,
        *,
        payments_cap: int = PAYMENTS_CAP,
        entities_cap: int = ENTITIES_CAP,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._payments: deque[Transaction] = deque(maxlen=payments_cap)
        self._ids: set[str] = set()
        self._entities_cap = entities_cap
        self._answers: OrderedDict[tuple[str, str], tuple[int, Raw]] = OrderedDict()
        self._monotonic = monotonic
        self._engine: Engine | None = None
        self._used_at = 0.0
        # What the engine that is being built has still to see.
        self._waiting: deque[Transaction] | None = None
        self._building: asyncio.Task[None] | None = None

    def answered(self, payment: Transaction, observation: Observation) -> None:
        """The store took a payment and said this of it."""
        self._take(payment)
        if observation.known:
            at = microseconds(payment.occurred_at)
            for entity in entities_of(payment):
                self._answers[entity] = (at, observation.raw)
                self._answers.move_to_end(entity)
            while len(self._answers) > self._entities_cap:
                self._answers.popitem(last=False)
        idle = self._monotonic() - self._used_at > IDLE_S
        if self._engine is not None and idle:
            self._engine = None

    def lower_bound(self, payment: Transaction) -> Observation | None:
        """What is known at least, and count the payment; None for an account of which the
        store never answered, or until the payments have been read into an engine."""
        self._used_at = self._monotonic()
        if ("account", payment.account_id) not in self._answers:
            self._take(payment)
            return None
        if self._engine is None:
            self._take(payment)
            self._build()
            return None
        repeat = payment.transaction_id in self._ids
        facts = facts_of(payment)
        engine = self._engine
        seen = tuple(engine.peek(facts) if repeat else engine.observe(facts))
        if not repeat:
            self._remember(payment)
        return lower_bound(self._merged(payment, seen))

    async def close(self) -> None:
        """End what is under way."""
        if self._building is not None:
            self._building.cancel()
            with suppress(asyncio.CancelledError):
                await self._building

    def _merged(self, payment: Transaction, seen: Raw) -> Raw:
        raw = list(seen)
        for at in _KNOWN:
            raw[at] = raw[at] or None  # not seen here is not new
        for at in _FRAUDS:
            raw[at] = None  # labels do not come here
        now = microseconds(payment.occurred_at)
        for kind, name in entities_of(payment):
            found = self._answers.get((kind, name))
            if found is None:
                continue
            then, answer = found
            for at, length in _REACH.get(kind, ()):
                said = answer[at]
                if said is not None and (length is None or now - then < length):
                    raw[at] = max(said, raw[at] or 0)
            if kind == "account" and (answer[_HISTORY] or 0) >= (seen[_HISTORY] or 0):
                for at in _PROFILE:
                    raw[at] = answer[at]
        return tuple(raw)

    def _take(self, payment: Transaction) -> None:
        if payment.transaction_id in self._ids:
            return
        self._remember(payment)
        if self._waiting is not None:
            self._waiting.append(payment)
        elif self._engine is not None:
            self._engine.observe(facts_of(payment))

    def _remember(self, payment: Transaction) -> None:
        if len(self._payments) == self._payments.maxlen:
            self._ids.discard(self._payments[0].transaction_id)
        self._payments.append(payment)
        self._ids.add(payment.transaction_id)

    def _build(self) -> None:
        if self._waiting is None:
            self._waiting = deque(self._payments)
            self._building = asyncio.create_task(self._fill(self._waiting))

    async def _fill(self, waiting: deque[Transaction]) -> None:
        """Read the payments into an engine, a few at a time beside the payments."""
        engine = Engine()
        try:
            while waiting:
                for _ in range(min(_CHUNK, len(waiting))):
                    engine.observe(facts_of(waiting.popleft()))
                await asyncio.sleep(0)
            self._engine = engine
        finally:
            self._waiting = None
