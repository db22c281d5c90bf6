"""The decision: what is asked of the policy, what it rules, and what the caller gets."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from fraud_shared.contracts.acceptance import Exemption
from fraud_shared.contracts.action import ActionKind, ActionResult
from fraud_shared.contracts.base import (
    AmountMinor,
    Code,
    Contract,
    Identifier,
    NonNegative,
    Probability,
    absent,
)
from fraud_shared.contracts.features import FeatureVector
from fraud_shared.contracts.iso import CountryCode, CurrencyCode
from fraud_shared.contracts.screening import ScreeningResult
from fraud_shared.contracts.signal import RulesFlag, RulesResult, Signal
from fraud_shared.contracts.transaction import (
    Block,
    Channel,
    Digits4,
    Kind,
    Transaction,
)


class Verdict(StrEnum):
    """What the payment system is told, mildest first."""

    APPROVE = "APPROVE"
    CHALLENGE = "CHALLENGE"
    DECLINE = "DECLINE"

    @property
    def severity(self) -> int:
        """0 for APPROVE, 1 for CHALLENGE, 2 for DECLINE."""
        return _SEVERITY[self.value]


_SEVERITY = {"APPROVE": 0, "CHALLENGE": 1, "DECLINE": 2}

Challenge = Literal["otp", "three_ds", "manual_review"]
# Models whose score is a probability of fraud, so that it can decide.
RiskModel = Literal["xgboost", "lightgbm"]


class Reason(Contract):
    """Why: a stable code, a sentence, where it came from, and how much it weighed (0-1)."""

    code: Code
    text: Annotated[str, Field(max_length=256)]
    source: Identifier
    weight: Probability


def _is_empty(value: object) -> bool:
    return not value


class DecideRequest(Contract):
    """`POST /decide`: everything the policy may look at, with its gaps marked.

    `history_payments` counts the account's known earlier payments and is None when the
    online store could not say; `velocity_known` is false for the same reason. `risk_model`
    names whose score decides on risk, None the one the policy names. `absent_blocks` are the
    optional parts that the payment does not bring. `account_largest_minor` is the largest
    amount the account paid in 30 days, this payment included, and `account_typical_minor`
    the mean before it, in the reference currency; None when unknown.
    """

    transaction_id: Identifier
    account_id: Identifier
    amount_minor: AmountMinor
    amount_ref_minor: AmountMinor
    currency: CurrencyCode
    kind: Kind
    channel: Channel
    mcc: Digits4 | None = None
    country: CountryCode | None = None
    rules: RulesResult
    signals: Annotated[tuple[Signal, ...], Field(max_length=16)]
    screening: ScreeningResult
    velocity_known: bool
    # Velocity is not known, but no less than what the rules and models were given.
    velocity_lower_bound: bool = False
    history_payments: Annotated[int, Field(ge=0)] | None = None
    # Approvals in a row without full evidence, and their sum, since the last full verdict.
    stand_in_count: Annotated[int, Field(ge=0)] | None = None
    stand_in_sum_minor: Annotated[int, Field(ge=0)] | None = None
    risk_model: RiskModel | None = None
    absent_blocks: Annotated[tuple[Block, ...], Field(max_length=7)] = ()
    account_largest_minor: AmountMinor | None = None
    account_typical_minor: AmountMinor | None = None
    # The customer sets it off and was not strongly authenticated.
    may_be_exempt: Annotated[bool, Field(exclude_if=_is_empty)] = False


class ExemptionOffer(Contract):
    """An exemption that the policy lets a payment ask for, and the limits within which."""

    exemption: Exemption
    # Of low value: payments in a row and their sum, this one included.
    payments_max: Annotated[int, Field(ge=1)] | None = None
    sum_max_minor: AmountMinor | None = None
    # Of transaction risk analysis: the highest measured fraud rate, in basis points.
    rate_max_bp: NonNegative | None = None


class Ruling(Contract):
    """The policy's answer to `DecideRequest`."""

    decision: Verdict
    challenge: Challenge | None
    confidence: Probability
    risk: Probability | None
    expected_loss_minor: Annotated[int, Field(ge=0)] | None
    reason: Annotated[str, Field(max_length=256)]
    reasons: tuple[Reason, ...]
    actions: tuple[ActionKind, ...]
    degraded: tuple[Code, ...]
    stand_in: bool
    policy: Identifier
    exemptions: Annotated[
        tuple[ExemptionOffer, ...], Field(max_length=8, exclude_if=_is_empty)
    ] = ()


