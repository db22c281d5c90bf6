"""What a case's payment needs on paper: a dispute, a report of suspicion, a letter. Every
figure names the record that it was taken from."""

from typing import Annotated, Literal

from pydantic import Field

from fraud_shared.contracts.base import Contract, Identifier, Instant
from fraud_shared.contracts.decision_search import Verdicts
from fraud_shared.contracts.described import (
    Account,
    Amount,
    Currency,
    DecisionId,
    Tenant,
    TransactionId,
)
from fraud_shared.contracts.explanation import AdverseAction
from fraud_shared.contracts.label import LabelName, LabelSource

Match = Literal["device", "address", "shipping_address"]
RecordKind = Literal["decision", "label", "case"]
SubjectKind = Literal["account", "card", "device", "counterparty"]


class RecordedLabel(Contract):
    """One report about a payment, as it is on record."""

    label_id: Identifier = Field(description="The report.", examples=["label-7c3f"])
    label: LabelName = Field(description="What it says.", examples=["fraud"])
    source: LabelSource = Field(description="Whose word.", examples=["chargeback"])
    reported_at: Instant = Field(
        description="When its source said so (RFC 3339, UTC).",
        examples=["2026-12-20T09:30:00Z"],
    )
    reversal: bool = Field(
        description="Whether it withdraws what its source said before.",
        examples=[False],
    )
    event: str | None = Field(
        description="What was reported (`tc40`, `chargeback`); null when not said.",
        examples=["chargeback"],
    )
    scheme: str | None = Field(
        description="The card scheme; null when not said.", examples=["visa"]
    )
    reason_code: str | None = Field(
        description="The scheme's reason code; null when not said.", examples=["10.4"]
    )
    reference: str | None = Field(
        description="The number of the dispute; null when not said.",
        examples=["24011346061000000012345"],
    )


class EvidencePayment(Contract):
    """A payment as the decision log has it."""

    decision_id: DecisionId
    transaction_id: TransactionId
    occurred_at: Instant = Field(
        description="When it was made (RFC 3339, UTC).",
        examples=["2026-12-01T09:30:00Z"],
    )
    decision: Verdicts = Field(description="The verdict.", examples=["APPROVE"])
    kind: str = Field(description="The kind of payment.", examples=["card_payment"])
    channel: str = Field(description="How it was made.", examples=["ecommerce"])
    amount_minor: Amount
    currency: Currency
    merchant_id: str | None = Field(
        description="To which merchant; null for none.", examples=["m-1"]
    )
    counterparty: str | None = Field(
        description="To which account; null for none.", examples=["acc-99"]
    )
    card_token: str | None = Field(
        description="The card, by its token; null for none.", examples=["tok-1"]
    )
    device_id: str | None = Field(
        description="From which device; null when unknown.", examples=["dev-1"]
    )
    address_token: str | None = Field(
        description="From which network address, by its keyed token; null when unknown.",
        examples=["ip_0f3c"],
    )
    shipping_address: str | None = Field(
        description="Where the goods go, by its keyed token; null when unknown.",
        examples=["address_0f3c"],
    )
    labels: list[RecordedLabel] = Field(
        description="What was reported about it, oldest first."
    )


class EarlierPayment(EvidencePayment):
    """An earlier payment of the account that nobody disputed."""

    matched: list[Match] = Field(
        description="What it has in common with the disputed one.",
        examples=[["device", "address"]],
    )
    same_card: bool = Field(
        description="Whether the card is the same too.", examples=[True]
    )
    days_before: Annotated[int, Field(ge=0)] = Field(
        description="Whole days before the dispute was first reported, else before the "
        "case's payment.",
        examples=[142],
    )
    in_window: bool = Field(
        description="Whether that is 120 to 365 days, as Visa's rule for reason code 10.4 "
        "(Compelling Evidence 3.0) asks.",
        examples=[True],
    )


