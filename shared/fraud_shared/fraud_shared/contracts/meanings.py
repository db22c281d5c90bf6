"""What the properties of messages mean, with unit and example, for documents.

A property says so itself (`Field(description=…)`), or one of these lines says it: under
`Message.property`, else under the property's name alone, for what means the same wherever
it occurs. `fraud schemas` and OpenAPI show them; a property that nobody describes fails a
test.
"""

from collections.abc import Mapping
from typing import Any

Meaning = tuple[str, Any]
_ID = "6f1c7a52-0d0b-5c55-9a37-0d6d2f3f5b11"
_HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_TIME = "2026-12-01T09:30:00Z"

PAYMENT: Mapping[str, Meaning] = {
    "transaction_id": ("The payment, as its client numbers it; unique per client.", "tx-1001"),
    "account_id": ("The paying account: the client's reference, an IBAN, or an e-mail address; never a name.", "acc-17"),
    "amount_minor": ("The sum in minor units of `currency` (cents of EUR, whole JPY).", 12_300),
    "amount_ref_minor": ("The sum in minor units of the reference currency.", 12_300),
    "currency": ("ISO 4217 code.", "EUR"),
    "occurred_at": ("When the payment was made (RFC 3339 with offset).", _TIME),
    "channel": ("Where it was made.", "ecommerce"),
    "kind": ("The kind of payment.", "card_payment"),
    "card": ("The card; required for card payments.", None),
    "merchant": ("Who is paid in a card payment.", None),
    "device": ("What it was made with.", None),
    "location": ("Where the payer was.", None),
    "session": ("The login that the payment was made in.", None),
    "customer": ("Who pays, for sanctions screening only: neither stored nor logged.", None),
    "counterparty": ("Who is paid in a transfer, for sanctions screening and as an account.", None),
    "features": ("Model inputs that the caller computes, by name; null where unknown.", None),
    "pan": ("The card number, 12 to 19 digits: replaced by a token at the edge.", "4000000000000002"),
    "token": ("The card's token: the caller's own, or made of the number with a key.", "tok-1"),
    "bin": ("The first 6 or 8 digits of the card number.", "400000"),
    "last4": ("The last four digits of the card number.", "0002"),
    "entry_mode": ("How the card was read.", "chip"),
    "merchant_id": ("The merchant.", "m-1"),
    "terminal_id": ("The terminal, within the merchant.", "term-1"),
    "mcc": ("ISO 18245 merchant category code, four digits.", "5411"),
    "device_id": ("The device, as the caller knows it again.", "dev-1"),
    "ip": ("The IP address it came from; kept as a keyed token.", "203.0.113.7"),
    "networks": ("The networks of the address, from the narrowest, as keyed tokens.", None),
    "user_agent": ("The browser's or app's own description.", "Mozilla/5.0"),
    "os": ("The operating system.", "android"),
    "is_emulator": ("Whether the device is an emulator.", False),
    "is_rooted": ("Whether the device is rooted or jailbroken.", False),
    "lat": ("Latitude in degrees, north positive.", 48.85),
    "lon": ("Longitude in degrees, east positive.", 2.35),
    "country": ("ISO 3166-1 alpha-2 code.", "FR"),
    "city": ("The city.", "Paris"),
    "failed_logins_1h": ("Failed logins of the account in the last hour.", 0),
    "seconds_since_login": ("Seconds since the session's login.", 340.0),
    "is_new_device": ("Whether the account uses the device for the first time.", False),
    "days_since_password_change": ("Days since the password was changed.", 90.0),
    "two_factor": ("Whether the login had a second factor.", True),
    "name": ("The name, in any script.", "Alix Moreau"),
    "birth_date": ("The date of birth.", "1984-05-17"),
    "account": ("The account's reference.", "acc-99"),
    "email": ("The e-mail address, or its keyed token.", None),
    "email_domain": ("The domain of the e-mail address.", "example.com"),
    "phone": ("The telephone number, or its keyed token.", None),
    "billing_address": ("The billing address, or its keyed token.", None),
    "shipping_address": ("The delivery address, or its keyed token.", None),
    "identifiers": ("Numbers of documents or registers that the party has.", None),
    "entity_type": ("Whether a person or an organisation is asked about.", "person"),
    "transactions": ("The payments, at most 1,000.", None),
    "Device.ip": ("The IP address, as a keyed token.", "ip-4f2a"),
    "BatchReply.results": ("One for each payment, in the order sent.", None),
    "BatchItem.decision": ("The decision; null when there is a problem.", None),
    "BatchItem.problem": ("Why this payment was not decided; null when it was.", None),
}  # fmt: skip

