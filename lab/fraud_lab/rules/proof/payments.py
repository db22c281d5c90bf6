"""What holds of every payment, whatever it is: the premises of a proof.

Each follows from the definitions of the features and the contract of a payment, and is read
from them where they say it in a form that can be read.
"""

import re
from typing import Any

import z3

from fraud_engines.rules.fields import PAYMENT_FIELDS, WITNESS
from fraud_features.definitions.payment_features import BANK_LIMITS
from fraud_features.definitions.registry import PAYMENT_FEATURES, FeatureSet
from fraud_lab.rules.algebra import Number, Text, Truth
from fraud_lab.rules.proof.formulas import Formulas

_EQUALS = re.compile(r"(?:(\w+) and )?(\w+) == '(\w+)'")
_MOST_MINOR = 10**13
_ALWAYS = ("account_id", "amount_minor", "currency", "kind", "channel")
_MOMENT = ("amount_ref_minor", "is_round_amount", "hour_of_day", "day_of_week", "is_weekend", "is_night")  # fmt: skip
# Fields that a payment can only have with another: the token with the card, for one.
_WITH = {
    "card_bin": "card_token", "entry_mode": "card_token", "card_bin_8": "card_bin",
    "mcc": "merchant_id", "terminal_id": "merchant_id", "merchant_country": "merchant_id",
}  # fmt: skip


def premises(space: Formulas, features: FeatureSet = PAYMENT_FEATURES) -> list[Any]:
    """What holds of the fields that the space has by now."""
    # Fields that the premises name come to be here, and need premises themselves.
    for name in (*_ALWAYS, *_MOMENT, WITNESS):
        space.field(name)
    for name in tuple(space.parts):
        if name in _WITH:
            space.field(_WITH[name])
        match = equality(features, name)
        if match is not None:
            space.field(match[2])
    if "card_bin_8" in space.parts:
        space.field("card_bin")
        space.field("card_token")
    found: list[Any] = []
    for name in tuple(space.parts):
        found += _of_field(space, features, name)
    return [*space.facts, *found]


def known(space: Formulas, name: str) -> Any:
    """Whether a field has a value."""
    space.field(name)
    return z3.Bool(f"{name}?")


def _of_field(space: Formulas, features: FeatureSet, name: str) -> list[Any]:
    part, has = space.parts[name], known(space, name)
    found = [has] if name in _ALWAYS or name in _MOMENT else []
    if name in ("amount_minor", "amount_ref_minor"):
        assert isinstance(part, Number)
        found += [part.value >= 0, part.value <= _MOST_MINOR]
    if name in _WITH:
        found.append(z3.Implies(has, known(space, _WITH[name])))
    if name == "card_bin_8":
        found += _prefixes(space)
    match = equality(features, name)
    if match:
        found += _same(space, name, match)
    feature = next((f for f in features.features if f.name == name), None)
    if feature is not None and isinstance(part, Number):
        low, high = BANK_LIMITS.get(name, (None, None))
        if low is not None and high is not None:
            found += [part.value >= int(low), part.value <= int(high)]
        elif feature.type == "int" and feature.source in ("velocity", "profile"):
            found.append(part.value >= 0)
    return found


def equality(features: FeatureSet, name: str) -> re.Match[str] | None:
    """How a feature says that a text of the payment is one value, where it is that."""
    feature = next((f for f in features.features if f.name == name), None)
    found = None if feature is None else _EQUALS.fullmatch(feature.expression)
    if found is None or PAYMENT_FIELDS.get(found[2]) != "string":
        return None
    return found


def _same(space: Formulas, name: str, match: re.Match[str]) -> list[Any]:
    truth, text = space.field(name), space.field(match[2])
    assert isinstance(truth, Truth)
    assert isinstance(text, Text)
    has, code = known(space, match[2]), space.constant(match[3])
    return [
        known(space, name) == has,
        z3.Implies(has, z3.Bool(name) == (text.code == code)),
    ]


def _prefixes(space: Formulas) -> list[Any]:
    """Of a card of which eight digits are known the first six are those."""
    short, long = space.field("card_bin"), space.field("card_bin_8")
    assert isinstance(short, Text)
    assert isinstance(long, Text)
    codes = space.texts.code
    eight = [word for word in codes if len(word) == 8 and word.isdigit()]
    return [
        z3.Implies(
            z3.And(long.known, long.code == codes[word]), short.code == codes[word[:6]]
        )
        for word in eight
    ]
