"""Instruments of post_auth."""

from prometheus_client import Counter, Gauge

from fraud_shared.mesh.metrics import REGISTRY

APPLIED = Counter(
    "fraud_post_auth_events",
    "Events by type and what became of them: applied, repeated or parked.",
    ["type", "outcome"],
    registry=REGISTRY,
)
PROJECTED = Counter(
    "fraud_post_auth_labels_projected",
    "Label effects written to the online store.",
    registry=REGISTRY,
)
RATIO = Gauge(
    "fraud_ratio_basis_points",
    "VAMP and ECM of this month, TRA over 90 days by instrument and segment.",
    ["ratio", "instrument", "segment"],
    registry=REGISTRY,
)
EXPORTED = Gauge(
    "fraud_post_auth_dataset_rows",
    "Rows of the newest dataset.",
    registry=REGISTRY,
)