DECISION: Mapping[str, Meaning] = {
    "decision_id": ("The decision.", _ID),
    "decision": ("The verdict.", "APPROVE"),
    "DecisionMade.decision": ("The decision, as it was replied.", None),
    "challenge": ("How a CHALLENGE is made; null for other verdicts.", "otp"),
    "challenge_id": ("The challenge to verify; null when there is none.", None),
    "confidence": ("How sure the verdict is (0 to 1).", 0.97),
    "risk": ("The calibrated chance of fraud (0 to 1); null when unknown.", 0.03),
    "expected_loss_minor": ("What the verdict costs in expectation, in minor units of the policy's currency.", 369),
    "reason": ("The reason that counted most, in words.", "risk below the band"),
    "reasons": ("All reasons, the weightiest first.", None),
    "code": ("A code of docs/reasons.md.", "RISK_LOW"),
    "text": ("The reason in words.", "risk below the band"),
    "weight": ("How much it counted (0 to 1).", 0.8),
    "rules_flag": ("What the rules say together.", "ALLOW"),
    "if_score": ("The isolation forest's anomaly percentile (0 to 1).", 0.41),
    "ae_error": ("The autoencoder's reconstruction error.", 0.012),
    "fraud_score": ("The gradient boosting model's probability of fraud (0 to 1).", 0.03),
    "rules": ("What the rules said.", None),
    "signals": ("What each model said.", None),
    "screening": ("What sanctions screening said.", None),
    "actions": ("What is done about it.", None),
    "action_id": ("The action; a repeat has the same.", _ID),
    "ActionResult.kind": ("What is done.", "otp_challenge"),
    "ActionResult.status": ("Whether it is done, queued or impossible.", "done"),
    "reference": ("The challenge, hold, block, alert or case it made.", "otp-7c3f"),
    "action_status": ("Whether all actions are done.", "done"),
    "degraded": ("What evidence was missing, as codes.", []),
    "versions": ("The versions of ruleset, policy, models, lists and features that took part.", {"policy": "default@2"}),
    "timings_ms": ("Milliseconds spent in each stage.", {"total": 18.4}),
    "trace_id": ("The W3C trace id.", "0af7651916cd43dd8448eb211c80319c"),
    "decided_at": ("When it was decided (RFC 3339, UTC).", _TIME),
    "client": ("The client whose payment it is.", "shop"),
    "tenant": ("Whose accounts, cards and labels it shares; null is the client itself.", "shop"),
    "transaction": ("The payment, as it is inside: tokens, no names.", None),
    "DecisionMade.features": ("The features, as they were served.", None),
    "context": ("What the policy was told besides.", None),
    "values": ("The features' values, in the order of the registry; null where unknown.", [12.5]),
    "velocity_known": ("Whether the online store knew the account's windows.", True),
    "velocity_lower_bound": ("Whether the windows are no less, but may be more, than told.", False),
    "history_payments": ("Earlier payments of the account; null when unknown.", 41),
    "stand_in_count": ("Approvals in a row without full evidence; null when unknown.", 0),
    "stand_in_sum_minor": ("Their sum, in minor units of the reference currency.", 0),
    "risk_model": ("Whose score decides on risk; null: the one the policy names.", None),
    "absent_blocks": ("Optional parts that the payment does not bring.", []),
    "account_largest_minor": ("The account's largest sum in 30 days, in minor units of the reference currency.", 12_300),
    "account_typical_minor": ("The account's mean sum before, in minor units of the reference currency.", 4_100),
    "policy": ("The policy's version.", "default@2"),
    "stand_in": ("Whether it is an approval on incomplete evidence.", False),
    "same": ("Whether rules, scores and verdict come out as recorded.", True),
    "differences": ("What came out differently.", []),
    "what": ("What differs.", "xgboost.score"),
    "recorded": ("As it was recorded.", 0.01),
    "recomputed": ("As it came out now.", 0.02),
}  # fmt: skip

