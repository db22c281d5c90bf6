"""Every page: what it shows, what it says is missing, and what it never lets through."""

import re
from datetime import timedelta

import pytest

from fraud_client.testing import payment
from fraud_console.security import HEADERS

from .conftest import Browser, Console

PAGES = (
    "/", "/decisions", "/cases", "/entities", "/screening?name=omar+haddad", "/rules",
    "/rules/edit?version=7", "/policy", "/policy/edit", "/models", "/models/xgboost/1",
    "/activity", "/entities/account/acc-1", "/entities/device/dev-1", "/rules/7",
    "/rules/diff?older=7&newer=7", "/screening/entities/ofac-1001",
    "/studies",
)  # fmt: skip
HOSTILE = (
    "<script>window.hit=1</script>",
    '"><img src=x onerror=window.hit=1>',
    "javascript:window.hit=1",
    "</textarea><svg onload=window.hit=1>",
    "{{ 7*7 }}{% raw %}",
    "' hx-get='/x' hx-trigger='load",
)


@pytest.fixture
async def admin(console: Console) -> Browser:
    for amount, verdict in (
        (500, "APPROVE"),
        (20_000, "CHALLENGE"),
        (200_000, "DECLINE"),
    ):
        console.gateway.decided(payment(amount_minor=amount), verdict)
    return await console.user("ada", "admin")


class TestEveryPage:
    async def test_pages_show_what_the_gateway_answers(self, admin: Browser):
        for page in PAGES:
            reply = await admin.get(page)
            assert (page, reply.status_code) == (page, 200)
            assert (page, 'class="missing"' in reply.text) == (page, False)

    async def test_nothing_on_a_page_is_in_line_or_from_elsewhere(self, admin: Browser):
        for page in (*PAGES, "/style", "/mesh"):
            text = (await admin.get(page)).text
            assert not re.search(r"\sstyle=|<script(?![^>]*src=)|\son[a-z]+=", text), (
                page
            )
            outside = re.findall(r'(?:src|href|action)="(?:https?:)?//[^"]*', text)
            assert (page, outside) == (page, [])

    async def test_every_reply_has_the_security_headers(self, admin: Browser):
        for page in ("/", "/sign-in", "/nowhere", "/static/css/base.css"):
            reply = await admin.get(page)
            assert HEADERS.items() <= dict(reply.headers).items(), page

    @pytest.mark.parametrize(
        "services",
        [{"orchestrator"}, {"rules", "decision", "action"}, {"post_auth", "sanctions"}],
    )
    async def test_pages_load_while_services_are_down(
        self, console: Console, admin: Browser, services: set[str]
    ):
        console.gateway.down |= services
        for page in PAGES:
            reply = await admin.get(page)
            assert (page, reply.status_code) == (page, 200)

    async def test_a_case_names_the_part_of_it_that_is_missing(
        self, console: Console, admin: Browser
    ):
        case = next(iter(console.gateway.cases))
        console.gateway.down.add("orchestrator")
        text = (await admin.get(f"/cases/{case}")).text
        assert "The decision: a service is down" in text
        assert "The orchestrator service did not answer." in text

    async def test_evidence_of_a_case_names_its_decision_and_links_to_it(
        self, console: Console, admin: Browser
    ):
        case = next(iter(console.gateway.cases.values()))
        reply = await admin.get(f"/cases/{case['case_id']}/evidence")
        assert reply.status_code == 200
        assert 'class="missing"' not in reply.text
        assert f'href="/decisions/{case["decision_id"]}"' in reply.text

    async def test_a_route_that_a_gateway_lacks_is_missing_and_not_an_error(
        self, console: Console, admin: Browser
    ):
        console.gateway.missing.add("/v1/models")
        reply = await admin.get("/models")
        assert reply.status_code == 200
        assert "this gateway does not offer it" in reply.text

    async def test_an_unknown_page_is_no_fault(self, admin: Browser):
        reply = await admin.get("/nowhere")
        assert reply.status_code == 404
        assert "There is no such page" in reply.text


