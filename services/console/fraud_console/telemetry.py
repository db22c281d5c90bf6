"""Instruments of the console."""

from prometheus_client import Counter, Gauge

from fraud_shared.mesh.metrics import REGISTRY

SIGN_INS = Counter(
    "fraud_console_sign_ins",
    "Attempts to sign in, by how and by outcome.",
    ["how", "outcome"],
    registry=REGISTRY,
)
CHANGES = Counter(
    "fraud_console_changes",
    "Changes that users asked the gateway for, by outcome.",
    ["outcome"],
    registry=REGISTRY,
)
LIVE_PAGES = Gauge(
    "fraud_console_live_pages", "Live pages that are open now.", registry=REGISTRY
)