SIGNALS: Mapping[str, Meaning] = {
    "source": ("Where it comes from.", "xgboost"),
    "outcome": ("Whether there is a result, and if not, why.", "scored"),
    "score": ("The calibrated probability, or the anomaly percentile (0 to 1).", 0.03),
    "raw": ("The model's own figures, by name.", {"fraud_score": 0.02}),
    "top_features": ("What moved the score most.", None),
    "ood_features": ("Features beyond what the model has seen.", []),
    "ood_warning": ("Whether the row is unlike what the model has seen.", False),
    "model": ("The model.", None),
    "elapsed_ms": ("Milliseconds it took.", 1.8),
    "elapsed_us": ("Microseconds it took.", 12.0),
    "feature": ("The feature.", "amount"),
    "contribution": ("By how much it moved the score, in log-odds for boosters.", 0.4),
    "value": ("The value.", 12.5),
    "hash": ("A SHA-256 in hex.", _HASH),
    "bundle": ("The release it was trained in.", "20261201-1"),
    "version": ("The version.", "1"),
    "ruleset": ("The ruleset's version.", "default@1"),
    "hits": ("What was found.", []),
    "shadow": ("What rules in shadow would have said.", []),
    "entries": ("Entries of lists that hit.", []),
    "overridden": ("Hits that an allow list set aside.", []),
    "failover": ("Whether the gateway's own copy answered for the service.", False),
    "errors": ("What is wrong, field by field.", None),
    "RulesResult.errors": ("Rules that failed, with the kind of failure.", []),
    "rule": ("The rule and its version.", "R-014@7"),
    "effect": ("What the rule asks for.", "FLAG"),
    "severity": ("How grave it is.", "medium"),
    "RuleHit.kind": ("Whether it is a rule or a list entry.", "rule"),
    "RuleHit.reason": ("The rule's reason, in words.", "many countries in a day"),
    "detail": ("More about it.", None),
    "predictions": ("One for each row, in the order sent.", None),
    "instances": ("The rows: named features, or values in the registry's order.", None),
    "PredictRequest.model": ("The model's name.", "auto_loan"),
    "coefficient": ("The feature's weight in the model.", 0.2),
    "description": ("What it means.", "the sum of the payment"),
    "url": ("Where it is documented.", "https://example.com/features"),
    "fraud-score": ("The probability of fraud in percent (0 to 100).", 3.0),
    "is-fraud": ("Whether the score reaches the threshold.", False),
    "model-version": ("The model's version.", "1"),
    "model-hash": ("The SHA-256 of the model's files, in hex.", _HASH),
    "FraudScores.results": ("One for each row, in the order sent.", None),
    "scorers": ("What each scorer did.", None),
    "changed": ("Whether another model serves now.", True),
    "from": ("The version before.", "1"),
    "to": ("The version now.", "2"),
}  # fmt: skip

