"""The console in a real Chromium: what no parser sees. `pytest -m slow` where there is one."""

import asyncio
import re
import shutil
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from fraud_client.testing import FakeGateway, payment
from fraud_console.app import create_app
from fraud_console.gateway_keys import CLIENT, gateway_key
from fraud_console.roles import scopes_of
from fraud_console.service import open_database
from fraud_console.users import Users
from fraud_shared.mesh.clock import SystemClock

from .conftest import CHEAP, KEY, ONE_TIME, PASSWORD, settings
from .test_pages import HOSTILE

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is missing")
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the path"),
]


@dataclass
class Site:
    """A console that listens, with the gateway behind it."""

    url: str
    gateway: FakeGateway
    service: Any
    users: list[str] = field(default_factory=list)

    def know(self, name: str, *roles: str) -> None:
        """Let the gateway know the user."""
        made = self.gateway.key(CLIENT + name, scopes_of(roles))
        key = gateway_key(KEY.encode(), name, 1)
        self.gateway.keys[key] = self.gateway.keys.pop(made)


@contextmanager
def listening(app: Any) -> Iterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        # Whoever comes before the server has started waits.
        listener.listen(16)
        config = uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    gateway = FakeGateway()
    app = create_app(settings(tmp_path), transport=gateway.transport(), hasher=CHEAP)
    with listening(app) as url:
        made = Site(url, gateway, app.state.service)
        made.know("admin", "admin")
        yield made


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        yield browser
        browser.close()


@dataclass
class Watched:
    """A page, and everything it complained of or asked for elsewhere."""

    page: Any
    complaints: list[str]
    foreign: list[str]


@pytest.fixture
def watched(site: Site, chromium: Any) -> Iterator[Watched]:
    context = chromium.new_context()
    page = context.new_page()
    made = Watched(page, [], [])

    def said(message: Any) -> None:
        if message.type in ("error", "warning"):
            made.complaints.append(message.text)

    def asked(request: Any) -> None:
        if not request.url.startswith((site.url, "data:")):
            made.foreign.append(request.url)

    page.on("console", said)
    page.on("pageerror", lambda error: made.complaints.append(str(error)))
    page.on("request", asked)
    yield made
    context.close()


@pytest.fixture
def admin(site: Site, watched: Watched) -> Watched:
    watched.page.goto(f"{site.url}/sign-in/once?token={ONE_TIME}")
    return watched


PLACES = (
    "/", "/decisions", "/cases", "/entities", "/entities/account/acc-1", "/rules",
    "/rules/edit?version=7", "/policy", "/models", "/screening?name=Omar+Haddad", "/mesh",
    "/activity", "/style", "/studies",
)  # fmt: skip


class TestAnalyst:
    def test_a_live_decision_is_opened_and_its_case_resolved_by_keys(
        self, site: Site, admin: Watched
    ):
        page = admin.page
        playwright.expect(
            page.get_by_text("No decision in the last ten")
        ).to_be_visible()
        site.gateway.decided(payment(amount_minor=500_000), "DECLINE")
        row = page.locator("tr[data-row]").first
        playwright.expect(row).to_contain_text("5,000.00 EUR")
        row.locator("a.row").click()
        top = page.locator(".reasons li").first
        playwright.expect(top).to_contain_text("A rule or a list blocks it")
        page.keyboard.press("g")
        page.keyboard.press("c")
        page.wait_for_url("**/cases")
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_url("**/cases/c-*")
        page.keyboard.press("f")
        page.keyboard.press("Enter")
        playwright.expect(page.get_by_role("status")).to_contain_text("Resolved: Fraud")
        assert [label["label"] for label in site.gateway.labels] == ["fraud"]
        assert admin.complaints == []

    def test_a_replay_answers_in_place(self, site: Site, admin: Watched):
        made = site.gateway.decided(payment(), "DECLINE")["decision"]
        admin.page.goto(f"{site.url}/decisions/{made['decision_id']}")
        admin.page.get_by_role("button", name="Replay").click()
        answer = admin.page.locator("#replay")
        playwright.expect(answer).to_contain_text("come out as recorded")
        assert admin.complaints == []


class TestAuthor:
    def test_a_text_is_checked_and_completed_while_it_is_written(
        self, site: Site, admin: Watched
    ):
        page = admin.page
        page.goto(f"{site.url}/rules/edit?version=7")
        checked = page.locator("#checked")
        playwright.expect(checked).to_contain_text("Type-checks")
        source = page.locator("#source")
        source.press("Control+End")
        source.type("    # undeclared")
        playwright.expect(checked).to_contain_text("unknown field")
        source.fill("rules: []\nwhen: is_round")
        source.press("Control+End")
        source.type("_")
        source.press("Tab")
        playwright.expect(source).to_have_value(re.compile("is_round_amount"))
        playwright.expect(checked).to_contain_text("Type-checks")
        assert admin.complaints == []

    def test_a_backtest_is_followed_until_it_shows_its_results(
        self, site: Site, admin: Watched
    ):
        page, studies = admin.page, site.gateway.engines.studies
        page.goto(f"{site.url}/rules/7")
        study = page.get_by_label("Study", exact=True)
        study.get_by_label("Why").fill("before it goes live")
        study.get_by_role("button", name="Backtest").click()
        page.wait_for_url("**/studies/w-1")
        playwright.expect(page.locator("#study")).to_contain_text("none is running")
        studies.known["w-1"].update(state="running", waits_for=None, share=0.5)
        bar = page.get_by_role("progressbar")
        playwright.expect(bar).to_have_attribute("aria-valuenow", "50")
        studies.work()
        playwright.expect(page.locator("#study")).to_contain_text("R-014@7")
        assert admin.complaints == []


