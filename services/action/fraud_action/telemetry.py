"""Instruments of the action service."""

from prometheus_client import Counter

from fraud_shared.mesh.metrics import REGISTRY

ACTIONS = Counter(
    "fraud_actions",
    "Effects made, by kind and status; repeats are not counted.",
    ["kind", "status"],
    registry=REGISTRY,
)
CHALLENGES = Counter(
    "fraud_challenges_resolved",
    "Challenges by how they ended.",
    ["outcome"],
    registry=REGISTRY,
)
DELIVERIES = Counter(
    "fraud_action_deliveries",
    "Attempts to deliver a message, by kind, channel and outcome.",
    ["kind", "channel", "outcome"],
    registry=REGISTRY,
)
GIVEN_UP = Counter(
    "fraud_action_deliveries_given_up",
    "Messages that nobody confirmed: they wait to be sent again by hand.",
    ["kind", "channel"],
    registry=REGISTRY,
)
PROJECTIONS = Counter(
    "fraud_block_projections",
    "Writes of blocks to the online store.",
    ["outcome"],
    registry=REGISTRY,
)
