"""From the words of schemes and processors to labels.

Sources: Visa Dispute Management Guidelines (condition codes 10.x are fraud, 11 to 13 are
authorisation, processing and consumer disputes), Mastercard Chargeback Guide (fraud: 4837,
4849, 4863, 4870, 4871), American Express (F10 to F31), Discover (UA01 to UA13), and the
descriptions of TC40, TC15 and SAFE that acquirers publish.
"""

import re
from typing import Any

from fraud_shared.contracts.label import (
    SCHEME_OF,
    SOURCE_OF,
    LabelName,
    LabelReport,
    LabelReportIn,
)

# Whether a reason code means fraud, whatever the scheme: no two use the same form.
_FRAUD = re.compile(
    r"10(?:\.\d{1,2})?|57|62|81|83|93"  # Visa, and its codes before 2018
    r"|48(?:37|40|49|63|70|71)|(?:37|40|49|63|70|71)"  # Mastercard, long and short
    r"|F(?:10|14|22|24|29|30|31)|FR[246]"  # American Express
    r"|UA(?:0[1256]|1[0-3])"  # Discover
)
_DISPUTES = ("tc15", "chargeback", "representment")


class ReportIncomplete(ValueError):
    """The report does not say what its event needs; `field` is what is missing."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(problem)
        self.field = field
        self.problem = problem


def is_fraud(reason_code: str) -> bool:
    """Whether a dispute with this reason code says that the payment was fraud. A code that
    is not known is not taken for one: what it says trains no model."""
    return _FRAUD.fullmatch(reason_code.upper()) is not None


def report_of(given: LabelReportIn) -> LabelReport:
    """The report with the label and source that follow from its event. What it says of
    them itself must agree.

    Raises ReportIncomplete naming the field.
    """
    fields: dict[str, Any] = {
        name: getattr(given, name) for name in LabelReportIn.model_fields
    }
    if given.event is None:
        for name in ("label", "source"):
            if fields[name] is None:
                raise ReportIncomplete(name, "is required without an event")
        return LabelReport.model_construct(**fields)
    meant = _label(given)
    if given.label not in (None, meant):
        raise ReportIncomplete("label", "is not what the event means")
    scheme = SCHEME_OF.get(given.event)
    if scheme is not None and given.scheme not in (None, scheme):
        raise ReportIncomplete("scheme", "is not the one that has this event")
    fields |= {
        "label": meant,
        "source": given.source or SOURCE_OF[given.event],
        "scheme": given.scheme or scheme,
    }
    if given.event in ("tc15", "chargeback") and given.stage is None:
        fields["stage"] = "first"
    return LabelReport.model_construct(**fields)


def _label(given: LabelReportIn) -> LabelName:
    if given.event == "confirmed_genuine":
        return "legitimate"
    if given.event == "refund":
        return "undetermined"
    if given.event not in _DISPUTES:
        return "fraud"
    if given.reason_code is None:
        raise ReportIncomplete("reason_code", "is required for a dispute")
    if given.event == "representment" and given.result is None:
        raise ReportIncomplete("result", "is required for a representment")
    if not is_fraud(given.reason_code):
        return "undetermined"
    return "legitimate" if given.result == "won" else "fraud"
