"""A decision explained: to an analyst, to an auditor, and for a letter to the customer."""

from typing import Literal

from pydantic import Field

from fraud_shared.contracts.base import Contract, Instant
from fraud_shared.contracts.decision_search import Verdicts
from fraud_shared.contracts.described import (
    Account,
    Amount,
    Currency,
    DecisionId,
    TransactionId,
)
from fraud_shared.contracts.signal import ModelSource

Change = Literal["amount", "reason", "score"]
Origin = Literal["recorded", "recomputed", "missing"]


class ExplainedReason(Contract):
    """One reason of the verdict."""

    code: str = Field(
        description="Its code (docs/reasons.md).", examples=["RISK_CHALLENGE"]
    )
    text: str = Field(
        description="What was recorded of this payment.",
        examples=["Risk 0.310 reached 0.200"],
    )
    meaning: str = Field(
        description="What the code means.",
        examples=["The risk is in a band that begins with CHALLENGE"],
    )
    source: str = Field(description="Whose finding it is.", examples=["xgboost"])
    weight: float = Field(description="How much it weighed (0 to 1).", examples=[0.31])


class ExplainedFeature(Contract):
    """What one feature did to one model's score."""

    feature: str = Field(description="Its name.", examples=["amount_over_typical"])
    meaning: str = Field(
        description="What it measures.",
        examples=["amount over the account's mean before this payment"],
    )
    group: str = Field(description="What it is about.", examples=["amount"])
    unit: str = Field(description="Its unit; empty for none.", examples=["ratio"])
    value: float | None = Field(
        description="Its value for this payment; null when unknown.", examples=[5.2]
    )
    contribution: float = Field(
        description="How far it moved the score: log-odds of the boosters, log2 of the "
        "isolation forest's score, share of the autoencoder's error.",
        examples=[0.84],
    )


class FeatureGroup(Contract):
    """The features about one thing, together."""

    group: str = Field(description="What they are about.", examples=["amount"])
    contribution: float = Field(
        description="The sum of their contributions.", examples=[1.1]
    )
    features: list[str] = Field(
        description="Their names, strongest first.", examples=[["amount_over_typical"]]
    )


class ExplainedModel(Contract):
    """One model's score, and what moved it."""

    source: ModelSource = Field(description="Which model.", examples=["xgboost"])
    version: str | None = Field(
        description="Its name and version; null where it gave no score.",
        examples=["xgboost@7"],
    )
    outcome: str = Field(
        description="`scored`, `skipped`, `timed_out` or `failed`.", examples=["scored"]
    )
    score: float | None = Field(
        description="A calibrated chance of fraud (boosters) or an anomaly percentile.",
        examples=[0.31],
    )
    origin: Origin = Field(
        description="Where the contributions are from: recorded with the decision, "
        "recomputed by the same model from the stored vector, or missing.",
        examples=["recorded"],
    )
    missing: str | None = Field(
        description="Why there are no contributions; null where there are.",
        examples=["Another version of the model serves now"],
    )
    features: list[ExplainedFeature] = Field(
        description="The strongest contributions, strongest first. Of the autoencoder: the "
        "features that it reconstructed worst."
    )
    groups: list[FeatureGroup] = Field(
        description="The same by what they are about, strongest first."
    )


class ExplainedRule(Contract):
    """A rule, list or block that was hit."""

    rule: str = Field(description="Its name and version.", examples=["R-014@7"])
    effect: str = Field(description="`FLAG` or `BLOCK`.", examples=["FLAG"])
    severity: str = Field(
        description="`low`, `medium`, `high` or `critical`.", examples=["high"]
    )
    reason: str = Field(
        description="What it says.", examples=["The account is on the deny list"]
    )
    kind: str = Field(
        description="`match`, `list`, or `error`: it could not be decided.",
        examples=["match"],
    )


class Counterfactual(Contract):
    """One change that alone changes the verdict: recomputed with the engines in force."""

    kind: Change = Field(
        description="What changes: the amount, one reason, or one model's score.",
        examples=["amount"],
    )
    subject: str = Field(
        description="`amount_minor`, the source of the reason, or the model.",
        examples=["amount_minor"],
    )
    recorded: float | None = Field(
        description="The recorded amount (minor units) or score; null for a reason.",
        examples=[80_000],
    )
    changed: float | None = Field(
        description="The nearest value that changes the verdict; null for a reason, which "
        "is taken away.",
        examples=[50_000],
    )
    decision: Verdicts = Field(
        description="The verdict with this change.", examples=["APPROVE"]
    )
    held: list[str] = Field(
        description="What depends on the change and was kept as recorded all the same: the "
        "verdict holds on this condition. Empty: without condition.",
        examples=[["scores of the models"]],
    )


class AdverseAction(Contract):
    """A ground in words for the customer: it names no rule, model or list."""

    code: str = Field(description="Of the table of grounds.", examples=["AA-02"])
    text: str = Field(
        description="A sentence for the customer's letter.",
        examples=["The amount was unusual for your account."],
    )


class Explanation(Contract):
    """Why a payment was decided as it was."""

    decision_id: DecisionId
    transaction_id: TransactionId
    account_id: Account
    amount_minor: Amount
    currency: Currency
    decided_at: Instant = Field(
        description="When it was decided (RFC 3339, UTC).",
        examples=["2026-12-01T09:30:00Z"],
    )
    decision: Verdicts = Field(description="The verdict.", examples=["CHALLENGE"])
    challenge: str | None = Field(
        description="How it is challenged; null where it is not.", examples=["otp"]
    )
    risk: float | None = Field(
        description="The calibrated chance of fraud; null when unknown.",
        examples=[0.31],
    )
    summary: str = Field(
        description="The verdict and what decided it, in a sentence.",
        examples=["Challenged: Risk 0.310 reached 0.200."],
    )
    decided_by: list[str] = Field(
        description="The codes of the reasons that demand this verdict, heaviest first.",
        examples=[["RISK_CHALLENGE"]],
    )
    reasons: list[ExplainedReason] = Field(description="All reasons, heaviest first.")
    sentences: list[str] = Field(
        description="What stands out in the payment's features, in words.",
        examples=[["Amount 5.2x this account's usual"]],
    )
    models: list[ExplainedModel] = Field(description="What each model said, and why.")
    worst_reconstructed: list[ExplainedFeature] = Field(
        description="The features that the autoencoder reconstructed worst."
    )
    rules: list[ExplainedRule] = Field(description="The rules that fired.")
    missing: list[str] = Field(
        description="The evidence that was missing, in words.",
        examples=[["XGBoost gave no score"]],
    )
    counterfactual: str = Field(
        description="The change in words, or plainly that none was found.",
        examples=["With an amount of 500.00 EUR or less it would be approved."],
    )
    change: Counterfactual | None = Field(
        description="The same change as figures; null when none was found."
    )
    customer: list[AdverseAction] = Field(
        description="Grounds for the customer's letter; empty for an approval."
    )
    versions: dict[str, str] = Field(
        description="What took part, with its versions.",
        examples=[{"policy": "default@3+1a2b3c4d"}],
    )
