"""Codes, features and figures in words that an analyst would use."""

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib import resources

from fraud_shared.contracts.degraded import DegradedCode
from fraud_shared.contracts.reasons import ReasonCode

VERDICTS = {"APPROVE": "Approved", "CHALLENGE": "Challenged", "DECLINE": "Declined"}
CHALLENGES = {
    "otp": "one-time password",
    "three_ds": "3-D Secure",
    "manual_review": "manual review",
}
MODELS = {
    "xgboost": "XGBoost",
    "lightgbm": "LightGBM",
    "isolation_forest": "Isolation forest",
    "autoencoder": "Autoencoder",
}
STAGES = {
    "online": "Velocity and profile",
    "screening": "Sanctions screening",
    "rules": "Rules",
    "models": "Models",
    "signals": "Models",
    "decision": "Decision",
    "decide": "Decision",
    "verdict": "Decision",
    "commit": "Commit",
    "action": "Actions",
    "actions": "Actions",
    "look_up": "Earlier decision",
}
_SPELLED = {
    "n": "payments",
    "total": "sum",
    "1h": "in 1 hour",
    "24h": "in 24 hours",
    "7d": "in 7 days",
    "30d": "in 30 days",
    "5m": "in 5 minutes",
    "10m": "in 10 minutes",
    "ip": "IP address",
    "mcc": "merchant category",
    "bin": "BIN",
}


@cache
def _features() -> Mapping[str, Mapping[str, str]]:
    file = resources.files(__package__).joinpath("feature_words.json")
    found: Mapping[str, Mapping[str, str]] = json.loads(file.read_text("utf-8"))
    return found


def feature_names() -> tuple[tuple[str, str], ...]:
    """Every feature with its meaning, for the editor's completion."""
    return tuple((name, known["meaning"]) for name, known in _features().items())


def feature(name: str) -> str:
    """What a feature is: its meaning in the registry, else its name taken apart."""
    known = _features().get(name)
    if known is not None:
        return known["meaning"][:1].upper() + known["meaning"][1:]
    words = (_SPELLED.get(part, part) for part in re.split(r"[_\s]+", name) if part)
    text = " ".join(words)
    return text[:1].upper() + text[1:]


def feature_unit(name: str) -> str:
    """The unit of a feature's value; empty when it has none that is worth saying."""
    unit = _features().get(name, {}).get("unit", "")
    return "" if unit in ("1", "count", "bool", "flag", "ratio") else unit


def reason(code: str, text: str = "") -> str:
    """A reason or a degraded code as a sentence."""
    for kind in (ReasonCode, DegradedCode):
        if code in kind.__members__:
            return str(kind[code].text)
    return text or code.replace("_", " ").capitalize()


def verdict(code: str | None) -> str:
    """Approved, Challenged, Declined."""
    return VERDICTS.get(code or "", code or "not decided")


def model(source: str) -> str:
    """A model's name as it is written."""
    return MODELS.get(source, source.replace("_", " ").capitalize())


def stage(name: str) -> str:
    """A stage of the pipeline."""
    return STAGES.get(name, name.replace("_", " ").capitalize())