SCREENING: Mapping[str, Meaning] = {
    "status": ("How it stands.", "clear"),
    "ScreeningHit.status": ("How alike they are: `possible` or `match`.", "match"),
    "LabelAccepted.status": ("Whether the report is new.", "accepted"),
    "MatchResponses.status": ("The HTTP status of this query.", 200),
    "ScreeningHit.reasons": ("What makes them alike.", []),
    "parties": ("Whom to screen, at most 1,000.", None),
    "payment": ("The payment that the parties belong to; null for a question.", None),
    "role": ("The party's part in the payment.", "customer"),
    "entity_id": ("The listed entity.", "ofac-12345"),
    "list": ("The sanctions list.", "ofac_sdn"),
    "list_id": ("The sanctions list.", "ofac_sdn"),
    "ScreeningHit.name": ("The listed name that is alike.", "Ivan Petrov"),
    "similarity": ("How alike the names are (0 to 1).", 0.98),
    "strength": ("How much everything together speaks for a match (0 to 1).", 0.95),
    "cleared": ("Hits that were cleared before: no hits any more.", []),
    "lists": ("The lists in use.", None),
    "entities": ("How many entities the list names.", 18_211),
    "loaded_at": ("When it was loaded (RFC 3339, UTC).", _TIME),
    "age_hours": ("Hours since the list was published.", 5.2),
    "dated": ("When the list says it was published.", _TIME),
    "sha256": ("The SHA-256 of its file, in hex.", _HASH),
    "skipped": ("Rows that could not be read.", []),
    "rows_skipped": ("How many rows could not be read.", 0),
    "row": ("The row in the file.", 812),
    "refused": ("Lists that were not taken at the last load, and why.", []),
    "files": ("The files of the list.", ["sdn.csv"]),
    "caption": ("The entity's main name.", "Ivan Petrov"),
    "names": ("All its names.", None),
    "quality": ("How much a name of this kind says: `strong` or `weak`.", "strong"),
    "birth_dates": ("Its dates of birth.", ["1960-01-01"]),
    "EntityView.kind": ("What it is.", "person"),
    "EntityView.countries": ("Countries it is connected with (ISO 3166-1 alpha-2).", ["ru"]),
    "IdentifierView.kind": ("What number it is.", "passport"),
    "programs": ("The sanctions programmes it is listed under.", ["SDGT"]),
    "listed_on": ("When it was listed.", "2014-03-20"),
    "clearing_id": ("The clearing.", "c-1"),
    "who": ("Who is answerable: the client of the key.", "bank-desk"),
    "why": ("The ground, without personal data.", "another date of birth"),
    "cleared_at": ("When they were cleared (RFC 3339, UTC).", _TIME),
    "until": ("When it ends (RFC 3339, UTC).", _TIME),
    "ended_at": ("When it ended; null while it is in force.", _TIME),
    "ended_by": ("Who or what ended it.", "bank-desk"),
    "ended_why": ("How it ended.", "REVOKED"),
    "erased": ("How many known parties were forgotten.", 1),
    "queries": ("What to compare, by names of your own, at most 100.", None),
    "schema": ("The kind of entity, as in FollowTheMoney.", "Person"),
    "properties": ("Its properties, each a list of texts.", {"name": ["Ivan Petrov"]}),
    "MatchQuery.id": ("The entity's id at the caller.", None),
    "responses": ("The answers, by the names of the queries.", None),
    "MatchResponses.results": ("Candidates, the best first.", None),
    "query": ("The query as it was read.", None),
    "total": ("How many there are.", None),
    "relation": ("Whether the number is exact.", "eq"),
    "MatchTotal.value": ("The number.", 1),
    "matcher": ("What the scores are made of.", None),
    "limit": ("How many candidates at most.", 5),
}  # fmt: skip

AFTERWARDS: Mapping[str, Meaning] = {
    "label": ("What the payment was.", "fraud"),
    "label_id": ("The report.", _ID),
    "LabelReport.source": ("Who says so.", "chargeback"),
    "StandingLabel.source": ("Whose report counts.", "chargeback"),
    "reversal": ("Whether it takes an earlier report of the same source back.", False),
    "reported_at": ("When its source said so (RFC 3339 with offset).", _TIME),
    "state": ("What stands.", "fraud"),
    "reports": ("How many reports there are.", 1),
    "in_risk_windows": ("Whether the risk features count it.", True),
    "labels": ("Payments by what was reported about them.", None),
    "LabelCounts.fraud": ("Reported as fraud.", 1),
    "LabelCounts.legitimate": ("Reported as legitimate.", 40),
    "LabelCounts.reversed": ("Reported and taken back.", 0),
    "LabelCounts.pending": ("Not reported.", 2),
    "payments": ("How many payments.", 43),
    "verdicts": ("How many payments had each verdict.", {"APPROVE": 41, "CHALLENGE": 2, "DECLINE": 0}),
    "first_seen": ("The first payment (RFC 3339, UTC).", _TIME),
    "last_seen": ("The last payment (RFC 3339, UTC).", _TIME),
    "currencies": ("What it pays, by currency.", None),
    "sum_minor": ("Their sum, in minor units.", 176_300),
    "sum_minor_by_verdict": ("Their sum by verdict, in minor units.", {"APPROVE": 176_300}),
    "mean_minor": ("The mean of what was not declined, in minor units.", 4_100.0),
    "deviation_minor": ("The standard deviation of the same, in minor units.", 1_900.0),
    "merchants": ("How many different merchants.", 12),
    "devices": ("How many different devices.", 2),
    "countries": ("How many different countries.", 3),
}  # fmt: skip