class TestOwner:
    def test_a_proposal_waits_and_is_seen_to_be_carried_out(
        self, site: Site, admin: Watched
    ):
        page, proposals = admin.page, site.gateway.engines.proposals
        page.goto(f"{site.url}/models")
        form = page.get_by_label("Propose a change")
        form.get_by_label("Bundle").fill("b-2")
        form.get_by_label("Why").fill("better last month")
        form.get_by_role("button", name="Propose").click()
        part = page.locator("#proposals")
        playwright.expect(part).to_contain_text("Waits for a second person")
        proposals.known["w-1"].update(state="approved", waits_for="the signer")
        page.reload()
        proposals.sign()
        playwright.expect(part).to_contain_text("champion: 1 → 2", timeout=10_000)
        assert admin.complaints == []


class TestEveryPage:
    def test_pages_ask_nothing_elsewhere_and_complain_of_nothing(
        self, site: Site, admin: Watched
    ):
        site.gateway.decided(payment(amount_minor=500_000), "DECLINE")
        for place in PLACES:
            for width in (1280, 390):
                admin.page.set_viewport_size({"width": width, "height": 800})
                admin.page.goto(site.url + place)
                wide = admin.page.evaluate("document.documentElement.scrollWidth")
                assert (place, wide <= width) == (place, True)
        assert admin.complaints == []
        assert admin.foreign == []

    def test_no_page_has_a_serious_fault_for_assistive_technology(
        self, site: Site, admin: Watched
    ):
        axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
        site.gateway.decided(payment(amount_minor=500_000), "DECLINE")
        made = site.gateway.records[0]["decision"]["decision_id"]
        case = next(iter(site.gateway.cases))
        for theme in ("light", "dark"):
            cookie = {"name": "fraud_theme", "value": theme, "url": site.url}
            admin.page.context.add_cookies([cookie])
            for place in (*PLACES, f"/decisions/{made}", f"/cases/{case}"):
                admin.page.goto(site.url + place)
                found = axe.run(admin.page).response["violations"]
                serious = [
                    (one["id"], one["nodes"][0]["html"][:160])
                    for one in found
                    if one["impact"] in ("serious", "critical")
                ]
                assert (theme, place, serious) == (theme, place, [])


class TestHostileText:
    def test_nothing_that_a_payment_carries_is_executed(
        self, site: Site, admin: Watched
    ):
        for text in HOSTILE:
            made = site.gateway.decided(
                payment(
                    amount_minor=500_000,
                    merchant={"merchant_id": "m-1", "name": text},
                    location={"country": "DE", "city": text},
                ),
                "DECLINE",
            )
            made["decision"]["reasons"][0]["text"] = made["decision"]["reason"] = text
        for case in site.gateway.cases.values():
            case["reason"] = HOSTILE[0]
            case["notes"] = [
                {"at": None, "who": t, "did": "", "text": t} for t in HOSTILE
            ]
        decisions = [r["decision"]["decision_id"] for r in site.gateway.records]
        places = [
            "/", "/decisions", "/cases", *(f"/decisions/{d}" for d in decisions),
            *(f"/cases/{c}" for c in site.gateway.cases),
        ]  # fmt: skip
        for place in places:
            admin.page.goto(site.url + place)
            assert admin.page.evaluate("window.hit === undefined"), place
        assert admin.complaints == []


class TestRoles:
    def test_a_viewer_is_shown_no_more_than_a_viewer_may_see(
        self, site: Site, watched: Watched, tmp_path: Path
    ):
        async def add() -> None:
            db = open_database(settings(tmp_path))
            await db.start()
            await Users(db, SystemClock(), hasher=CHEAP).add(
                "vic", ["viewer"], PASSWORD
            )
            await db.stop()

        # Playwright has an event loop in this thread.
        with ThreadPoolExecutor(1) as pool:
            pool.submit(asyncio.run, add()).result()
        site.know("vic", "viewer")
        page = watched.page
        page.goto(site.url)
        page.get_by_label("Name").fill("vic")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{site.url}/")
        shown = page.locator("nav a").all_inner_texts()
        assert shown == ["Live", "Decisions", "Mesh"]
        page.goto(f"{site.url}/cases")
        playwright.expect(page.get_by_role("heading")).to_contain_text("may not")
