"""The metrics registry of every process, and the instruments of calls between services.

Metrics are scraped from `/metrics`.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge

REGISTRY = CollectorRegistry()
LATENCY_BUCKETS = (
    0.001,
    0.002,
    0.003,
    0.005,
    0.0075,
    0.01,
    0.015,
    0.02,
    0.03,
    0.05,
    0.075,
    0.1,
    0.15,
    0.25,
    0.5,
)

CALLS = Counter(
    "fraud_dependency_calls",
    "Calls to other services by outcome.",
    ["dependency", "outcome"],
    registry=REGISTRY,
)
BREAKER_OPEN = Gauge(
    "fraud_dependency_breaker_open",
    "1 while no address of a dependency is in service.",
    ["dependency"],
    registry=REGISTRY,
)
ADDRESS_EJECTED = Gauge(
    "fraud_dependency_address_ejected",
    "1 while the breaker of one address of a dependency is not closed. The address is "
    "its place in FRAUD_<SERVICE>_URL, from 0.",
    ["dependency", "address"],
    registry=REGISTRY,
)
ADDRESS_CALLS = Counter(
    "fraud_dependency_address_calls",
    "Attempts at one address of a dependency, hedges and probes included, by outcome.",
    ["dependency", "address", "outcome"],
    registry=REGISTRY,
)
HEDGES = Counter(
    "fraud_dependency_hedges",
    "Calls that were also sent to a second address: it answered first, did not, or was "
    "not asked because the budget was spent.",
    ["dependency", "outcome"],
    registry=REGISTRY,
)
BACKGROUND_FAILURES = Counter(
    "fraud_background_failures",
    "Background work that failed and will be tried again.",
    ["work"],
    registry=REGISTRY,
)
