"""This service's instruments."""

from prometheus_client import Counter, Gauge, Histogram

from fraud_shared.mesh.metrics import REGISTRY

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
LIST_SKIPPED = Gauge(
    "fraud_sanctions_list_rows_skipped",
    "Rows of a loaded list that could not be used. Alert when it rises.",
    ["list"],
    registry=REGISTRY,
)
LIST_LOADS = Counter(
    "fraud_sanctions_list_loads",
    "Attempts to load a list, by outcome.",
    ["list", "outcome"],
    registry=REGISTRY,
)
PARTIES = Gauge(
    "fraud_sanctions_known_parties",
    "Parties of recent payments that are kept, counted once an hour.",
    registry=REGISTRY,
)
PARTIES_NOTED = Counter(
    "fraud_sanctions_parties_noted",
    "Parties written to the store, new ones and those seen again.",
    registry=REGISTRY,
)
PARTIES_LEFT_OUT = Counter(
    "fraud_sanctions_parties_left_out",
    "Parties not kept: the queue was full, or the store refused them. Alert above 0.",
    registry=REGISTRY,
)
PARTIES_RESCREENED = Counter(
    "fraud_sanctions_parties_rescreened",
    "Known parties screened again because a list changed.",
    registry=REGISTRY,
)
RESCREEN_HITS = Counter(
    "fraud_sanctions_rescreen_hits",
    "Hits of screening again: new ones become cases, known ones have theirs.",
    ["outcome"],
    registry=REGISTRY,
)
RESCREEN_SECONDS = Histogram(
    "fraud_sanctions_rescreen_duration_seconds",
    "Time to screen all known parties against one update.",
    buckets=(0.1, 1.0, 10.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0),
    registry=REGISTRY,
)
RESCREEN_BACKLOG = Gauge(
    "fraud_sanctions_rescreen_backlog",
    "Known parties still to be screened again. Alert when above 0 for an hour.",
    registry=REGISTRY,
)
