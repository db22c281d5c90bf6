"""This service's instruments."""

from prometheus_client import Counter, Gauge, Histogram

from fraud_shared.contracts.signal import RulesResult
from fraud_shared.mesh.metrics import REGISTRY

EVALUATIONS = Counter(
    "fraud_rules_evaluations",
    "Payments evaluated, by flag.",
    ["flag"],
    registry=REGISTRY,
)
HITS = Counter(
    "fraud_rule_hits",
    "Hits by rule (with its version) and whether they act.",
    ["rule", "state"],
    registry=REGISTRY,
)
ERRORS = Counter(
    "fraud_rule_errors",
    "Rules that could not be decided, by rule.",
    ["rule"],
    registry=REGISTRY,
)
EVALUATION_SECONDS = Histogram(
    "fraud_rules_evaluation_duration_seconds",
    "Time to evaluate all rules on one payment.",
    buckets=(5e-5, 1e-4, 2e-4, 3e-4, 5e-4, 1e-3, 2e-3, 5e-3),
    registry=REGISTRY,
)
RULESET_INFO = Gauge(
    "fraud_ruleset_info",
    "1 for the ruleset in force.",
    ["ruleset"],
    registry=REGISTRY,
)
RELOADS = Counter(
    "fraud_ruleset_reloads",
    "Attempts to load a ruleset, by outcome.",
    ["outcome"],
    registry=REGISTRY,
)
ALARMS = Counter(
    "fraud_rule_alarms",
    "Live rules whose share of hits left its expected band, by rule and direction.",
    ["rule", "direction"],
    registry=REGISTRY,
)
ENTRIES = Gauge(
    "fraud_rules_entries",
    "Entries of edited lists and snoozes that this replica holds.",
    registry=REGISTRY,
)


def observe(result: RulesResult) -> None:
    """Count what the rules said about one payment."""
    EVALUATION_SECONDS.observe(result.elapsed_ms / 1e3)
    EVALUATIONS.labels(result.rules_flag).inc()
    for state, hits in (
        ("live", result.hits),
        ("shadow", result.shadow),
        ("overridden", result.overridden),
    ):
        for hit in hits:
            # Entries come and go, and their ids would be labels without end.
            name = hit.rule.partition("@")[0] if hit.kind == "list" else hit.rule
            HITS.labels(name, state).inc()
    for rule in result.errors:
        ERRORS.labels(rule).inc()
