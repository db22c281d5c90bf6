"""From the words of schemes to labels: only fraud says fraud."""

from typing import Any

import pytest

from fraud_shared.contracts.disputes import ReportIncomplete, is_fraud, report_of
from fraud_shared.contracts.label import LabelReport, LabelReportIn
from fraud_shared.testing.factories import NOON


def report(**fields: Any) -> LabelReport:
    given = {"transaction_id": "tx-1", "reported_at": NOON, **fields}
    return report_of(LabelReportIn.model_validate(given))


@pytest.mark.parametrize(
    ("fields", "label", "source"),
    [
        ({"event": "tc40"}, "fraud", "issuer"),
        ({"event": "safe"}, "fraud", "issuer"),
        ({"event": "early_fraud_warning"}, "fraud", "issuer"),
        ({"event": "tc15", "reason_code": "10.4"}, "fraud", "chargeback"),
        ({"event": "tc15", "reason_code": "13.1"}, "undetermined", "chargeback"),
        ({"event": "chargeback", "reason_code": "4837"}, "fraud", "chargeback"),
        ({"event": "chargeback", "reason_code": "4853"}, "undetermined", "chargeback"),
        ({"event": "chargeback", "reason_code": "F29"}, "fraud", "chargeback"),
        ({"event": "chargeback", "reason_code": "C08"}, "undetermined", "chargeback"),
        ({"event": "chargeback", "reason_code": "UA02"}, "fraud", "chargeback"),
        ({"event": "chargeback", "reason_code": "ZZ9"}, "undetermined", "chargeback"),
        (
            {"event": "representment", "reason_code": "10.4", "result": "won"},
            "legitimate",
            "chargeback",
        ),
        (
            {"event": "representment", "reason_code": "10.4", "result": "lost"},
            "fraud",
            "chargeback",
        ),
        (
            {"event": "representment", "reason_code": "13.1", "result": "won"},
            "undetermined",
            "chargeback",
        ),
        ({"event": "refund"}, "undetermined", "merchant"),
        ({"event": "confirmed_genuine"}, "legitimate", "customer_report"),
        ({"label": "fraud", "source": "analyst"}, "fraud", "analyst"),
    ],
)
def test_event_means_its_label_and_source(
    fields: dict[str, Any], label: str, source: str
) -> None:
    found = report(**fields)
    assert (found.label, found.source) == (label, source)


def test_events_of_one_scheme_name_it() -> None:
    assert report(event="tc40").scheme == "visa"
    assert report(event="safe").scheme == "mastercard"
    assert report(event="tc15", reason_code="10.4").stage == "first"


@pytest.mark.parametrize(
    ("fields", "at"),
    [
        ({}, "label"),
        ({"label": "fraud"}, "source"),
        ({"event": "chargeback"}, "reason_code"),
        ({"event": "representment", "reason_code": "10.4"}, "result"),
        ({"event": "tc40", "label": "legitimate"}, "label"),
        ({"event": "tc40", "scheme": "mastercard"}, "scheme"),
        ({"event": "tc15", "reason_code": "13.1", "label": "fraud"}, "label"),
    ],
)
def test_report_that_lacks_or_contradicts_is_refused(
    fields: dict[str, Any], at: str
) -> None:
    with pytest.raises(ReportIncomplete) as refused:
        report(**fields)
    assert refused.value.field == at


def test_reason_code_is_read_in_any_case() -> None:
    assert is_fraud("f29")
    assert is_fraud("ua01")
    assert not is_fraud("104")
