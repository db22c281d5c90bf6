"""Features, codes and changes in an analyst's words."""

from collections.abc import Callable, Mapping

from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_shared.contracts.degraded import DegradedCode
from fraud_shared.contracts.explanation import (
    Counterfactual,
    ExplainedFeature,
    FeatureGroup,
)
from fraud_shared.contracts.iso import CURRENCY_EXPONENT
from fraud_shared.contracts.reasons import ReasonCode
from fraud_shared.contracts.signal import Contribution

_KNOWN = {f.name: f for f in PAYMENT_FEATURES.features}
# The first group with a word that the feature's name holds.
_GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("terminal and merchant", ("merchant", "terminal", "mcc")),
    ("receiver", ("counterparty", "beneficiary", "payee", "out_over_in", "received")),
    ("device and session", (
        "device", "login", "password", "two_factor", "emulator", "rooted",
        "remote_access", "call_in_progress")),
    ("network address", ("ip_", "_ip")),
    ("authentication", (
        "three_ds", "liability", "avs_", "cvc_", "initiated", "recurring")),
    ("place", ("cross_border", "country", "countries", "km_", "speed", "elsewhere")),
    ("card", ("card_", "entry", "magstripe", "network_token")),
    ("amount", ("amount",)),
    ("time", ("hour", "day_of_week", "weekend", "night")),
    ("account's history", ("account", "history", "seconds_since", "sum_24h")),
)  # fmt: skip
_VERDICTS = {"APPROVE": "approved", "CHALLENGE": "challenged", "DECLINE": "declined"}

Sentence = Callable[[float, Mapping[str, float | None]], str | None]


def meaning_of(code: str) -> str:
    """What a reason's code means; the code itself where nobody says."""
    for table in (ReasonCode, DegradedCode):
        if code in table.__members__:
            return table[code].text
    return code


def group_of(feature: str) -> str:
    """What a feature is about."""
    if feature.startswith("is_card_payment"):
        return "kind of payment"
    for group, words in _GROUPS:
        if any(word in feature for word in words):
            return group
    return "kind of payment"


def explained(part: Contribution) -> ExplainedFeature:
    """A contribution with what its feature means."""
    known = _KNOWN.get(part.feature)
    return ExplainedFeature(
        feature=part.feature,
        meaning=known.description if known else "",
        group=group_of(part.feature),
        unit=known.unit if known else "",
        value=part.value,
        contribution=part.contribution,
    )


def grouped(features: list[ExplainedFeature]) -> list[FeatureGroup]:
    """Features by what they are about, strongest group first."""
    found: dict[str, list[ExplainedFeature]] = {}
    for one in features:
        found.setdefault(one.group, []).append(one)
    groups = [
        FeatureGroup(
            group=group,
            contribution=sum(one.contribution for one in members),
            features=[one.feature for one in members],
        )
        for group, members in found.items()
    ]
    return sorted(groups, key=lambda group: -abs(group.contribution))


def money(minor: int, currency: str) -> str:
    """An amount as people write it: 500.00 EUR."""
    digits = CURRENCY_EXPONENT.get(currency, 2)
    return f"{minor / 10**digits:,.{digits}f} {currency}"


def verdict(decision: str) -> str:
    """A verdict as a participle."""
    return _VERDICTS[decision]


def counterfactual(
    change: Counterfactual | None, none_because: str, currency: str
) -> str:
    """A counterfactual in a sentence; where there is none, that, and why."""
    if change is None:
        return f"None found: {none_because}."
    would = f"it would be {verdict(change.decision)}"
    held = f" (kept as recorded: {'; '.join(change.held)})" if change.held else ""
    if change.kind == "reason":
        code, _, source = change.subject.partition(" ")
        named = "" if source in ("policy", "sanctions") else f" ({source})"
        return f"Without “{meaning_of(code)}”{named}, all else as recorded, {would}."
    assert change.changed is not None
    assert change.recorded is not None
    if change.kind == "amount":
        now = money(int(change.recorded), currency)
        then = money(int(change.changed), currency)
        return f"With an amount of {then} instead of {now} {would}{held}."
    return (
        f"With a score of {change.subject} of {change.changed:.6f} instead of "
        f"{change.recorded:.6f}, all else as recorded, {would}."
    )


def _labelled(window: str) -> Sentence:
    def sentence(share: float, all_: Mapping[str, float | None]) -> str | None:
        count = all_.get(f"terminal_delayed_count_{window}")
        if not count or not round(share * count):
            return None
        days = "day" if window == "1d" else f"{window[:-1]} days"
        return (
            f"Terminal had {round(share * count)} confirmed frauds in the {days} "
            "that ended 7 days ago"
        )

    return sentence


def _from(least: float, text: str) -> Sentence:
    return lambda value, _: text.format(value) if value >= least else None


# What of a payment stands out, whatever a model made of it.
_STANDS_OUT: tuple[tuple[str, Sentence], ...] = (
    ("amount_over_typical", _from(2.0, "Amount {:.1f}x this account's usual")),
    ("amount_over_merchant_mean_7d",
     _from(3.0, "Amount {:.1f}x what this merchant was paid on average in 7 days")),
    ("account_count_1h", _from(4, "{:.0f} payments by the account within an hour")),
    ("card_count_1h", _from(4, "{:.0f} payments with the card within an hour")),
    ("card_small_amount_count_1h",
     _from(3, "{:.0f} payments of at most 5 euro with the card within an hour")),
    ("device_distinct_accounts_24h",
     _from(3, "{:.0f} accounts paid from this device in 24 hours")),
    ("device_distinct_cards_24h",
     _from(3, "{:.0f} cards were used on this device in 24 hours")),
    ("ip_distinct_accounts_24h",
     _from(5, "{:.0f} accounts paid from this address in 24 hours")),
    ("counterparty_distinct_accounts_24h",
     _from(5, "{:.0f} accounts paid this receiver in 24 hours")),
    ("speed_kmh", _from(900, "{:.0f} km/h needed since the last located payment")),
    ("failed_logins_1h", _from(3, "{:.0f} failed logins within an hour")),
    ("terminal_risk_7d", _labelled("7d")),
    ("terminal_risk_30d", _labelled("30d")),
    ("first_seen_device", _from(1, "The account has not used this device before")),
    ("first_seen_country", _from(1, "The account has not paid in this country before")),
    ("first_seen_counterparty",
     _from(1, "The account has not paid this receiver before")),
    ("payee_mismatch", _from(1, "The receiver's name is not that of the account")),
    ("remote_access", _from(1, "Remote-access software runs on the device")),
    ("call_in_progress", _from(1, "The customer is on the telephone")),
    ("is_emulator", _from(1, "The device is an emulator")),
)  # fmt: skip


def standing_out(values: Mapping[str, float | None]) -> list[str]:
    """Sentences about what stands out in a payment's features."""
    found = []
    for name, sentence in _STANDS_OUT:
        value = values.get(name)
        text = None if value is None else sentence(value, values)
        if text is not None:
            found.append(text)
    return found
