"""Who may begin: payments before questions, one client's flood is its own, refusals cheap."""

import asyncio
import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from fraud_shared.mesh.deadline import Deadline
from fraud_shared.mesh.metrics import REGISTRY
from fraud_shared.mesh.trace import Trace
from fraud_shared.testing.clocks import FakeClock
from fraud_shared.web.admission import Admission
from fraud_shared.web.bounded import ARRIVED
from fraud_shared.web.context import RequestContext
from fraud_shared.web.head_refusals import HeadRefusals
from fraud_shared.web.limit import AdaptiveLimit
from fraud_shared.web.problems import Overloaded
from fraud_shared.web.settings import ServiceSettings

# Half of `max_in_flight`: where the limit begins.
FIRST = 32
KEY = (b"x-api-key", b"fk_shop_0123456789")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def admission(
    make_settings: Callable[..., ServiceSettings], clock: FakeClock
) -> Admission:
    return Admission("kit", make_settings(), clock.monotonic)


def request_of(
    client: str, clock: FakeClock, *, waited_ms: float = 0.0, allowed_ms: float = 100.0
) -> RequestContext:
    """A request of `client` that arrived `waited_ms` ago."""
    arrived = clock.monotonic() - waited_ms / 1000
    deadline = Deadline(arrived + allowed_ms / 1000)
    context = RequestContext("r-1", Trace.start(0.0), deadline, dict([KEY]))
    context.caller, context.arrived = client, arrived
    return context


def begin(
    admission: Admission, clock: FakeClock, number: int, client: str = "shop", **of: Any
) -> list[Any]:
    """Let `number` payments begin; what is returned ends them."""
    places = []
    for _ in range(number):
        place = admission.enter("payments", request_of(client, clock, **of))
        place.__enter__()
        places.append(place)
    return places


def end(places: list[Any]) -> None:
    for place in places:
        place.__exit__(None, None, None)


def refused(lane: str) -> float:
    name = "fraud_admission_refused_total"
    labels = {"service": "kit", "lane": lane}
    return REGISTRY.get_sample_value(name, labels) or 0.0


