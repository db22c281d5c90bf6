"""Evidence put together from records. Pure: no word in it is invented.

The earlier payments are those that card schemes ask for against a dispute about fraud: the
same customer, undisputed, with the same device or address (Visa Core Rules, reason code
10.4, Compelling Evidence 3.0: two of them, 120 to 365 days before the dispute).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from fraud_features.definitions.label_resolution import ReportedLabel, effective_label
from fraud_orchestrator.explanation.compose import letter
from fraud_shared.contracts.cases import CaseHistory
from fraud_shared.contracts.decision import DecisionMade, Reason
from fraud_shared.contracts.evidence import (
    AdverseActionText,
    Dated,
    DisputeEvidence,
    EarlierPayment,
    Evidence,
    EvidencePayment,
    Match,
    RecordedLabel,
    ReportDraft,
    SubjectFact,
    SubjectKind,
    Suspicion,
    Total,
)

WINDOW_DAYS = (120, 365)
MOST_EARLIER = 2

Labels = Mapping[str, Sequence[RecordedLabel]]


@dataclass(frozen=True, slots=True)
class Found:
    """What the log says. `earlier`: approved payments of the account before the case's;
    `flagged`: those of it that anybody called fraud; `labels`: reports by decision id."""

    earlier: Sequence[DecisionMade]
    flagged: Sequence[DecisionMade]
    labels: Labels


def compose(
    case: CaseHistory,
    record: DecisionMade,
    found: Found,
    decisive: Sequence[Reason],
    now: datetime,
) -> Evidence:
    """The evidence of a case about a record. `decisive`: the reasons that demand its
    verdict; without them the first recorded one is taken."""
    made = record.decision
    return Evidence(
        case_id=case.case_id,
        account_id=record.transaction.account_id,
        tenant=record.owner,
        made_at=now,
        dispute=dispute(record, found),
        report=report(case, record, found),
        adverse_action=AdverseActionText(
            decision_id=made.decision_id,
            decision=made.decision.value,
            grounds=letter(made.decision, decisive or made.reasons[:1]),
        ),
    )


def first_dispute(labels: Iterable[RecordedLabel]) -> RecordedLabel | None:
    """The earliest report that is not that all was well."""
    return next((one for one in labels if one.label != "legitimate"), None)


def dispute(record: DecisionMade, found: Found) -> DisputeEvidence:
    """The disputed payment, and the earlier ones that speak for it."""
    labels = found.labels.get(record.decision.decision_id, ())
    first = first_dispute(labels)
    at = first.reported_at if first else record.transaction.occurred_at
    earlier = [
        _earlier(one, record, at, found.labels)
        for one in found.earlier
        if _speaks_for(one, record, found.labels)
    ]
    earlier.sort(
        key=lambda e: (e.in_window, e.same_card, len(e.matched), e.occurred_at),
        reverse=True,
    )
    return DisputeEvidence(
        disputed=_payment(record, found.labels),
        disputed_at=first.reported_at if first else None,
        disputed_by=first.label_id if first else None,
        earlier=earlier[:MOST_EARLIER],
        looked_through=len(found.earlier),
    )


def _speaks_for(one: DecisionMade, disputed: DecisionMade, labels: Labels) -> bool:
    """Whether an approved payment is of the same customer and kind, earlier, and in
    nobody's bad books. A report that was taken back was a dispute all the same."""
    mine, this = one.transaction, disputed.transaction
    return (
        (one.owner, mine.account_id, mine.kind)
        == (disputed.owner, this.account_id, this.kind)
        and one.decision.decision == "APPROVE"
        and mine.counted
        and mine.transaction_id not in (this.transaction_id, this.supersedes)
        and mine.occurred_at < this.occurred_at
        and first_dispute(labels.get(one.decision.decision_id, ())) is None
        and bool(_matched(one, disputed))
    )


def _traits(record: DecisionMade) -> dict[Match, str | None]:
    device, contact = record.transaction.device, record.transaction.contact
    return {
        "device": device.device_id if device else None,
        "address": device.ip if device else None,
        "shipping_address": contact.shipping_address if contact else None,
    }


def _matched(one: DecisionMade, other: DecisionMade) -> list[Match]:
    theirs = _traits(other)
    return [
        name
        for name, value in _traits(one).items()
        if value is not None and value == theirs[name]
    ]


