"""What stays of a payment and its decision once a person's data in them are erased.

Pure functions of JSON documents. Of the person's own payments only what is named here stays:
what counts for the merchant, for ratios and for models, and says nothing of a person. A
field that is added to a payment is therefore erased until somebody names it.
"""

from collections.abc import Mapping
from typing import Any

from fraud_shared.contracts.privacy import ERASED, ERASED_ACCOUNT

_PAYMENT = (
    "transaction_id", "amount_minor", "currency", "occurred_at", "kind", "channel",
    "session", "authentication", "wallet", "network_token", "hints", "merchant_group",
    "supersedes",
)  # fmt: skip
_PARTS = {
    "merchant": ("merchant_id", "terminal_id", "mcc", "country"),
    "location": ("country",),
    "initiator": ("party",),
}


def redacted_payment(
    payment: Mapping[str, Any], account: str, decision_id: str
) -> dict[str, Any]:
    """The JSON document of a payment without what it says of an account: of its payer, all
    that could name them; of a receiver, the whole counterparty."""
    if payment["account_id"] != account:
        kept = dict(payment)
        if (payment.get("counterparty") or {}).get("account") == account:
            del kept["counterparty"]
        if (payment.get("customer") or {}).get("account") == account:
            del kept["customer"]
        return kept
    kept = {name: payment[name] for name in _PAYMENT if payment.get(name) is not None}
    for part, names in _PARTS.items():
        given = payment.get(part) or {}
        if some := {n: given[n] for n in names if given.get(n) is not None}:
            kept[part] = some
    numbers = {
        name: value
        for name, value in (payment.get("features") or {}).items()
        if not isinstance(value, str)
    }
    if numbers:
        kept["features"] = numbers
    kept["account_id"] = ERASED_ACCOUNT + decision_id
    return kept


def redacted_decision(decision: Mapping[str, Any], erased_at: str) -> dict[str, Any]:
    """The JSON document of a decision without texts that quote a person, a list or a list
    entry; codes, scores and verdict stay."""
    kept = dict(decision)
    kept["reason"] = ERASED
    kept["reasons"] = [{**one, "text": ERASED} for one in decision["reasons"]]
    kept["rules"] = _without_reasons(decision["rules"])
    kept["screening"] = {**decision["screening"], "hits": [], "cleared": []}
    kept["erased_at"] = erased_at
    return kept


def _without_reasons(rules: Mapping[str, Any]) -> dict[str, Any]:
    """The result of the rules; a hit's reason may be what somebody wrote into a list."""
    return {
        name: [{**one, "reason": ERASED} for one in value]
        if isinstance(value, list) and value and "reason" in _first(value)
        else value
        for name, value in rules.items()
    }


def _first(values: list[Any]) -> Mapping[str, Any]:
    return values[0] if isinstance(values[0], Mapping) else {}
