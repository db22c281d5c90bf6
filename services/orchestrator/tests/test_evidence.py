"""A case on paper: earlier payments that speak for it, a report, a letter; each figure
with its record."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from fraud_orchestrator.evidence import compose as core
from fraud_orchestrator.evidence.page import page
from fraud_shared.contracts.cases import CaseHistory
from fraud_shared.contracts.decision import DecisionMade, Reason
from fraud_shared.contracts.evidence import Evidence, RecordedLabel
from fraud_shared.testing.factories import NOON, make_decision_made, payment_body

HOSTILE = "<script>alert('x')</script>&\""
PATH = "/v1/cases/case-1/evidence"


def a_case(decision_id: str, **given: Any) -> CaseHistory:
    return CaseHistory.model_validate_json(json.dumps(case_body(decision_id, **given)))


def case_body(decision_id: str, **given: Any) -> dict[str, Any]:
    at = NOON.isoformat()
    return {
        "case_id": "case-1", "decision_id": decision_id, "transaction_id": "tx-now",
        "account_id": "acc-1", "tenant": "shop", "decision": "CHALLENGE",
        "amount_minor": 4_250, "currency": "EUR", "reason": "risk", "risk": 0.4,
        "expected_loss_minor": 10, "priority": 4.0, "listing": None, "state": "open",
        "assignee": None, "resolution": None, "analyst": None, "note": None,
        "created_at": at, "due_at": at, "age_s": 0, "overdue": False,
        "resolved_at": None, "notes": [], **given,
    }  # fmt: skip


def a_payment(name: str, days: int = 150, **given: Any) -> DecisionMade:
    """A record, so many days before noon of the test."""
    at = (NOON - timedelta(days=days)).isoformat()
    return make_decision_made(f"d-{name}", f"tx-{name}", occurred_at=at, **given)


def a_label(label: str = "fraud", **given: Any) -> RecordedLabel:
    said = {
        "label_id": "label-1", "label": label, "source": "chargeback",
        "reported_at": NOON, "reversal": False, "event": None, "scheme": None,
        "reason_code": None, "reference": None, **given,
    }  # fmt: skip
    return RecordedLabel.model_validate(said)


def composed(
    *earlier: DecisionMade,
    labels: Any = None,
    flagged: tuple[DecisionMade, ...] = (),
    record: DecisionMade | None = None,
    **case: Any,
) -> Evidence:
    record = record or a_payment("now", days=0)
    found = core.Found(earlier, flagged, labels or {})
    reasons = record.decision.reasons
    return core.compose(a_case("d-now", **case), record, found, reasons, NOON)


def names(found: Evidence) -> list[str]:
    return [one.transaction_id for one in found.dispute.earlier]


class TestEarlierPayments:
    def test_two_of_the_window_come_before_newer_ones(self) -> None:
        found = composed(
            a_payment("new", 3), a_payment("a", 130), a_payment("b", 365),
            a_payment("old", 366),
        )  # fmt: skip
        assert names(found) == ["tx-a", "tx-b"]
        assert [e.days_before for e in found.dispute.earlier] == [130, 365]
        assert all(e.in_window and e.same_card for e in found.dispute.earlier)

    @pytest.mark.parametrize(
        "label",
        [
            a_label(),
            a_label("undetermined", event="tc15"),
            a_label("fraud", reversal=True),
        ],
    )
    def test_disputed_one_is_left_out_even_when_it_was_taken_back(
        self, label: RecordedLabel
    ) -> None:
        found = composed(a_payment("a"), a_payment("b"), labels={"d-a": [label]})
        assert names(found) == ["tx-b"]

    def test_confirmed_genuine_one_counts(self) -> None:
        good = a_label("legitimate", source="customer_report")
        assert names(composed(a_payment("a"), labels={"d-a": [good]})) == ["tx-a"]

    @pytest.mark.parametrize(
        "other",
        [
            {"account_id": "acc-2"},
            {"client": "elsewhere"},
            {"verdict": "DECLINE"},
            {"kind": "refund"},
            {"supersedes": "tx-z"},
            {"device": {"device_id": "dev-9", "ip": "198.51.100.9"}},
            {"device": None},
        ],
    )
    def test_others_kinds_strangers_and_refused_ones_are_left_out(
        self, other: dict[str, Any]
    ) -> None:
        assert names(composed(a_payment("a", **other))) == []

    def test_it_says_what_is_the_same(self) -> None:
        token = "address_" + "0" * 32
        contact = {"contact": {"shipping_address": token}}
        elsewhere = {"device": {"device_id": "dev-9", "ip": "ip-9"}}
        found = composed(
            a_payment("a", **contact, **elsewhere),
            a_payment("b", device={"ip": "ip-9"}, card={"token": "card-9"}),
            record=a_payment("now", 0, **contact),
        )
        said = {
            e.transaction_id: (e.matched, e.same_card) for e in found.dispute.earlier
        }
        assert said == {
            "tx-a": (["shipping_address"], True), "tx-b": (["device"], False),
        }  # fmt: skip

    def test_days_count_from_the_first_report(self) -> None:
        late = a_label(reported_at=NOON + timedelta(days=30))
        found = composed(a_payment("a", 100), labels={"d-now": [late]})
        assert found.dispute.disputed_by == "label-1"
        assert (found.dispute.earlier[0].days_before) == 130


class TestTheReport:
    def test_every_figure_names_a_record_that_says_so(self) -> None:
        other = a_payment("bad", 5, amount_minor=1_000, card={"token": "card-2"})
        withdrawn = a_payment("good", 6)
        back = a_label(reversal=True)
        labels = {"d-bad": [a_label()], "d-good": [back]}
        found = composed(
            flagged=(other, withdrawn), labels=labels, resolution="fraud",
            analyst="anna", note="called the customer",
        ).report  # fmt: skip
        assert [p.decision_id for p in found.activity] == ["d-bad", "d-now"]
        total = found.totals[0]
        assert total.amount_minor == sum(p.amount_minor for p in found.activity)
        assert total.decision_ids == ["d-bad", "d-now"]
        assert (found.first.decision_id, found.last.decision_id) == ("d-bad", "d-now")
        cards = {f.value: f.decision_id for f in found.subject if f.what == "card"}
        assert cards == {"card-1": "d-now", "card-2": "d-bad"}
        assert [(s.record, s.record_id, s.text) for s in found.why] == [
            ("label", "label-1", "fraud"), ("case", "case-1", "fraud"),
            ("case", "case-1", "called the customer"),
        ]  # fmt: skip

    def test_letter_has_the_grounds_of_the_reasons(self) -> None:
        record = a_payment("now", 0, verdict="DECLINE")
        reason = Reason(code="AMOUNT_HIGH", text="t", source="policy", weight=0.5)
        made = record.decision.model_copy(update={"reasons": (reason,)})
        record = record.model_copy(update={"decision": made})
        grounds = composed(record=record).adverse_action.grounds
        assert [one.code for one in grounds] == ["AA-02"]


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for one in value.values():
            yield from texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from texts(one)
    elif isinstance(value, str):
        yield value


class TestThePage:
    def test_hostile_text_is_escaped_and_nothing_comes_from_elsewhere(self) -> None:
        note = {"at": NOON.isoformat(), "who": HOSTILE, "did": "noted", "text": HOSTILE}
        found = composed(a_payment("a"), notes=[note], note=HOSTILE, analyst=HOSTILE)
        html = page(found)
        assert "<script" not in html
        assert "&lt;script&gt;alert(&#x27;x&#x27;)" in html
        assert "http" not in html
        assert "src=" not in html

    def test_it_says_what_the_json_says(self) -> None:
        found = composed(a_payment("a"), labels={"d-now": [a_label()]})
        html = page(found)
        ids = ("decision_id", "label_id", "record_id", "disputed_by")
        document = found.model_dump(mode="json")
        said = set(texts(document["report"]["subject"]))
        said |= {document["dispute"]["earlier"][0][name] for name in ids[:1]}
        said |= {document["dispute"]["disputed_by"]}
        assert all(text in html for text in said)


async def with_case(run: Any, decision_id: str) -> None:
    async def act(path: str, _: bytes) -> tuple[int, bytes]:
        known = path == "/v1/cases/case-1"
        body = case_body(decision_id) if known else {}
        return (200 if known else 404), json.dumps(body).encode()

    run.transport.responders["action"] = act


class TestTheRoute:
    async def test_finds_two_undisputed_payments_in_the_log(self, start: Any) -> None:
        scopes = ["score", "label", "analyst", "audit"]
        async with start(scopes=scopes) as run:
            for name in ("tx-1", "tx-2", "tx-3", "tx-4"):
                run.clock.advance(timedelta(seconds=1))
                made = await scored(run, name)
            report = {
                "transaction_id": "tx-3", "label": "fraud", "source": "chargeback",
                "reported_at": NOON.isoformat(),
            }  # fmt: skip
            accepted = await run.http.post("/v1/labels", json=report)
            await with_case(run, made)
            reply = await run.http.get(PATH)
            html = await run.http.get(PATH, headers={"accept": "text/html"})
            acts = (await run.http.get("/v1/audit")).json()["items"]
        assert reply.status_code == 200, reply.text
        found = Evidence.model_validate_json(reply.content)
        assert found.dispute.disputed.decision_id == made
        assert names(found) == ["tx-2", "tx-1"]
        activity = {p.transaction_id: p.labels for p in found.report.activity}
        assert activity.keys() == {"tx-3", "tx-4"}
        assert activity["tx-3"][0].label_id == accepted.json()["label_id"]
        assert html.text.startswith("<!doctype html>")
        assert "default-src 'none'" in html.headers["content-security-policy"]
        noted = [(a["act"], a["status"]) for a in acts if "evidence" in a["act"]]
        assert noted == [("GET /v1/cases/{case_id}/evidence", 200)] * 2

    async def test_report_about_a_later_request_is_about_the_payment(
        self, start: Any
    ) -> None:
        async with start(scopes=["score", "label", "analyst"]) as run:
            for number, name in enumerate(("tx-1", "tx-2")):
                run.clock.advance(timedelta(seconds=1))
                made = await scored(run, name, minutes=number)
            again = await run.score(
                payment_body(transaction_id="tx-1b", supersedes="tx-1")
            )
            assert again.status_code == 200, again.text
            report = {
                "transaction_id": "tx-1b", "label": "fraud", "source": "issuer",
                "reported_at": NOON.isoformat(),
            }  # fmt: skip
            await with_case(run, made)
            before = Evidence.model_validate_json((await run.http.get(PATH)).content)
            assert (await run.http.post("/v1/labels", json=report)).is_success
            found = Evidence.model_validate_json((await run.http.get(PATH)).content)
        assert (names(before), names(found)) == (["tx-1"], [])

    async def test_unknown_case_is_404_and_silence_is_503(self, start: Any) -> None:
        async with start(scopes=["score", "analyst", "audit"]) as run:
            await with_case(run, "nobody")
            gone = await run.http.get(PATH)
            unknown = await run.http.get("/v1/cases/case-2/evidence")
            del run.transport.responders["action"]
            away = await run.http.get(PATH)
            acts = (await run.http.get("/v1/audit")).json()["items"]
        replies = (gone.status_code, unknown.status_code, away.status_code)
        assert replies == (404, 404, 503)
        assert sorted(act["status"] for act in acts) == [404, 404, 503]

    async def test_key_that_only_reads_may_not(self, start: Any) -> None:
        async with start(scopes=["score", "read"]) as run:
            assert (await run.http.get(PATH)).status_code == 403


async def scored(run: Any, name: str, minutes: int | None = None) -> str:
    """Score a payment of its own minute; its decision's id."""
    number = int(name[-1]) if minutes is None else minutes
    at = (NOON - timedelta(minutes=10 - number)).isoformat()
    reply = await run.score(payment_body(transaction_id=name, occurred_at=at))
    assert reply.status_code == 200, reply.text
    return str(reply.json()["decision_id"])