def _earlier(
    one: DecisionMade, disputed: DecisionMade, at: datetime, labels: Labels
) -> EarlierPayment:
    days = max((at - one.transaction.occurred_at).days, 0)
    card, other = one.transaction.card, disputed.transaction.card
    return EarlierPayment(
        **dict(_payment(one, labels)),
        matched=_matched(one, disputed),
        same_card=bool(card and other and card.token == other.token),
        days_before=days,
        in_window=WINDOW_DAYS[0] <= days <= WINDOW_DAYS[1],
    )


def _payment(record: DecisionMade, labels: Labels) -> EvidencePayment:
    payment, made, traits = record.transaction, record.decision, _traits(record)
    return EvidencePayment(
        decision_id=made.decision_id,
        transaction_id=payment.transaction_id,
        occurred_at=payment.occurred_at,
        decision=made.decision.value,
        kind=payment.kind,
        channel=payment.channel,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        merchant_id=payment.merchant.merchant_id if payment.merchant else None,
        counterparty=payment.counterparty.account if payment.counterparty else None,
        card_token=payment.card.token if payment.card else None,
        device_id=traits["device"],
        address_token=traits["address"],
        shipping_address=traits["shipping_address"],
        labels=list(labels.get(made.decision_id, ())),
    )


def report(case: CaseHistory, record: DecisionMade, found: Found) -> ReportDraft:
    """The draft of a suspicious activity report about the account."""
    records = {record.decision.decision_id: record}
    for one in found.flagged:
        if _is_fraud(found.labels.get(one.decision.decision_id, ())):
            records[one.decision.decision_id] = one
    ordered = sorted(records.values(), key=lambda one: one.transaction.occurred_at)
    activity = [_payment(one, found.labels) for one in ordered]
    return ReportDraft(
        subject=_subject(activity, record.transaction.account_id),
        activity=activity,
        first=_dated(activity[0]),
        last=_dated(activity[-1]),
        totals=_totals(activity),
        why=[
            *(s for one in ordered for s in _reasons(one)),
            *(s for one in activity for s in _said(one)),
            *_findings(case),
        ],
    )


def _is_fraud(labels: Sequence[RecordedLabel]) -> bool:
    reports = (
        ReportedLabel(one.label, one.source, one.reported_at, one.reversal)
        for one in labels
    )
    return effective_label(reports).state == "fraud"


def _subject(activity: Sequence[EvidencePayment], account: str) -> list[SubjectFact]:
    """Each thing once, with the first decision that names it."""
    seen: dict[tuple[SubjectKind, str], str] = {}
    for one in activity:
        named: tuple[tuple[SubjectKind, str | None], ...] = (
            ("account", account),
            ("card", one.card_token),
            ("device", one.device_id),
            ("counterparty", one.counterparty),
        )
        for what, value in named:
            if value is not None:
                seen.setdefault((what, value), one.decision_id)
    return [
        SubjectFact(what=what, value=value, decision_id=decision)
        for (what, value), decision in sorted(seen.items(), key=lambda item: item[0])
    ]


def _dated(one: EvidencePayment) -> Dated:
    return Dated(at=one.occurred_at, decision_id=one.decision_id)


def _totals(activity: Sequence[EvidencePayment]) -> list[Total]:
    by_currency: dict[str, list[EvidencePayment]] = {}
    for one in activity:
        by_currency.setdefault(one.currency, []).append(one)
    return [
        Total(
            amount_minor=sum(one.amount_minor for one in payments),
            currency=currency,
            decision_ids=[one.decision_id for one in payments],
        )
        for currency, payments in by_currency.items()
    ]


def _reasons(record: DecisionMade) -> list[Suspicion]:
    made = record.decision
    return [
        Suspicion(
            text=reason.text,
            said_by=reason.code,
            record="decision",
            record_id=made.decision_id,
        )
        for reason in made.reasons
    ]


def _said(one: EvidencePayment) -> list[Suspicion]:
    return [
        Suspicion(
            text=" ".join(
                text
                for text in (
                    "withdrawn:" if label.reversal else None,
                    label.label,
                    label.event,
                    label.scheme,
                    label.reason_code,
                )
                if text
            ),
            said_by=label.source,
            record="label",
            record_id=label.label_id,
        )
        for label in one.labels
    ]


def _findings(case: CaseHistory) -> list[Suspicion]:
    """What people wrote: the finding, and notes about the case."""
    said: list[tuple[str | None, str | None]] = [
        (case.resolution, case.analyst),
        (case.note, case.analyst),
        *((note.text, note.who) for note in case.notes if note.did == "noted"),
    ]
    return [
        Suspicion(
            text=text, said_by=who or "unknown", record="case", record_id=case.case_id
        )
        for text, who in said
        if text
    ]
