"""Every table that is added is looked at: does it hold something of a person?"""

from types import SimpleNamespace
from typing import Any

import fraud_action.subject_data
import fraud_action.tables
import fraud_orchestrator.tables
import fraud_post_auth.subject_data
import fraud_post_auth.tables
import fraud_sanctions.tables
from fraud_sanctions.subject_data import SanctionsSubjects

_NOTHING: Any = SimpleNamespace(db=None)
# Named by an erasure (`docs/privacy.md` says what becomes of them).
ERASED = {
    "action": {one.table.name for one in fraud_action.subject_data.TABLES},
    "post_auth": {one.table.name for one in fraud_post_auth.subject_data.TABLES},
    "sanctions": {one.table.name for one in SanctionsSubjects(*[_NOTHING] * 5).tables},
    # `stores.subject_decisions` and `stores.erasures`.
    "orchestrator": {"decisions", "outbox", "sca_counters", "erasures"},
}
# Numbers of payments, of decisions and of events, figures, codes; tokens and digests; keys
# of clients. `known_hits` goes with its party. Payments of test mode are nobody's;
# work holds figures, and payments that a proof made up.
NOBODYS = {
    "action": {"deliveries"},
    "post_auth": {"inbox", "labels", "outcomes", "payment_events"},
    "sanctions": {"announced", "known_hits", "rescreenings"},
    "orchestrator": {
        "acts", "api_keys", "audit_checkpoints", "audit_erasures", "audit_log",
        "idempotency_keys", "labels", "online_missed", "online_rebuild", "payment_events",
        "test_decisions", "work", "workers",
    },
}  # fmt: skip


def test_every_table_is_erased_or_holds_nothing_of_a_person() -> None:
    for service, module in (
        ("action", fraud_action.tables),
        ("post_auth", fraud_post_auth.tables),
        ("sanctions", fraud_sanctions.tables),
        ("orchestrator", fraud_orchestrator.tables),
    ):
        known = ERASED[service] | NOBODYS[service]
        assert set(module.metadata.tables) == known, service
        assert not ERASED[service] & NOBODYS[service], service
