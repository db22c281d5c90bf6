"""Evidence as one page that prints, with every value escaped."""

from collections.abc import Sequence

from fraud_orchestrator.explanation.page import bullets, document, section, table
from fraud_orchestrator.explanation.words import money
from fraud_shared.contracts.evidence import (
    DisputeEvidence,
    EarlierPayment,
    Evidence,
    EvidencePayment,
    ReportDraft,
)


def page(found: Evidence) -> str:
    """The page of a case's evidence."""
    title = f"Evidence of case {found.case_id}"
    facts = (
        ("Account", found.account_id),
        ("Tenant", found.tenant),
        ("Put together", found.made_at.isoformat(timespec="seconds")),
    )
    letter = found.adverse_action
    grounds = [f"{one.code}: {one.text}" for one in letter.grounds]
    body = (
        section(title, table((), facts))
        + _dispute(found.dispute)
        + _report(found.report)
        + section(
            f"For the customer's letter (decision {letter.decision_id})",
            bullets(grounds),
        )
    )
    return document(title, body)


def _dispute(found: DisputeEvidence) -> str:
    first = "Nobody reported fraud or a dispute."
    if found.disputed_at is not None:
        at = found.disputed_at.isoformat(timespec="seconds")
        first = f"First reported {at} (label {found.disputed_by})."
    looked = f"{found.looked_through} earlier payments were looked through."
    return (
        section("Disputed payment", bullets([first]) + _payments([found.disputed]))
        + section("Earlier payments without a dispute", _earlier(found.earlier))
        + bullets([looked])
    )


def _earlier(payments: Sequence[EarlierPayment]) -> str:
    heads = ("Decision", "The same", "Same card", "Days before", "120 to 365")
    rows = [
        (
            one.decision_id,
            ", ".join(one.matched),
            "yes" if one.same_card else "no",
            str(one.days_before),
            "yes" if one.in_window else "no",
        )
        for one in payments
    ]
    return _payments(payments) + table(heads, rows)


def _payments(payments: Sequence[EvidencePayment]) -> str:
    heads = ("Decision", "Payment", "Made", "Amount", "To", "Card", "Device",
             "Address", "Delivery", "Labels")  # fmt: skip
    rows = [
        (
            f"{one.decision_id} ({one.decision})",
            f"{one.transaction_id} ({one.kind}, {one.channel})",
            one.occurred_at.isoformat(timespec="seconds"),
            money(one.amount_minor, one.currency),
            one.merchant_id or one.counterparty or "-",
            one.card_token or "-",
            one.device_id or "-",
            one.address_token or "-",
            one.shipping_address or "-",
            ", ".join(f"{label.label} ({label.label_id})" for label in one.labels)
            or "-",
        )
        for one in payments
    ]
    return table(heads, rows)


def _report(found: ReportDraft) -> str:
    subject = [(one.what, one.value, one.decision_id) for one in found.subject]
    sums = [
        (money(one.amount_minor, one.currency), ", ".join(one.decision_ids))
        for one in found.totals
    ]
    dates = [
        (name, one.at.isoformat(timespec="seconds"), one.decision_id)
        for name, one in (("First", found.first), ("Last", found.last))
    ]
    why = [
        (one.text, one.said_by, f"{one.record} {one.record_id}") for one in found.why
    ]
    return (
        section("Suspicious activity (draft): subject",
                table(("What", "Which", "Decision"), subject))
        + section("Activity", _payments(found.activity))
        + section("Dates", table(("", "Made", "Decision"), dates))
        + section("Amounts", table(("Sum", "Decisions"), sums))
        + section("Why", table(("Recorded", "By", "Record"), why))
    )  # fmt: skip
