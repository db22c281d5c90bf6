"""Instruments of post_auth."""

from prometheus_client import Counter, Gauge

from fraud_post_auth.drift import Drift
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
PSI = Gauge(
    "fraud_post_auth_psi",
    "Population stability index of a feature or score: the newest dataset's last week "
    "against what came before.",
    ["column"],
    registry=REGISTRY,
)
UNKNOWN = Gauge(
    "fraud_post_auth_unknown_ratio",
    "Share of the last week's payments for which a feature or score is unknown.",
    ["column"],
    registry=REGISTRY,
)
PAYMENTS_PER_DAY = Gauge(
    "fraud_post_auth_payments_per_day",
    "Payments a day in the newest dataset: last week, and before.",
    ["stretch"],
    registry=REGISTRY,
)
NEW_CATEGORIES = Gauge(
    "fraud_post_auth_new_categories",
    "Texts of a column that the last week has and what came before has not.",
    ["column"],
    registry=REGISTRY,
)
PROMISED = Gauge(
    "fraud_post_auth_calibration_deviations",
    "Frauds that came beyond what the deciding score promised, in standard deviations.",
    registry=REGISTRY,
)


def show(drift: Drift) -> None:
    """Set the gauges of drift; what is gone from the data goes from them."""
    for gauge in (PSI, UNKNOWN, NEW_CATEGORIES):
        gauge.clear()
    for column in (*drift.features, *drift.scores):
        PSI.labels(column.name).set(column.psi)
        UNKNOWN.labels(column.name).set(column.null_now)
    for name, values in drift.new_categories.items():
        NEW_CATEGORIES.labels(name).set(len(values))
    before, now = drift.payments_per_day
    PAYMENTS_PER_DAY.labels("before").set(before)
    PAYMENTS_PER_DAY.labels("now").set(now)
    if drift.calibration is not None:
        PROMISED.set(drift.calibration.deviations)