class TestHostileText:
    async def test_what_a_payment_carries_is_shown_as_text(self, console: Console):
        browser = await console.user("ada", "admin")
        for text in HOSTILE:
            made = console.gateway.decided(
                payment(
                    merchant={"merchant_id": "m-1", "name": text},
                    location={"country": "DE", "city": text},
                ),
                "DECLINE",
            )
            made["decision"]["reason"] = made["decision"]["reasons"][0]["text"] = text
            made["decision"]["rules"]["hits"][0]["reason"] = text
            case = list(console.gateway.cases.values())[-1]
            case["reason"] = text
            case["notes"] = [{"at": None, "who": text, "did": "noted", "text": text}]
            pages = (
                "/", "/decisions", f"/decisions/{made['decision']['decision_id']}",
                "/cases", f"/cases/{case['case_id']}", "/entities/account/acc-1",
            )  # fmt: skip
            for page in pages:
                reply = (await browser.get(page)).text
                assert text not in reply or not re.search(r"[<>\"']", text), page

    async def test_what_a_search_holds_is_shown_as_text(self, admin: Browser):
        reply = await admin.get("/decisions", params={"account_id": HOSTILE[1]})
        assert HOSTILE[1] not in reply.text


class TestDecision:
    async def test_a_decision_says_why_against_what_and_how_fast(
        self, console: Console, admin: Browser
    ):
        made = console.gateway.records[-1]["decision"]
        text = (await admin.get(f"/decisions/{made['decision_id']}")).text
        for said in (
            "Declined", "A rule or a list blocks it", "Three cards on one device",
            "87.0 times its typical 23.00 EUR", "more than it ever paid", "+1.90", "12.8 ms",
        ):  # fmt: skip
            assert said in text, said

    async def test_a_replay_is_asked_for_and_put_on_record(
        self, console: Console, admin: Browser
    ):
        made = console.gateway.records[-1]["decision"]
        place = f"/decisions/{made['decision_id']}/replay"
        reply = await admin.post(place, headers={"hx-request": "true"})
        assert "come out as recorded" in reply.text
        [line] = await console.service.activity.list(limit=1)
        assert (line.name, line.what) == ("ada", "replay")

    async def test_an_unknown_decision_is_not_found(self, admin: Browser):
        assert (await admin.get("/decisions/d-none")).status_code == 404


class TestCases:
    async def test_a_finding_becomes_a_label_in_the_analyst_s_name(
        self, console: Console, admin: Browser
    ):
        case = next(iter(console.gateway.cases))
        reply = await admin.post(f"/cases/{case}/resolve", {"outcome": "fraud"})
        assert reply.headers["location"] == f"/cases/{case}"
        assert console.gateway.labels[0]["label"] == "fraud"
        assert console.gateway.cases[case]["analyst"] == "console.ada"
        assert "Resolved: Fraud." in (await admin.get(f"/cases/{case}")).text
        assert "Resolved: Fraud." not in (await admin.get(f"/cases/{case}")).text

    async def test_a_second_finding_is_refused_with_the_reason(
        self, console: Console, admin: Browser
    ):
        case = next(iter(console.gateway.cases))
        for _ in range(2):
            await admin.post(f"/cases/{case}/resolve", {"outcome": "fraud"})
        assert "resolved already" in (await admin.get(f"/cases/{case}")).text
        [line] = await console.service.activity.list(limit=1)
        assert line.outcome == "conflict"

    async def test_a_burst_is_resolved_together(self, console: Console, admin: Browser):
        cases = list(console.gateway.cases)
        await admin.post("/cases/resolve", {"case_ids": cases, "outcome": "legitimate"})
        assert {c["state"] for c in console.gateway.cases.values()} == {"resolved"}
        assert "2 cases resolved" in (await admin.get("/cases")).text

    async def test_taking_and_noting_a_case_shows_who(
        self, console: Console, admin: Browser
    ):
        case = next(iter(console.gateway.cases))
        await admin.post(f"/cases/{case}/assign", {"assignee": "me"})
        await admin.post(f"/cases/{case}/notes", {"text": "called the customer"})
        text = (await admin.get(f"/cases/{case}")).text
        assert "console.ada" in text
        assert "called the customer" in text

    async def test_a_card_number_in_a_note_never_leaves(
        self, console: Console, admin: Browser
    ):
        case = next(iter(console.gateway.cases))
        note = {"text": "card 4111 1111 1111 1111"}
        assert (await admin.post(f"/cases/{case}/notes", note)).status_code == 422
        assert console.gateway.cases[case]["notes"] == []


