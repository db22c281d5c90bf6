"""Refusing a payment by its head, inside the protocol: no task, no body, no log line.

A refusal must cost next to nothing, or refusing is what overloads: 11 us of processor time
where the edge takes 28 to 43, and a task with its messages before that. Only callers whose key was good before are refused here;
whoever else learns it from the edge, after its key was looked at.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from fraud_shared.web import problems, telemetry
from fraud_shared.web.admission import Admission
from fraud_shared.web.context import RequestContext, request_id_of
from fraud_shared.web.lanes import LaneName

Headers = Sequence[tuple[bytes, bytes]]
_MOST_CALLERS = 10_000
_CREDENTIALS = (b"x-api-key", b"authorization")


class HeadRefusals:
    """What the edge has learnt of callers, and what admission says of them now."""

    def __init__(
        self, service: str, admission: Admission, lanes: Mapping[str, LaneName]
    ) -> None:
        """`lanes`: of each hot route, which lane its requests take."""
        self._service = service
        self._admission = admission
        self._lanes = {path.encode(): lane for path, lane in lanes.items()}
        # Hashes of credentials that were good, so that memory holds none of them.
        self._callers: dict[int, str] = {}

    def learn(self, context: RequestContext) -> None:
        """The credentials of this request are good."""
        mark = _mark(context.headers.items())
        if mark is not None and mark not in self._callers:
            if len(self._callers) >= _MOST_CALLERS:
                self._callers.clear()
            self._callers[mark] = context.caller

    def answer(self, method: bytes, path: bytes, headers: Headers) -> bytes | None:
        """The whole reply that refuses a request, or None where it may go on."""
        lane = self._lanes.get(path) if method == b"POST" else None
        if lane is None:
            return None
        caller = self._callers.get(_mark(headers) or 0)
        if caller is None or self._admission.admits(lane, caller):
            return None
        self._admission.count_refusal(lane)
        error = problems.Overloaded()
        route = path.decode()
        telemetry.RESPONSES.labels(self._service, route, str(error.status)).inc()
        given = next((v for k, v in headers if k == b"x-request-id"), b"")
        return _reply(error, request_id_of(given))


def _mark(headers: object) -> int | None:
    for name, value in headers:  # type: ignore[attr-defined]
        if name in _CREDENTIALS:
            return hash(value)
    return None


def _reply(error: problems.FraudError, request_id: str) -> bytes:
    document = problems.body(error, request_id)
    lines = [
        f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}",
        f"content-type: {problems.MEDIA_TYPE}",
        f"content-length: {len(document)}",
        f"x-request-id: {request_id}",
        *(f"{name}: {value}" for name, value in error.headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + document