class Decision(Contract):
    """The reply of `POST /score`.

    `versions` names the ruleset, policy, models, lists and feature set that took part;
    `timings_ms` is the time spent per stage.
    """

    decision_id: Identifier
    transaction_id: Identifier
    decision: Verdict
    challenge: Challenge | None
    challenge_id: Identifier | None
    confidence: Probability
    risk: Probability | None
    expected_loss_minor: Annotated[int, Field(ge=0)] | None
    reason: str
    reasons: tuple[Reason, ...]
    rules_flag: RulesFlag | None
    if_score: float | None
    ae_error: float | None
    fraud_score: float | None
    rules: RulesResult
    signals: tuple[Signal, ...]
    screening: ScreeningResult
    actions: tuple[ActionResult, ...]
    action_status: Literal["none", "done", "queued"]
    degraded: tuple[Code, ...]
    versions: dict[str, str]
    timings_ms: dict[str, NonNegative]
    trace_id: str
    decided_at: AwareDatetime
    exemption: Exemption | None = absent(
        "The exemption from strong customer authentication to ask for."
    )
    erased_at: AwareDatetime | None = absent(
        "When the personal data of the payment were erased; texts then read `erased`."
    )


class PolicyContext(Contract):
    """What the policy was told besides signals: with `Decision` and `Transaction` it is
    all of `DecideRequest`."""

    amount_ref_minor: AmountMinor
    velocity_known: bool
    velocity_lower_bound: bool = False
    history_payments: Annotated[int, Field(ge=0)] | None
    stand_in_count: Annotated[int, Field(ge=0)] | None
    stand_in_sum_minor: Annotated[int, Field(ge=0)] | None
    # The challenger, where it decided.
    risk_model: RiskModel | None = None
    absent_blocks: Annotated[tuple[Block, ...], Field(max_length=7)] = ()
    account_largest_minor: AmountMinor | None = None
    account_typical_minor: AmountMinor | None = None


class DecisionMade(Contract):
    """Data of `fraud.decision.made.v1`, and what the decision log keeps: enough to
    recompute the verdict and to train on what serving saw. Holds no name and no PAN."""

    client: Identifier
    # Clients of one tenant share accounts, cards and labels; None is the client itself.
    tenant: Identifier | None = None
    decision: Decision
    transaction: Transaction
    features: FeatureVector
    context: PolicyContext

    @property
    def owner(self) -> str:
        """Whose payment this is."""
        return self.tenant or self.client

    def request(self) -> DecideRequest:
        """The question the policy was asked."""
        payment, made = self.transaction, self.decision
        return decide_request(
            payment, self.context, made.rules, made.signals, made.screening
        )


def decide_request(
    payment: Transaction,
    context: PolicyContext,
    rules: RulesResult,
    signals: tuple[Signal, ...],
    screening: ScreeningResult,
) -> DecideRequest:
    """Put together what the policy may look at."""
    return DecideRequest(
        transaction_id=payment.transaction_id,
        account_id=payment.account_id,
        amount_minor=payment.amount_minor,
        amount_ref_minor=context.amount_ref_minor,
        currency=payment.currency,
        kind=payment.kind,
        channel=payment.channel,
        mcc=payment.merchant.mcc if payment.merchant else None,
        country=payment.location.country if payment.location else None,
        rules=rules,
        signals=signals,
        screening=screening,
        velocity_known=context.velocity_known,
        velocity_lower_bound=context.velocity_lower_bound,
        history_payments=context.history_payments,
        stand_in_count=context.stand_in_count,
        stand_in_sum_minor=context.stand_in_sum_minor,
        risk_model=context.risk_model,
        absent_blocks=context.absent_blocks,
        account_largest_minor=context.account_largest_minor,
        account_typical_minor=context.account_typical_minor,
        may_be_exempt=_may_be_exempt(payment),
    )


def _may_be_exempt(payment: Transaction) -> bool:
    initiator = payment.initiator
    by_customer = initiator is None or initiator.party == "customer"
    return by_customer and not payment.is_authenticated
