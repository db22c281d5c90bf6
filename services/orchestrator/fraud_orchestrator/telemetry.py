"""Instruments of the gateway."""

from prometheus_client import Counter, Gauge, Histogram

from fraud_shared.mesh.metrics import LATENCY_BUCKETS, REGISTRY

DECISION_SECONDS = Histogram(
    "fraud_decision_duration_seconds",
    "Time from a parsed payment to its reply.",
    buckets=LATENCY_BUCKETS,
    registry=REGISTRY,
)
STAGE_SECONDS = Histogram(
    "fraud_stage_duration_seconds",
    "Time spent in one stage of the pipeline.",
    ["stage"],
    buckets=LATENCY_BUCKETS,
    registry=REGISTRY,
)
DECISIONS = Counter(
    "fraud_decisions", "Decisions by verdict.", ["decision"], registry=REGISTRY
)
DEGRADED = Counter(
    "fraud_decisions_degraded",
    "Decisions made without some evidence, by reason code.",
    ["reason"],
    registry=REGISTRY,
)
REPLAYED = Counter(
    "fraud_decisions_replayed",
    "Requests answered with an earlier decision's bytes.",
    registry=REGISTRY,
)
LIMITED = Counter(
    "fraud_requests_limited",
    "Requests refused by the rate limit.",
    ["client"],
    registry=REGISTRY,
)
WRONG_KEYS = Counter(
    "fraud_wrong_keys",
    "Requests with an API key that nobody has.",
    registry=REGISTRY,
)
LIMITER_FALLBACKS = Counter(
    "fraud_rate_limiter_fallbacks",
    "Requests limited by this process alone, because Redis did not answer in time.",
    registry=REGISTRY,
)
ENGINE_RESULTS = Counter(
    "fraud_gateway_engine_results",
    "Results of the gateway's own rules and policy that counted: a hard block, or in place "
    "of a service with the same version (same) or another (differs).",
    ["engine", "reason"],
    registry=REGISTRY,
)
ENGINE_COMPARISONS = Counter(
    "fraud_gateway_engine_comparisons",
    "Answers of rules and decision compared with the gateway's own: same, different, "
    "other_version.",
    ["engine", "outcome"],
    registry=REGISTRY,
)
ENGINE_RELOADS = Counter(
    "fraud_gateway_engine_reloads",
    "Attempts of the gateway to load a ruleset or policy, by outcome.",
    ["engine", "outcome"],
    registry=REGISTRY,
)
EXEMPTIONS = Counter(
    "fraud_exemptions",
    "Exemptions from strong authentication that the policy offers, by outcome: asked, "
    "used_up, rate_too_high, or unknown (no counters, or a stale rate).",
    ["exemption", "outcome"],
    registry=REGISTRY,
)
ONLINE_MISSED = Counter(
    "fraud_online_missed",
    "Payments decided without the online store, to be told to it later.",
    registry=REGISTRY,
)
ONLINE_CUT = Counter(
    "fraud_online_windows_cut",
    "Payments whose longest window of an entity was unknown in a complete store: the cap of "
    "its log bit, or they came more than a week late.",
    ["entity"],
    registry=REGISTRY,
)
ONLINE_FORGOTTEN = Counter(
    "fraud_online_forgotten",
    "Of those, given up: too many waited, or the store cannot take them. Its windows lack them until a rebuild.",
    registry=REGISTRY,
)
REBUILD_RUNNING = Gauge(
    "fraud_online_rebuild_running",
    "1 while this gateway rebuilds an emptied online store.",
    registry=REGISTRY,
)
REBUILD_PAYMENTS = Gauge(
    "fraud_online_rebuild_payments",
    "Payments put back by this gateway's newest rebuild.",
    registry=REGISTRY,
)
REBUILD_TOTAL = Gauge(
    "fraud_online_rebuild_payments_expected",
    "Payments that the newest rebuild has to put back.",
    registry=REGISTRY,
)
REBUILD_DONE = Counter(
    "fraud_online_rebuilds",
    "Rebuilds of the online store that came to their end.",
    registry=REGISTRY,
)
