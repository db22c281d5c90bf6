"""Instruments of the mesh wing."""

from prometheus_client import Counter, Gauge

from fraud_shared.web.telemetry import REGISTRY

CALLS = Counter(
    "fraud_dependency_calls",
    "Calls to other services by outcome.",
    ["dependency", "outcome"],
    registry=REGISTRY,
)
BREAKER_OPEN = Gauge(
    "fraud_dependency_breaker_open",
    "1 while the circuit breaker of a dependency is not closed.",
    ["dependency"],
    registry=REGISTRY,
)
BACKGROUND_FAILURES = Counter(
    "fraud_background_failures",
    "Background work that failed and will be tried again.",
    ["work"],
    registry=REGISTRY,
)
