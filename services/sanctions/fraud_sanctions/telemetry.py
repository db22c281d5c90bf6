"""This service's instruments."""

from prometheus_client import Counter, Gauge, Histogram

from fraud_shared.web.telemetry import REGISTRY

SCREENING_SECONDS = Histogram(
    "fraud_screening_duration_seconds",
    "Time to screen one party.",
    buckets=(2e-4, 5e-4, 1e-3, 2e-3, 3e-3, 5e-3, 0.01, 0.02, 0.05),
    registry=REGISTRY,
)
SCREENINGS = Counter(
    "fraud_screenings",
    "Screened requests by status.",
    ["status"],
    registry=REGISTRY,
)
LIST_AGE_SECONDS = Gauge(
    "fraud_sanctions_list_age_seconds",
    "Age of a loaded list. Alert above 24 h; above 72 h payments are held.",
    ["list"],
    registry=REGISTRY,
)
LIST_ENTITIES = Gauge(
    "fraud_sanctions_list_entities",
    "Entities of a loaded list.",
    ["list"],
    registry=REGISTRY,
)
LIST_LOADS = Counter(
    "fraud_sanctions_list_loads",
    "Attempts to load a list, by outcome.",
    ["list", "outcome"],
    registry=REGISTRY,
)
