"""Grounds for a customer's letter: docs/explanations.md shows this table.

A sentence names no rule, model, score or list: it must not teach how to get past them, and
a possible match with a sanctions list may not be disclosed.
"""

from collections.abc import Iterable

from fraud_shared.contracts.explanation import AdverseAction

# Code, sentence, the reason codes that it stands for (a final * is any ending).
GROUNDS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("AA-01", "The payment was not like those you usually make.",
     ("ANOMALY_*", "RISK_*", "COST_*")),
    ("AA-02", "The amount was unusual for your account.", ("AMOUNT_*",)),
    ("AA-03", "The payment met one of our security conditions.",
     ("RULE_FLAG", "RULE_BLOCK", "SEVERAL_FLAGS")),
    ("AA-04", "We could not complete the checks that the law asks of us.",
     ("SANCTIONS_*", "SCREENING_*")),
    ("AA-05", "The payment came without details that we need to check it.",
     ("*_MISSING",)),
    ("AA-06", "We could not complete our security checks at that time.",
     ("*_UNAVAILABLE", "RULES_*", "VELOCITY_*", "DECISION_*", "MODELS_*")),
)  # fmt: skip
# For codes without a row of their own.
OTHER = ("AA-09", "The payment did not pass our security checks.")


def for_letter(codes: Iterable[str]) -> list[AdverseAction]:
    """The grounds of reason codes, each once, in the order of the codes."""
    found = dict(_ground(code) for code in codes)
    return [AdverseAction(code=code, text=text) for code, text in found.items()]


def _ground(code: str) -> tuple[str, str]:
    for ground, text, patterns in GROUNDS:
        if any(_fits(code, pattern) for pattern in patterns):
            return ground, text
    return OTHER


def _fits(code: str, pattern: str) -> bool:
    if pattern.startswith("*"):
        return code.endswith(pattern[1:])
    if pattern.endswith("*"):
        return code.startswith(pattern[:-1])
    return code == pattern