class DisputeEvidence(Contract):
    """The case's payment, and up to two earlier ones that nobody disputed."""

    disputed: EvidencePayment = Field(description="The case's payment.")
    disputed_at: Instant | None = Field(
        description="When fraud or a dispute was first reported (RFC 3339, UTC); null when "
        "nobody did.",
        examples=["2026-12-20T09:30:00Z"],
    )
    disputed_by: Identifier | None = Field(
        description="The `label_id` of that report; null for none.",
        examples=["label-7c3f"],
    )
    earlier: list[EarlierPayment] = Field(
        description="Approved payments of the same account with the same device, network "
        "address or delivery address, of which nothing but good was reported: those in the "
        "window first, then with the same card, with more in common, and newer."
    )
    looked_through: Annotated[int, Field(ge=0)] = Field(
        description="How many earlier decisions about the account were looked through (at "
        "most 500, the newest).",
        examples=[41],
    )


class SubjectFact(Contract):
    """Something by which the subject of a report is known."""

    what: SubjectKind = Field(description="What it is.", examples=["account"])
    value: str = Field(description="Which one.", examples=["acc-17"])
    decision_id: DecisionId


class Dated(Contract):
    """A time, and the decision that it is from."""

    at: Instant = Field(
        description="When the payment was made (RFC 3339, UTC).",
        examples=["2026-12-01T09:30:00Z"],
    )
    decision_id: DecisionId


class Total(Contract):
    """What payments come to in one currency."""

    amount_minor: Annotated[int, Field(ge=0)] = Field(
        description="The sum in minor units of `currency`.", examples=[24_600]
    )
    currency: Currency
    decision_ids: list[str] = Field(
        description="The payments that it is the sum of, by their decisions.",
        examples=[["6f1c7a52-0d0b-5c55-9a37-0d6d2f3f5b11"]],
    )


class Suspicion(Contract):
    """Why something is suspicious, as it is on record: nothing is added."""

    text: str = Field(
        description="What was recorded.", examples=["Risk 0.310 reached 0.200"]
    )
    said_by: str = Field(
        description="The code of the reason, the source of the label, or the analyst.",
        examples=["RISK_CHALLENGE"],
    )
    record: RecordKind = Field(
        description="The kind of record that says so.", examples=["decision"]
    )
    record_id: str = Field(
        description="Its `decision_id`, `label_id` or `case_id`.",
        examples=["6f1c7a52-0d0b-5c55-9a37-0d6d2f3f5b11"],
    )


class ReportDraft(Contract):
    """A draft of a suspicious activity report, from the records alone. Names and addresses
    are not kept here: whoever files it adds them."""

    subject: list[SubjectFact] = Field(description="Who and what it is about.")
    activity: list[EvidencePayment] = Field(
        description="The case's payment and those of the account that stand as fraud (at "
        "most 50, the newest), oldest first."
    )
    first: Dated = Field(description="The earliest of these payments.")
    last: Dated = Field(description="The latest of them.")
    totals: list[Total] = Field(description="What they come to, by currency.")
    why: list[Suspicion] = Field(description="Reasons, labels and findings.")


class AdverseActionText(Contract):
    """What the customer's letter may say; no ground for an approval."""

    decision_id: DecisionId
    decision: Verdicts = Field(description="The verdict.", examples=["DECLINE"])
    grounds: list[AdverseAction] = Field(description="Each once, the first first.")


class Evidence(Contract):
    """What a case needs on paper."""

    case_id: Identifier = Field(description="The case.", examples=["case-7c3f"])
    account_id: Account
    tenant: Tenant
    made_at: Instant = Field(
        description="When it was put together (RFC 3339, UTC).",
        examples=["2026-12-21T09:30:00Z"],
    )
    dispute: DisputeEvidence = Field(description="For a dispute.")
    report: ReportDraft = Field(
        description="For a suspicious activity report; its subject may not learn of it."
    )
    adverse_action: AdverseActionText = Field(description="For the customer's letter.")
