"""Every code that a verdict gives as its reason, besides those of missing evidence."""

from enum import StrEnum
from typing import Self


class ReasonCode(StrEnum):
    """Why a verdict is as it is. `text` explains the code, `source` says whose finding it
    is, `since` is the release that first had it."""

    text: str
    source: str
    since: str

    def __new__(cls, code: str, text: str, source: str, since: str) -> Self:
        """A member that is its code and knows its text."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.text = text
        member.source = source
        member.since = since
        return member

    ALL_CLEAR = "ALL_CLEAR", "Nothing speaks against it", "policy", "0.1"
    STAND_IN = (
        "STAND_IN",
        "Approved on thin evidence within the stand-in limits",
        "policy",
        "0.1",
    )
    RULE_BLOCK = "RULE_BLOCK", "A rule or a list blocks it", "rule", "0.1"
    RULE_FLAG = "RULE_FLAG", "A rule flags it", "rule", "0.1"
    SEVERAL_FLAGS = "SEVERAL_FLAGS", "Several rules flag it at once", "rules", "0.1"
    ANOMALY_ALONE = "ANOMALY_ALONE", "One model finds it very strange", "model", "0.1"
    ANOMALY_TOGETHER = (
        "ANOMALY_TOGETHER",
        "All anomaly models find it strange",
        "model",
        "0.1",
    )
    ANOMALY_TIGHTENED = (
        "ANOMALY_TIGHTENED",
        "One model finds it strange while another is missing",
        "model",
        "0.1",
    )
    RISK_CHALLENGE = (
        "RISK_CHALLENGE",
        "The risk is in a band that begins with CHALLENGE",
        "model",
        "0.1",
    )
    RISK_DECLINE = (
        "RISK_DECLINE",
        "The risk is in a band that begins with DECLINE",
        "model",
        "0.1",
    )
    COST_CHALLENGE = (
        "COST_CHALLENGE",
        "A challenge costs least in expectation",
        "policy",
        "0.1",
    )
    COST_DECLINE = (
        "COST_DECLINE",
        "A decline costs least in expectation",
        "policy",
        "0.1",
    )
    SANCTIONS_MATCH = "SANCTIONS_MATCH", "A party is listed", "sanctions", "0.1"
    SANCTIONS_POSSIBLE = (
        "SANCTIONS_POSSIBLE",
        "A party resembles a listed name",
        "sanctions",
        "0.1",
    )
    SEVERAL_MODELS_UNAVAILABLE = (
        "SEVERAL_MODELS_UNAVAILABLE",
        "More than one model gave no score",
        "policy",
        "0.1",
    )
    AMOUNT_NEW_ACCOUNT = (
        "AMOUNT_NEW_ACCOUNT",
        "More than an account without history may simply pay",
        "policy",
        "0.2",
    )
    AMOUNT_BEYOND_HISTORY = (
        "AMOUNT_BEYOND_HISTORY",
        "Many times what the account ever paid",
        "policy",
        "0.2",
    )
    AMOUNT_BEYOND_TRAINING = (
        "AMOUNT_BEYOND_TRAINING", "More than the models ever saw", "policy", "0.2")  # fmt: skip
    TEST_MODE = (
        "TEST_MODE",
        "Test mode: the account forces this answer",
        "gateway",
        "0.2",
    )
