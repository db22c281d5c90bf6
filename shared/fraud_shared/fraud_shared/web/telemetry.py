"""Instruments of the web server."""

from prometheus_client import Counter, Gauge, Histogram

from fraud_shared.mesh.metrics import LATENCY_BUCKETS, REGISTRY

REQUESTS = Histogram(
    "fraud_http_request_duration_seconds",
    "Time to answer a request, by route.",
    ["service", "route"],
    buckets=LATENCY_BUCKETS,
    registry=REGISTRY,
)
RESPONSES = Counter(
    "fraud_http_responses",
    "Responses by route and status.",
    ["service", "route", "status"],
    registry=REGISTRY,
)
IN_FLIGHT = Gauge(
    "fraud_http_requests_in_flight",
    "Requests being answered now.",
    ["service"],
    registry=REGISTRY,
)
ADMISSION_LIMIT = Gauge(
    "fraud_admission_limit",
    "Payments that may be under way at once, as learned from how long they take.",
    ["service"],
    registry=REGISTRY,
)
REFUSED = Counter(
    "fraud_admission_refused",
    "Requests refused because they could not be answered well in their time.",
    ["service", "lane"],
    registry=REGISTRY,
)
LOOP_LAG = Histogram(
    "fraud_loop_lag_seconds",
    "How late the event loop comes to a timer.",
    ["service"],
    buckets=LATENCY_BUCKETS,
    registry=REGISTRY,
)

CONNECTIONS_CLOSED = Counter(
    "fraud_http_connections_closed",
    "Connections that the protocol closed, by reason.",
    ["reason"],
    registry=REGISTRY,
)
