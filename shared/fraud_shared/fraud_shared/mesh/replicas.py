"""The addresses of one service: a pure state machine that says which one a call goes to.

Each address has a breaker and a bulkhead of its own. An address that fails is ejected by
its breaker; one that has left a call unanswered for long gets no further ones while
another can take them, so that a frozen address holds few calls before it is ejected.
"""

from collections.abc import Callable, Iterator
from typing import Literal

from fraud_shared.mesh.breaker import Breaker

BULKHEAD = 64
Refusal = Literal["open", "full"]


class Replica:
    """One address: its breaker, and the calls that it has not answered yet."""

    def __init__(self, index: int, monotonic: Callable[[], float]) -> None:
        self.index = index
        self.breaker = Breaker(monotonic)
        self._monotonic = monotonic
        # Number of a call -> when it began. Dictionaries keep order: the first is oldest.
        self._unanswered: dict[int, float] = {}
        self._calls = 0

    @property
    def in_flight(self) -> int:
        """Calls under way."""
        return len(self._unanswered)

    @property
    def full(self) -> bool:
        """Whether the bulkhead takes no further call."""
        return len(self._unanswered) >= BULKHEAD

    def begin(self) -> int:
        """A call begins; `end` takes the number that this returns."""
        self._calls += 1
        self._unanswered[self._calls] = self._monotonic()
        return self._calls

    def end(self, number: int) -> None:
        """A call is over, whatever its outcome."""
        del self._unanswered[number]

    def silent_s(self) -> float:
        """For how long the oldest call under way has had no answer; 0 without calls."""
        for began in self._unanswered.values():
            return self._monotonic() - began
        return 0.0


class ReplicaSet:
    """The addresses of one service and the choice between them."""

    def __init__(self, count: int, monotonic: Callable[[], float]) -> None:
        if count < 1:
            raise ValueError("a service has at least one address")
        self._replicas = tuple(Replica(index, monotonic) for index in range(count))
        self._turn = 0

    def __len__(self) -> int:
        return len(self._replicas)

    def __iter__(self) -> Iterator[Replica]:
        return iter(self._replicas)

    def __getitem__(self, index: int) -> Replica:
        return self._replicas[index]

    def pick(
        self, *, silent_after_s: float, excluding: Replica | None = None
    ) -> Replica | Refusal:
        """The address for the next call, or why none takes it.

        Of those in service: one that answers before one that has been silent for
        `silent_after_s`, then the one with fewest calls under way, ties in turn. An
        ejected one gets a call only as its probe, and only when no other takes it: see
        `due_probe`.
        """
        self._turn += 1
        if len(self._replicas) == 1 and excluding is None:
            only = self._replicas[0]
            if only.breaker.state == "closed" and not only.full:
                return only  # no choice to be made
        others = [r for r in self._replicas if r is not excluding]
        closed = [r for r in others if r.breaker.state == "closed"]
        takers = [r for r in closed if not r.full]
        if takers:
            return min(takers, key=lambda r: self._rank(r, silent_after_s))
        # Full before the breaker is asked: a refused call must not use up the one probe.
        probe = self.due_probe(excluding=excluding)
        if probe is not None:
            return probe
        return "full" if any(replica.full for replica in others) else "open"

    def due_probe(self, *, excluding: Replica | None) -> Replica | None:
        """An ejected address that may be probed now, which this call takes up: the caller
        must probe it and say how that ended."""
        for replica in self._replicas:
            if replica is excluding or replica.full:
                continue
            if replica.breaker.state == "half_open" and replica.breaker.allow():
                return replica
        return None

    def any_alive(self) -> Replica:
        """Some address in service, in turn, else some address: for a call outside of
        breakers and bulkheads."""
        self._turn += 1
        closed = [r for r in self._replicas if r.breaker.state == "closed"]
        among = closed or self._replicas
        return among[self._turn % len(among)]

    @property
    def all_ejected(self) -> bool:
        """Whether no address is in service."""
        return all(replica.breaker.state != "closed" for replica in self._replicas)

    def _rank(self, replica: Replica, silent_after_s: float) -> tuple[bool, int, int]:
        return (
            replica.silent_s() > silent_after_s,
            replica.in_flight,
            (replica.index + self._turn) % len(self._replicas),
        )
