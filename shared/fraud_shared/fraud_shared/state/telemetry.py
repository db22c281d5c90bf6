"""Instruments of the state wing."""

from prometheus_client import Counter, Gauge

from fraud_shared.mesh.metrics import REGISTRY

OUTBOX_PENDING = Gauge(
    "fraud_outbox_pending",
    "Events in the last batch taken from the outbox.",
    registry=REGISTRY,
)
OUTBOX_AGE = Gauge(
    "fraud_outbox_oldest_age_seconds",
    "Age of the oldest event that was not yet delivered.",
    registry=REGISTRY,
)
OUTBOX_SENT = Counter(
    "fraud_outbox_sent", "Events delivered and confirmed.", registry=REGISTRY
)
EVENTS_PARKED = Counter(
    "fraud_events_parked",
    "Events set aside because they could not be handled.",
    ["service"],
    registry=REGISTRY,
)
RETENTION_DELETED = Counter(
    "fraud_retention_deleted",
    "Rows deleted because the time they are kept for was over, by what they are.",
    ["what"],
    registry=REGISTRY,
)