class TestPlaces:
    def test_one_payment_more_than_the_limit_is_refused_and_counted(
        self, admission: Admission, clock: FakeClock
    ) -> None:
        places = begin(admission, clock, FIRST)
        before = refused("payments")
        with pytest.raises(Overloaded) as problem:
            begin(admission, clock, 1)
        assert problem.value.headers == {"retry-after": "1"}
        assert refused("payments") == before + 1
        end(places[:1])
        begin(admission, clock, 1)

    def test_another_client_gets_its_part_of_what_is_taken(
        self, admission: Admission, clock: FakeClock
    ) -> None:
        held = begin(admission, clock, FIRST, "flood")
        held += begin(admission, clock, FIRST // 2, "shop")
        for client in ("shop", "flood"):
            with pytest.raises(Overloaded):
                begin(admission, clock, 1, client)
        end(held)

    def test_questions_get_what_payments_leave_and_two_places_always(
        self, admission: Admission, clock: FakeClock
    ) -> None:
        held = begin(admission, clock, FIRST)
        for _ in range(2):
            held.append(admission.enter("questions", request_of("people", clock)))
            held[-1].__enter__()
        assert not admission.admits("questions", "people")
        end(held)
        assert admission.admits("questions", "people")

    def test_a_batch_waits_for_half_of_the_places(
        self, admission: Admission, clock: FakeClock
    ) -> None:
        batch = admission.enter("batches", request_of("bulk", clock))
        batch.__enter__()
        places = begin(admission, clock, FIRST // 2)
        assert not admission.admits("batches", "bulk")
        end(places[:2])
        assert admission.admits("batches", "bulk")


class TestTime:
    def test_a_payment_that_waited_half_of_its_time_is_refused(
        self, admission: Admission, clock: FakeClock
    ) -> None:
        begin(admission, clock, 1, waited_ms=49)
        with pytest.raises(Overloaded):
            begin(admission, clock, 1, waited_ms=51)

    @pytest.mark.parametrize("cause", ["work", "lag", "another service"])
    def test_late_payments_lower_the_limit_whatever_made_them_late(
        self, admission: Admission, clock: FakeClock, cause: str
    ) -> None:
        contexts = [
            request_of("shop", clock, allowed_ms=10_000.0)
            for _ in range(AdaptiveLimit.SAMPLES)
        ]
        places = [admission.enter("payments", context) for context in contexts]
        for place, context in zip(places, contexts, strict=True):
            place.__enter__()
            context.overloaded = cause == "another service"
        # Long enough for a window; little of the ten seconds that each may take.
        clock.advance(timedelta(seconds=AdaptiveLimit.WINDOW_S))
        admission.lagged(9.0 if cause == "lag" else 0.0)
        clock.advance(timedelta(seconds=9.0 if cause == "work" else 0.0))
        end(places)
        assert admission.limit.places < AdaptiveLimit.SAMPLES

    def test_copies_that_waited_for_the_first_change_no_limit(
        self, admission: Admission, clock: FakeClock
    ) -> None:
        contexts = [request_of("shop", clock) for _ in range(AdaptiveLimit.SAMPLES)]
        places = [admission.enter("payments", context) for context in contexts]
        for place, context in zip(places, contexts, strict=True):
            place.__enter__()
            context.replayed = True
        clock.advance(timedelta(seconds=AdaptiveLimit.WINDOW_S))
        end(places)
        assert admission.limit.places == FIRST

    async def test_the_lag_of_the_loop_is_measured_while_it_is_watched(
        self, make_settings: Callable[..., ServiceSettings]
    ) -> None:
        admission = Admission("lagging", make_settings())
        name = "fraud_loop_lag_seconds_count"
        async with admission.watching():
            async with asyncio.timeout(10):
                while not REGISTRY.get_sample_value(name, {"service": "lagging"}):
                    await asyncio.sleep(0.01)


class TestArrival:
    async def test_time_that_a_request_waited_is_taken_from_its_deadline(
        self, kit: Any, knock: Any
    ) -> None:
        arrived = time.monotonic() - 0.3
        headers = {"x-deadline-ms": "1000"}
        reply = await knock(kit(), headers=headers, extra={ARRIVED: arrived})
        assert reply.json["remaining_ms"] < 700

    async def test_a_request_that_waited_too_long_is_refused_at_the_edge(
        self, kit: Any, knock: Any
    ) -> None:
        arrived = time.monotonic() - 0.6
        headers = {"x-deadline-ms": "1000"}
        reply = await knock(kit(), headers=headers, extra={ARRIVED: arrived})
        assert reply.status == 503
        assert reply.json["type"] == "urn:fraud:problem:overloaded"

    def test_the_wall_of_a_payment_counts_from_its_arrival(
        self, clock: FakeClock
    ) -> None:
        context = request_of("shop", clock, waited_ms=40.0, allowed_ms=1000.0)
        assert context.wall(150.0).at == pytest.approx(clock.monotonic() + 0.110)
        assert context.wall(5000.0) == context.deadline


class TestHeadRefusals:
    @pytest.fixture
    def refusals(self, admission: Admission) -> HeadRefusals:
        return HeadRefusals("kit", admission, {"/score": "payments"})

    def test_a_known_caller_is_refused_when_all_is_taken(
        self, refusals: HeadRefusals, admission: Admission, clock: FakeClock
    ) -> None:
        refusals.learn(request_of("shop", clock))
        assert refusals.answer(b"POST", b"/score", [KEY]) is None
        held = begin(admission, clock, FIRST)
        head = [KEY, (b"x-request-id", b"mine-7")]
        reply = refusals.answer(b"POST", b"/score", head)
        assert reply is not None
        lines, body = reply.split(b"\r\n\r\n")
        assert lines.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
        assert b"retry-after: 1" in lines
        assert f"content-length: {len(body)}".encode() in lines
        assert json.loads(body)["type"] == "urn:fraud:problem:overloaded"
        assert json.loads(body)["instance"] == "mine-7"
        end(held)
        assert refusals.answer(b"POST", b"/score", [KEY]) is None

    @pytest.mark.parametrize(
        ("method", "path", "key"),
        [
            (b"POST", b"/score", (b"x-api-key", b"wrong")),
            (b"POST", b"/score", (b"accept", b"*/*")),
            (b"GET", b"/score", KEY),
            (b"POST", b"/v1/cases", KEY),
        ],
    )
    def test_whoever_is_not_known_and_other_routes_go_on_to_the_edge(
        self,
        refusals: HeadRefusals,
        admission: Admission,
        clock: FakeClock,
        method: bytes,
        path: bytes,
        key: tuple[bytes, bytes],
    ) -> None:
        refusals.learn(request_of("shop", clock))
        held = begin(admission, clock, FIRST)
        assert refusals.answer(b"POST", b"/score", [KEY]) is not None
        assert refusals.answer(method, path, [key]) is None
        end(held)
