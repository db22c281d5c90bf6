"""Rows of what reports about payments add up to."""

from fraud_orchestrator.api.rows.route import PublicRoute
from fraud_shared.contracts.ratios import Ratios, RatiosQuery

FEEDS = (
    PublicRoute(
        "GET", "/v1/ratios", "post_auth", ("read", "analyst"), "labels",
        "getRatios", "VAMP, ECM and fraud rates by value, counted from the records",
        query=RatiosQuery, response=Ratios, command="ratios",
    ),
)  # fmt: skip
