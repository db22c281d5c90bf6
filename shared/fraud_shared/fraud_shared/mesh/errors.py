"""How a call to another service can go wrong.

DependencyError
├── DependencyUnreachable   no byte reached a handler: safe to try once more
├── DependencyTimeout       time ran out, or the connection broke, midway
├── DependencyRefused       the breaker is open or the bulkhead is full
├── DependencyOverloaded    it is at its limit and says so: it lives, and did no work
└── DependencyFailed        an answer, but not a usable one (5xx, 4xx, not the contract)
"""


class DependencyError(Exception):
    """A dependency gave no usable answer. `service` names it, `kind` says how."""

    def __init__(self, service: str, *, kind: str) -> None:
        super().__init__(f"{service}: {kind}")
        self.service = service
        self.kind = kind


class DependencyUnreachable(DependencyError):
    """The connection could not be made."""

    def __init__(self, service: str) -> None:
        super().__init__(service, kind="unreachable")


class DependencyTimeout(DependencyError):
    """No answer within the time there was, or the connection broke midway."""

    def __init__(self, service: str, *, kind: str = "timeout") -> None:
        super().__init__(service, kind=kind)


class DependencyRefused(DependencyError):
    """The call was not made: breaker open (`open`), bulkhead full (`full`), time spent
    (`spent`)."""


class DependencyOverloaded(DependencyError):
    """The dependency refused the call at once, because it could not answer it in time."""

    def __init__(self, service: str) -> None:
        super().__init__(service, kind="overloaded")


class DependencyFailed(DependencyError):
    """An answer that cannot be used. `status` and `body` are what came back."""

    def __init__(self, service: str, status: int, body: bytes = b"") -> None:
        super().__init__(service, kind=f"status_{status}")
        self.status = status
        self.body = body
