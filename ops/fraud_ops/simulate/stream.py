"""The stream: payments and labels merged in the order of time, drawn day by day."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from heapq import heappop, heappush
from operator import itemgetter
from typing import Any, NamedTuple

from fraud_features.store.observation import LabelEffect
from fraud_ops.simulate.acceptance import Acceptor, draws
from fraud_ops.simulate.compose import PaymentDraft
from fraud_ops.simulate.config import DAY_MS, SimulationConfig
from fraud_ops.simulate.habits import Habits
from fraud_ops.simulate.incidents import commit, plan, quotas
from fraud_ops.simulate.ordinary import Ordinary
from fraud_ops.simulate.world import World, build_world

_CLOCK = tuple(
    f"{h:02d}:{m:02d}:{s:02d}" for h in range(24) for m in range(60) for s in range(60)
)


class SimulatedPayment(NamedTuple):
    """A payment with its ground truth.

    `payment` is a JSON-ready `TransactionIn`; its parts are shared between payments and
    must not be changed. `scenario` names the fraud scenario and is None for honest
    payments; `situation` names an honest oddity such as travel.
    """

    payment: dict[str, Any]
    occurred_at: datetime
    scenario: str | None
    fraud: bool
    situation: str | None

    def effect(self, label: Mapping[str, Any]) -> LabelEffect:
        """What a report about this payment means for the places where it was made."""
        return LabelEffect.of(
            self.payment,
            label["label"],
            occurred_at=self.occurred_at,
            reversal=bool(label.get("reversal", False)),
        )


class SimulatedLabel(NamedTuple):
    """A JSON-ready `LabelReport`, to be delivered at `reported_at`. A reversal repeats
    the label it withdraws."""

    label: dict[str, Any]
    reported_at: datetime


class Simulation(NamedTuple):
    """A whole simulation in memory, each list in the order of time."""

    payments: list[SimulatedPayment]
    labels: list[SimulatedLabel]


def stream(config: SimulationConfig) -> Iterator[SimulatedPayment | SimulatedLabel]:
    """Payments at their time and labels when they are reported, the last of them weeks
    after the last payment. Memory holds one day, the running incidents, the open labels."""
    labels = _Labels(config)
    payments = _Payments(config)
    for draft in _drafts(build_world(config)):
        yield from labels.due(draft.at)
        payment = payments.number(draft)
        labels.expect(payment, draft)
        if config.logins and (login := login_before(payment, config.logins)):
            yield login
        yield payment
    yield from labels.due(None)


def login_before(payment: SimulatedPayment, share: float) -> SimulatedPayment | None:
    """The login behind a payment of the bank's own channels, in `share` of the cases."""
    body = payment.payment
    name = f"{body['transaction_id']}-login"
    if "seconds_since_login" not in body.get("session", {}) or draws(name)[0] >= share:
        return None
    known = ("account_id", "currency", "occurred_at", "channel", "device", "location")
    login = {field: body[field] for field in known if field in body} | {
        "transaction_id": name,
        "kind": "login",
        "amount_minor": 0,
        "session": body["session"] | {"seconds_since_login": 0},
        "segment": body["segment"],
        "hints": body["hints"],
    }
    return payment._replace(payment=login)


def transactions(config: SimulationConfig) -> Simulation:
    """The same as `stream`, collected into two lists."""
    found = Simulation([], [])
    for event in stream(config):
        if isinstance(event, SimulatedPayment):
            found.payments.append(event)
        else:
            found.labels.append(event)
    return found


def _drafts(world: World) -> Iterator[PaymentDraft]:
    """All payments in the order of time; those of one day are in memory."""
    config = world.config
    habits = Habits(world)
    ordinary = Ordinary(world, habits)
    counts = habits.counts(max(0, config.payments - sum(quotas(config).values())))
    incidents = plan(config)[::-1]
    pending: list[PaymentDraft] = []
    reissues: list[tuple[int, int]] = []
    for day, count in enumerate(counts.tolist()):
        end = (day + 1) * DAY_MS
        for due in sorted(r for r in reissues if r[1] <= day * DAY_MS):
            world.wallet.reissue(due[0])
        reissues = [r for r in reissues if r[1] > day * DAY_MS]
        while incidents and incidents[-1].start < end:
            crime = commit(world, incidents.pop())
            pending += crime.drafts
            reissues += crime.reissues
        today = [draft for draft in pending if draft.at < end]
        pending = [draft for draft in pending if draft.at >= end]
        yield from sorted(ordinary.day(day, count) + today, key=itemgetter(0))


class _Payments:
    """Gives drafts their id and time."""

    def __init__(self, config: SimulationConfig) -> None:
        self._start = config.start
        self._prefix = f"sim-{config.fingerprint}-"
        self._count = 0
        self._date = _date_of(config.start)
        self._acceptor = Acceptor(config)

    def number(self, draft: PaymentDraft) -> SimulatedPayment:
        at, _, scenario, situation, _ = draft
        day, ms = divmod(at, DAY_MS)
        second, rest = divmod(ms, 1000)
        self._count += 1
        payment = {
            "transaction_id": f"{self._prefix}{self._count:09d}",
            "occurred_at": f"{self._date(day)}T{_CLOCK[second]}.{rest:03d}Z",
            **self._acceptor.complete(self._count, draft),
        }
        moment = self._start + timedelta(milliseconds=at)
        return SimulatedPayment(
            payment, moment, scenario, scenario is not None, situation
        )


class _Labels:
    """Labels that are to be reported, by time."""

    def __init__(self, config: SimulationConfig) -> None:
        self._start = config.start
        self._heap: list[tuple[int, int, dict[str, Any]]] = []
        self._count = 0
        self._date = _date_of(config.start)

    def expect(self, payment: SimulatedPayment, draft: PaymentDraft) -> None:
        for delay, source, reversal in draft.reports:
            at = draft.at + delay
            day, ms = divmod(at, DAY_MS)
            label = {
                "transaction_id": payment.payment["transaction_id"],
                "label": "fraud",
                "source": source,
                "reported_at": f"{self._date(day)}T{_CLOCK[ms // 1000]}.{ms % 1000:03d}Z",
                "reversal": reversal,
            }
            self._count += 1
            heappush(self._heap, (at, self._count, label))

    def due(self, until: int | None) -> Iterator[SimulatedLabel]:
        while self._heap and (until is None or self._heap[0][0] <= until):
            at, _, label = heappop(self._heap)
            yield SimulatedLabel(label, self._start + timedelta(milliseconds=at))


def _date_of(start: datetime) -> Callable[[int], str]:
    """Dates by day number, each written once."""
    known: dict[int, str] = {}

    def date(day: int) -> str:
        found = known.get(day)
        if found is None:
            found = known[day] = (start + timedelta(days=day)).date().isoformat()
        return found

    return date
