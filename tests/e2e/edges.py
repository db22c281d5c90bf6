"""Which service calls which while a payment is decided, as its trace must show it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

GATEWAY = "orchestrator"
# Of a payment that is challenged for its customer's name: caller, callee, and how.
EDGES = {
    (GATEWAY, "rules", "http"),
    (GATEWAY, "isolation_forest", "http"),
    (GATEWAY, "autoencoder", "http"),
    (GATEWAY, "xgboost", "http"),
    (GATEWAY, "lightgbm", "http"),
    (GATEWAY, "sanctions", "http"),
    (GATEWAY, "decision", "http"),
    (GATEWAY, "action", "http"),
}
# Of its event, by the bus that there is.
BY_BROKER = {(GATEWAY, "post_auth", "rabbitmq")}
BY_HTTP = {(GATEWAY, "post_auth", "http")}


@dataclass(frozen=True)
class Seen:
    """What is compared of a span, however it was exported."""

    service: str
    span_id: str
    parent_id: str
    name: str
    attributes: dict[str, object]


def edges(spans: Iterable[Seen]) -> Iterator[tuple[str, str, str]]:
    """Where a trace passes from one service to another."""
    known = {span.span_id: span for span in spans}
    for span in known.values():
        above = known.get(span.parent_id)
        if above is not None and above.service != span.service:
            yield above.service, span.service, by(span)


def by(span: Seen) -> str:
    """How it came: the messaging system, or HTTP."""
    return str(span.attributes.get("messaging.system", "http"))


def stores(spans: Iterable[Seen]) -> set[tuple[str, str]]:
    """Which service asked which kind of store."""
    return {
        (span.service, str(system))
        for span in spans
        if (system := span.attributes.get("db.system.name")) is not None
    }
