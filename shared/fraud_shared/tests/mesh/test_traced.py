"""Calls of a sampled request are client spans; those of any other are not."""

import asyncio

import pytest
from opentelemetry.trace import StatusCode

from fraud_shared.mesh.errors import DependencyError, DependencyTimeout
from fraud_shared.mesh.spans import SpanKind, together
from fraud_shared.mesh.traced import TracedTransport, without_ids
from fraud_shared.mesh.transport import HttpTransport
from fraud_shared.testing.fakes import FakeTransport
from fraud_shared.testing.spans import Collected


async def answers(path: str, body: bytes) -> tuple[int, bytes]:
    if path == "/late":
        raise DependencyTimeout("rules")
    if path == "/cancelled":
        raise asyncio.CancelledError
    return (503, b"") if path == "/busy" else (200, b"{}")


@pytest.fixture
def fake() -> FakeTransport:
    return FakeTransport({"rules": answers})


@pytest.fixture
def transport(fake: FakeTransport) -> TracedTransport:
    return TracedTransport(fake)


class TestSampled:
    async def test_the_callee_is_below_the_call(
        self, fake: FakeTransport, transport: TracedTransport
    ) -> None:
        kit = Collected()
        with kit.sampled() as request:
            await transport.send("rules", "/evaluate", b"", {"traceparent": "-"}, 1)
        (hop,) = kit.named("POST")
        assert hop.parent is not None
        assert f"{hop.parent.span_id:016x}" == request.trace.span_id
        sent = fake.headers[0]["traceparent"].split("-")
        assert sent[1:3] == [request.trace.trace_id, f"{hop.context.span_id:016x}"]
        assert int(sent[3], 16) & 1

    @pytest.mark.parametrize(
        ("path", "error_type"), [("/late", "timeout"), ("/busy", "503")]
    )
    async def test_a_failed_call_says_how(
        self, transport: TracedTransport, path: str, error_type: str
    ) -> None:
        kit = Collected()
        try:
            with kit.sampled():
                await transport.send("rules", path, b"", {}, 1)
        except DependencyError:
            pass
        (hop,) = kit.named("POST")
        assert hop.attributes is not None
        assert hop.attributes["error.type"] == error_type
        assert hop.status.status_code is StatusCode.ERROR
        assert hop.status.description is None

    async def test_a_call_nobody_waits_for_any_more_did_not_fail(
        self, transport: TracedTransport
    ) -> None:
        kit = Collected()
        with pytest.raises(asyncio.CancelledError), kit.sampled():
            await transport.get("rules", "/cancelled", {}, 1)
        (hop,) = kit.named("GET")
        assert hop.attributes is not None
        assert hop.attributes["error.type"] == "cancelled"
        assert hop.status.status_code is StatusCode.UNSET

    async def test_the_server_is_named_as_it_is_reached(self) -> None:
        transport = HttpTransport({"rules": ["http://127.0.0.1:9", "http://b:81/"]})
        assert transport.origin("rules", 1) == "http://b:81"
        kit = Collected()
        with pytest.raises(DependencyError), kit.sampled():
            await TracedTransport(transport).get("rules", "/profile/acc-1?x=1", {}, 1)
        (hop,) = kit.named("GET")
        assert hop.attributes is not None
        assert hop.attributes["server.address"] == "127.0.0.1"
        assert hop.attributes["server.port"] == 9
        assert hop.attributes["url.full"] == "http://127.0.0.1:9/profile/REDACTED"
        await transport.close()


async def test_an_unsampled_call_is_passed_on_as_it_is(
    fake: FakeTransport, transport: TracedTransport
) -> None:
    await transport.send("rules", "/evaluate", b"", {"traceparent": "-"}, 1)
    assert fake.headers == [{"traceparent": "-"}]


class TestTogether:
    def test_each_trace_has_a_span_and_the_others_link_to_the_first(self) -> None:
        kit = Collected()
        requests = [kit.request(), kit.request()]
        both = together([requests[0], None, requests[1]])
        assert both is not None
        with both.inside("work", SpanKind.INTERNAL, {}):
            pass
        first, second = kit.named("work")
        assert first.context.trace_id != second.context.trace_id
        assert [link.context for link in second.links] == [first.context]

    def test_one_trace_has_one_span_however_often_it_waits(self) -> None:
        kit = Collected()
        request = kit.request()
        items = [request.start("item", SpanKind.INTERNAL, {}) for _ in range(9)]
        whole = together(items)
        assert whole is not None
        whole.start("work", SpanKind.INTERNAL, {}).end()
        assert len(kit.named("work")) == 1

    def test_nobody_who_is_sampled_waits_for_nothing(self) -> None:
        assert together([None, None]) is None


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/evaluate", "/evaluate"),
        ("/v1/score", "/v1/score"),
        ("/profile/alice", "/profile/REDACTED"),
        ("/v1/cases/7/notes?by=bob", "/v1/cases/REDACTED"),
    ],
)
def test_paths_are_shown_as_far_as_they_name_nobody(path: str, shown: str) -> None:
    assert without_ids(path) == shown
