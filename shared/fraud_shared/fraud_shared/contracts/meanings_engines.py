"""What the properties of rules, policies, lists and exemptions mean: see `meanings`."""

from collections.abc import Mapping
from typing import Any

_TIME = "2026-01-02T09:30:00Z"

ENGINES: Mapping[str, tuple[str, Any]] = {
    "action": ("What was done.", "promoted"),
    "at": ("When it was done (RFC 3339, UTC).", _TIME),
    "seq": ("Its number in the history.", 12),
    "before": ("The version before.", 1),
    "after": ("The version after.", 2),
    "lines": ("The unified diff of their texts, by line.", ["-a", "+b"]),
    "author": ("Who wrote it.", "rule-desk"),
    "asked_by": ("Who asked for it to be live; a second person carries it out.", []),
    "created_at": ("When it was made (RFC 3339, UTC).", _TIME),
    "expires_at": ("When it ends by itself (RFC 3339, UTC).", "2026-02-01T00:00:00Z"),
    "live_at": ("When it became live (RFC 3339, UTC); null before.", _TIME),
    "live_by": ("Who made it live; null before.", "second-desk"),
    "document": ("Name, version and hash together.", "default@1+71ee960f"),
    "findings": ("What is allowed and odd about it.", []),
    "line": ("The line in the text; null where it has none.", 12),
    "entry_id": ("The entry of the list.", "e-1"),
    "Snooze.rule": ("The rule that is silent.", "R-0141"),
    "snooze_id": ("The snooze.", "s-1"),
    "items": ("The items, in order.", None),
    "hit_rate": ("Hits over payments (0 to 1).", 0.002),
    "mean_us": ("Microseconds of one evaluation; null until it was timed.", 14.2),
    "exemption": ("The exemption from strong authentication.", "low_value"),
    "exemptions": ("Exemptions that the payment may ask for.", []),
    "may_be_exempt": ("Exemptions that may be looked at for it.", []),
    "payments_max": ("How many payments in a row, this one included.", 5),
    "sum_max_minor": ("Their sum at most, in minor units of the reference currency.", 10_000),
    "rate_max_bp": ("The highest measured fraud rate, in basis points.", 13.0),
    "model_version": ("The model's version.", "1"),
    "calibration_version": ("The calibration's version.", "1"),
    "model_hash": ("The SHA-256 of the model's files, in hex.", None),
    "confidence_score": ("The calibrated probability of fraud (0 to 1).", 0.03),
    "inference_time_ms": ("Milliseconds that the model took.", 2),
    "request_id": ("The request's id.", "3be50ebf02409ebe8fb3c2f5"),
    "feature_name": ("The feature.", "loan_amount"),
    "feature_value": ("Its value.", 12.5),
    "importance": ("How much it moved the score, without sign.", 0.4),
}  # fmt: skip