class TestRules:
    async def test_a_rule_goes_live_by_two_people(self, console: Console):
        ada, bob = (
            await console.user("ada", "rule-author"),
            await console.user("bob", "rule-author"),
        )
        await ada.post("/rules/drafts", {"source": "rules: []", "why": "tidy"})
        await ada.post("/rules/8/shadow", {"why": "first look"})
        await ada.post("/rules/8/promote", {"why": "good in shadow"})
        assert "waits for a second person" in (await ada.get("/rules/8")).text
        await ada.post("/rules/8/promote", {"why": "again"})
        assert "A second person must promote it." in (await ada.get("/rules/8")).text
        await bob.post("/rules/8/promote", {"why": "checked"})
        assert console.gateway.engines.rules.known["8"]["live_by"] == "console.bob"
        assert "In force: version 8" in (await bob.get("/rules")).text

    async def test_a_text_is_checked_while_it_is_written(self, admin: Browser):
        fragment = {"hx-request": "true"}
        good = await admin.post("/rules/check", {"source": "a: 1"}, headers=fragment)
        bad = await admin.post(
            "/rules/check", {"source": "x: undeclared"}, headers=fragment
        )
        assert "Type-checks" in good.text
        assert 'data-line="4"' in bad.text
        assert "unknown field: undeclared" in bad.text

    async def test_lists_and_snoozes_are_kept_with_why(
        self, console: Console, admin: Browser
    ):
        entry = {"name": "deny", "kind": "account", "value": "acc-7", "why": "mule"}
        await admin.post("/lists/entries", {**entry, "days": 3})
        snooze = {"rule": "R-014", "kind": "account", "value": "acc-8", "why": "known"}
        await admin.post("/lists/snoozes", snooze)
        text = (await admin.get("/rules")).text
        assert "acc-7" in text
        assert "R-014: Account" in text
        await admin.post("/lists/entries/remove", {"name": "deny", "entry_id": "e-1"})
        assert console.gateway.engines.entries["deny"] == []


class TestOtherPages:
    async def test_a_sanctioned_name_is_found_with_the_reasons(self, admin: Browser):
        text = (await admin.get("/screening?name=Omar+Haddad")).text
        assert "every part of the name agrees" in text
        assert "17,210" in text

    async def test_an_account_is_blocked_and_freed(
        self, console: Console, admin: Browser
    ):
        place = "/entities/account/acc-1"
        block = {"kind": "account", "id": "acc-1", "why": "takeover", "days": 2}
        await admin.post("/entities/block", block)
        assert "takeover" in (await admin.get(place)).text
        [made] = console.gateway.blocks.values()
        freed = {"block_id": made["block_id"], "kind": "account", "id": "acc-1"}
        await admin.post("/entities/unblock", {**freed, "why": "was the owner"})
        assert console.gateway.blocks == {}

    async def test_the_policy_is_drawn_as_bands(self, console: Console, admin: Browser):
        [live] = console.gateway.engines.policy.known.values()
        live["text"] = (
            "risk:\n  bands:\n    - {from: 0.0, allow: [APPROVE]}\n"
            "    - {from: 0.2, allow: [CHALLENGE, DECLINE]}\ncosts: {review_minor: 500}\n"
        )
        text = (await admin.get("/policy")).text
        assert "20 % – 100 %" in text
        assert "5.00 EUR" in text

    async def test_the_record_shows_who_changed_what(
        self, console: Console, admin: Browser
    ):
        block = {"kind": "account", "id": "acc-77", "why": "too many alarms", "days": 2}
        await admin.post("/entities/block", block)
        text = (await admin.get("/activity?name=ada")).text
        assert "acc-77" in text
        console.clock.advance(timedelta(seconds=1))
        assert "acc-77" not in (await admin.get("/activity?name=bob")).text
