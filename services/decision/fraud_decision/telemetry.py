"""This service's instruments."""

from prometheus_client import Counter, Gauge, Histogram

from fraud_shared.mesh.metrics import REGISTRY

VERDICTS = Counter(
    "fraud_rulings",
    "Rulings by verdict and challenge.",
    ["verdict", "challenge"],
    registry=REGISTRY,
)
DEGRADED = Counter(
    "fraud_rulings_degraded",
    "Rulings on incomplete evidence, by reason code.",
    ["code"],
    registry=REGISTRY,
)
STAND_IN = Counter(
    "fraud_rulings_stand_in",
    "Approvals by the stand-in rule.",
    registry=REGISTRY,
)
RULING_SECONDS = Histogram(
    "fraud_ruling_duration_seconds",
    "Time the policy takes for one ruling.",
    buckets=(2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 5e-3),
    registry=REGISTRY,
)
POLICY_INFO = Gauge(
    "fraud_policy_info",
    "1 for the policy that rules now.",
    ["policy"],
    registry=REGISTRY,
)
RELOADS = Counter(
    "fraud_policy_reloads",
    "Attempts to load a policy, by outcome.",
    ["outcome"],
    registry=REGISTRY,
)
SHADOW = Counter(
    "fraud_rulings_shadow",
    "Rulings with a policy in shadow, by what is in force and what the other says.",
    ["verdict", "shadow"],
    registry=REGISTRY,
)