EVENTS: Mapping[str, Meaning] = {
    "CloudEvent.id": ("The event; a repeat has the same.", _ID),
    "CloudEvent.source": ("Which service sent it.", "urn:fraud:orchestrator"),
    "CloudEvent.type": ("What happened, with the major version.", "fraud.decision.made.v1"),
    "specversion": ("The version of CloudEvents.", "1.0"),
    "subject": ("The payment it is about.", "tx-1001"),
    "time": ("When it happened (RFC 3339, UTC).", _TIME),
    "datacontenttype": ("The type of `data`.", "application/json"),
    "data": ("What the event says, by its type.", {}),
    "traceparent": ("The trace it belongs to (W3C Trace Context).", None),
    "Problem.type": ("The kind of problem, as a URN (docs/problems.md).", "urn:fraud:problem:invalid-input"),
    "title": ("The kind of problem, in words.", "The request does not match the contract"),
    "Problem.status": ("The HTTP status.", 422),
    "Problem.detail": ("What to do about it.", "One or more fields are not as documented."),
    "instance": ("The request id.", "3be50ebf02409ebe8fb3c2f5"),
    "Problem.errors": ("Which fields are wrong, where fields are.", None),
    "field": ("The field, by its path.", "amount_minor"),
    "FieldProblem.problem": ("What is wrong with it; never what was sent.", "Input should be greater than or equal to 0"),
}  # fmt: skip

PARAMETERS: Mapping[str, Meaning] = {
    "dataset": ("The list to compare with; `default` is all of them.", "default"),
    "threshold": ("From which score on a candidate counts as a match (0 to 1).", 0.7),
    "cutoff": ("Candidates below this score are left out (0 to 1).", 0.5),
    "ofac_mode": ("Whether to score as OFAC's own search does.", False),
    "include_dataset": ("Only these lists.", ["ofac_sdn"]),
    "exclude_dataset": ("Not these lists.", []),
    "exclude_schema": ("Not these kinds of entity.", []),
    "exclude_entity_ids": ("Not these entities.", []),
    "block_id": ("The block.", "block-7c3f"),
    "case_id": ("The case.", "case-7c3f"),
    "hold_id": ("The hold.", "hold-7c3f"),
    "parked_id": ("The parked event.", "9f86d081884c7d65"),
    "key_id": ("The key, by its id.", "k-1"),
    "day": ("The day (UTC).", "2026-03-02"),
}  # fmt: skip

MEANINGS: Mapping[str, Meaning] = {
    **PARAMETERS,
    **EVENTS,
    **AFTERWARDS,
    **SCREENING,
    **SIGNALS,
    **DECISION,
    **PAYMENT,
}


def meaning(message: str, name: str) -> Meaning | None:
    """What a property of a message means, and an example (None for none)."""
    return MEANINGS.get(f"{message}.{name}") or MEANINGS.get(name)


def described(schemas: Mapping[str, Any]) -> dict[str, Any]:
    """JSON Schemas by the name of their message, with each property described that does
    not describe itself; `$defs` within them too."""
    return {name: _described(name, schema) for name, schema in schemas.items()}


def _described(message: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    made = dict(schema)
    if "properties" in schema:
        made["properties"] = {
            name: with_meaning(message, name, one)
            for name, one in schema["properties"].items()
        }
    if "$defs" in schema:
        made["$defs"] = described(schema["$defs"])
    return made


def with_meaning(message: str, name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of one property or parameter, described if anything is known of it."""
    known = meaning(message, name)
    made = dict(schema)
    if known is None:
        return made
    text, instance = known
    made.setdefault("description", text)
    if instance is not None and not {"examples", "example", "$ref"} & made.keys():
        made["examples"] = [instance]
    return made
