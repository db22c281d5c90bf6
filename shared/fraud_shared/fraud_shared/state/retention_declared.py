"""What is kept by other means than a row's age, declared: see `retention.py`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Declared:
    """What goes by other means than a row's age: `period` says when, `why` says why."""

    place: str
    what: str
    period: str
    why: str


DECLARED: tuple[Declared, ...] = (
    *(
        Declared(f"{service}, SQL", table, period, why)
        for service in ("rules", "decision")
        for table, period, why in (
            (
                "document_versions",
                "for ever",
                "A decision names the version it was made by.",
            ),
            (
                "document_changes",
                "for ever",
                "Who changed what, when and why: only grows.",
            ),
            ("document_revisions", "three rows", "What changed last."),
        )
    ),
    Declared(
        "rules, SQL",
        "rule_demotions",
        "with the version",
        "Rules that left their band.",
    ),
    Declared(
        "orchestrator, SQL",
        "idempotency_keys",
        "with their decision",
        "A key stands for a decision; without it there is nothing to answer again.",
    ),
    Declared(
        "orchestrator, SQL",
        "online_missed",
        "once the online store has the payment, or after 7 days",
        "It knows a payment for 8 days; telling it later would count twice.",
    ),
    Declared(
        "orchestrator, SQL",
        "audit_log",
        "for ever",
        "A chain proves what follows only as a whole. Digests, and no personal data.",
    ),
    Declared(
        "orchestrator, SQL",
        "audit_checkpoints",
        "for ever",
        "Each proves all that was sealed before it.",
    ),
    Declared(
        "orchestrator, SQL",
        "audit_erasures",
        "for ever",
        "A decision that was rewritten is believed only with its signature.",
    ),
    Declared(
        "orchestrator, SQL",
        "erasures",
        "for ever",
        "That and why somebody was erased; of the account only a keyed token.",
    ),
    Declared("orchestrator, SQL", "workers", "one row a kind", "Last seen when."),
    Declared("orchestrator, SQL", "online_rebuild", "one row", "A lease of a minute."),
    Declared(
        "orchestrator, SQL",
        "sca_counters",
        "until the payer is authenticated",
        "Two numbers for a card token or account; gone with the next authentication.",
    ),
    Declared("sanctions, SQL", "announced", "one row a list", "The next is compared."),
    Declared(
        "sanctions, SQL", "known_hits", "with the party", "Says whom it resembles."
    ),
    Declared("Redis", "e: accounts, profile and logs", "400 days", "Yearly payers."),
    Declared("Redis", "e: cards", "37 days", "30 days, and a week for late ones."),
    Declared(
        "Redis",
        "e: devices, merchants, terminals, counterparties",
        "44 days",
        "37 days, and a week for late ones.",
    ),
    Declared(
        "Redis", "e: addresses (IP)", "8 days", "A day, and a week for late ones."
    ),
    Declared("Redis", "i: stand-in counts", "400 days", "As the profile."),
    Declared(
        "Redis",
        "r: labelled frauds",
        "44 days",
        "30 days, the delay of labels, and a week for late ones.",
    ),
    Declared("Redis", "t: replies", "8 days", "A payment sent again moves nothing."),
    Declared("Redis", "b: blocks", "until they end", "The rows in SQL are the truth."),
    Declared("Redis", "rate limits", "until they are full again", "Seconds."),
    Declared(
        "RabbitMQ", "events", "until acknowledged", "Parked or dead letter after."
    ),
    Declared(
        "RabbitMQ",
        "dead letters",
        "until somebody takes them",
        "The service could not even park them: each is an incident.",
    ),
    Declared(
        "Files",
        "datasets (Parquet)",
        "until the operator removes a version",
        "A model names the version it learned from. No names in them; an erased account "
        "is nobody's (`fraud privacy erase`).",
    ),
    Declared("Files", "models", "until the operator removes one", "Roll back, audit."),
    Declared("Files", "model cache", "the version in use", "Fetched again at need."),
    Declared("Files", "watch lists", "until replaced", "The operator's folder."),
    Declared(
        "Logs, traces, metrics", "all", "as the collector says", "No names, no PAN."
    ),
)
