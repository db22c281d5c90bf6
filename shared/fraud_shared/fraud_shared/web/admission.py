"""Who may begin now: by kind of request, by client, and by what the process can do well.

What cannot be answered within its time is refused at once, before its body is read where
the head tells enough. Payments come first: questions and batches get what payments leave,
and a few places of their own, so that no load shuts people out.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import NoReturn

from fraud_shared.web.context import RequestContext
from fraud_shared.web.lanes import Lane, LaneName
from fraud_shared.web.limit import AdaptiveLimit
from fraud_shared.web.problems import Overloaded
from fraud_shared.web.settings import ServiceSettings
from fraud_shared.web.telemetry import ADMISSION_LIMIT, IN_FLIGHT, LOOP_LAG, REFUSED

TICK_S = 0.05
# Of the limit of payments: how much may be under way for others to begin, and how many of
# them begin whatever is under way.
LEFT: dict[LaneName, tuple[float, int]] = {"questions": (0.75, 2), "batches": (0.5, 1)}


class Admission:
    """The places of one process."""

    def __init__(
        self,
        service: str,
        settings: ServiceSettings,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._monotonic = monotonic
        self._budget_ms = settings.budget_ms
        self._lanes: dict[LaneName, Lane] = {
            "payments": Lane(2 * settings.max_in_flight),
            "batches": Lane(settings.max_batches_in_flight),
            "questions": Lane(settings.max_in_flight),
        }
        self._clients: dict[str, int] = {}
        self.limit = AdaptiveLimit(
            first=settings.max_in_flight // 2,
            least=settings.admission_least,
            most=settings.max_in_flight,
            target=settings.admission_target,
            monotonic=monotonic,
        )
        self._lag_ms = 0.0
        self._loop_lag = LOOP_LAG.labels(service)
        self._refused = {lane: REFUSED.labels(service, lane) for lane in self._lanes}
        IN_FLIGHT.labels(service).set_function(
            lambda: sum(lane.busy for lane in self._lanes.values())
        )
        ADMISSION_LIMIT.labels(service).set_function(lambda: self.limit.places)

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Look every now and then how late the event loop comes to a timer."""
        task = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            task.cancel()

    async def _watch(self) -> None:
        while True:
            due = self._monotonic() + TICK_S
            await asyncio.sleep(TICK_S)
            self.lagged(max(0.0, self._monotonic() - due))

    def lagged(self, late_s: float) -> None:
        """The event loop came `late_s` seconds late to a timer."""
        self._loop_lag.observe(late_s)
        self._lag_ms = late_s * 1000

    def check(self, lane: LaneName, client: str) -> None:
        """Refuse what would not be let in now. Raises Overloaded."""
        if not self.admits(lane, client):
            self._refuse(lane)

    @contextmanager
    def enter(self, lane: LaneName, context: RequestContext) -> Iterator[None]:
        """Around the handling of a request whose body is here. Raises Overloaded."""
        client, place = context.caller, self._lanes[lane]
        allowed_ms = (context.deadline.at - context.arrived) * 1000
        budget_ms = max(1.0, min(allowed_ms, self._budget_ms))
        self.check(lane, client)
        if lane != "payments":
            with place:
                yield
            return
        if self._used_ms(context) > budget_ms / 2:
            self._refuse(lane)
        with place:
            self._clients[client] = self._clients.get(client, 0) + 1
            try:
                yield
            finally:
                self._leave(client)
            if context.replayed:
                return
            share = (self._used_ms(context) + self._lag_ms) / budget_ms
            # Another service refused a part of it: as bad as late.
            self.limit.finished(max(share, 1.0) if context.overloaded else share)

    def admits(self, lane: LaneName, client: str) -> bool:
        """Whether a request of `client` may begin in `lane` now."""
        payments = self._lanes["payments"].busy
        if lane == "payments":
            own = self._clients.get(client, 0)
            clients = len(self._clients) + (own == 0)
            return self.limit.admits(payments, own=own, clients=clients)
        place = self._lanes[lane]
        share, always = LEFT[lane]
        free = payments + place.busy < self.limit.places * share
        return place.busy < place.limit and (free or place.busy < always)

    def _used_ms(self, context: RequestContext) -> float:
        return (self._monotonic() - context.arrived) * 1000

    def count_refusal(self, lane: LaneName) -> None:
        """Count a request that was refused."""
        self._refused[lane].inc()

    def _refuse(self, lane: LaneName) -> NoReturn:
        self.count_refusal(lane)
        raise Overloaded

    def _leave(self, client: str) -> None:
        if self._clients[client] == 1:
            del self._clients[client]
        else:
            self._clients[client] -= 1
