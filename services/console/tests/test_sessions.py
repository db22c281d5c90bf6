"""Signing in, staying in, and who may ask for what."""

import json
import re
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from fraud_console.gateway_keys import Holder, entry, gateway_key
from fraud_console.roles import NEEDS, ROLES, may
from fraud_console.security import Cookies, local_path
from fraud_console.settings import Settings
from fraud_console.users import UserRefused
from fraud_shared.web.keys import KeyRing

from .conftest import KEY, ONE_TIME, PASSWORD, Console, settings

SIGN_IN = {"name": "ada", "password": PASSWORD}


async def known(console: Console, *roles: str) -> httpx.AsyncClient:
    await console.service.users.add("ada", roles or ["analyst"], PASSWORD)
    return await console.anonymous()


class TestSignIn:
    async def test_a_page_without_session_leads_to_the_sign_in_and_back(
        self, console: Console
    ):
        http = await known(console)
        asked = await http.get("/decisions?account_id=acc-1")
        assert asked.status_code == 303
        place = asked.headers["location"]
        assert place == "/sign-in?next=%2Fdecisions%3Faccount_id%3Dacc-1"
        form = await http.get(place)
        wanted = re.search(r'name="wanted" value="([^"]+)"', form.text)
        assert wanted is not None
        done = await http.post("/sign-in", data={**SIGN_IN, "wanted": wanted[1]})
        assert done.headers["location"] == "/decisions?account_id=acc-1"

    async def test_a_wrong_password_is_refused_like_an_unknown_name(
        self, console: Console
    ):
        http = await known(console)
        wrong = await http.post("/sign-in", data={**SIGN_IN, "password": "wrong"})
        nobody = await http.post("/sign-in", data={**SIGN_IN, "name": "nobody"})
        assert wrong.status_code == nobody.status_code == 403
        assert "set-cookie" not in wrong.headers
        assert wrong.text.replace("ada", "") == nobody.text.replace("nobody", "")

    async def test_many_wrong_passwords_pause_even_the_right_one(
        self, console: Console
    ):
        http = await known(console)
        for _ in range(5):
            await http.post("/sign-in", data={**SIGN_IN, "password": "wrong"})
        assert (await http.post("/sign-in", data=SIGN_IN)).status_code == 403
        console.clock.advance(timedelta(minutes=6))
        assert (await http.post("/sign-in", data=SIGN_IN)).status_code == 303

    async def test_the_cookie_is_closed_to_scripts_and_other_sites(
        self, console: Console
    ):
        http = await known(console)
        done = await http.post("/sign-in", data=SIGN_IN)
        cookie = done.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie

    def test_production_binds_the_cookie_to_tls_and_host(self):
        assert Cookies(b"k", secure=True).name("x") == "__Host-x"

    async def test_a_form_of_another_site_cannot_sign_in(self, console: Console):
        http = await known(console)
        foreign = {"sec-fetch-site": "cross-site"}
        done = await http.post("/sign-in", data=SIGN_IN, headers=foreign)
        assert done.status_code == 403

    @pytest.mark.parametrize(
        "wanted", ["//evil.example", "https://evil.example", "/\\evil", "/\tx", ""]
    )
    def test_another_host_is_never_where_one_goes_after_it(self, wanted: str):
        assert local_path(wanted) == "/"


class TestOnce:
    async def test_the_one_time_sign_in_works_once(self, console: Console):
        http = await console.anonymous()
        first = await http.get(f"/sign-in/once?token={ONE_TIME}")
        assert first.headers["location"] == "/"
        again = await (await console.anonymous()).get(f"/sign-in/once?token={ONE_TIME}")
        assert again.headers["location"].startswith("/sign-in")

    async def test_another_machine_cannot_use_it(self, console: Console):
        transport = httpx.ASGITransport(console.app, client=("10.0.0.7", 1))
        async with httpx.AsyncClient(
            transport=transport, base_url="http://console"
        ) as http:
            reply = await http.get(f"/sign-in/once?token={ONE_TIME}")
        assert reply.headers["location"].startswith("/sign-in")

    def test_production_refuses_to_start_with_it(self, tmp_path: Path):
        assert settings(tmp_path).unsafe() == [
            "FRAUD_CONSOLE_ONE_TIME_TOKEN is refused in production"
        ]


class TestSessions:
    async def test_a_session_ends_when_nobody_uses_it(self, console: Console):
        browser = await console.user("ada", "analyst")
        console.clock.advance(timedelta(minutes=31))
        assert (await browser.get("/cases")).status_code == 303

    async def test_use_prolongs_a_session_up_to_its_lifetime(self, console: Console):
        browser = await console.user("ada", "analyst")
        for _ in range(35):
            console.clock.advance(timedelta(minutes=20))
            assert (await browser.get("/cases")).status_code == 200
        console.clock.advance(timedelta(minutes=25))
        assert (await browser.get("/cases")).status_code == 303

    async def test_signing_out_ends_it_for_a_copied_cookie_too(self, console: Console):
        browser = await console.user("ada", "analyst")
        copied = dict(browser.http.cookies)
        await browser.post("/sign-out")
        thief = await console.anonymous(cookies=copied)
        assert (await thief.get("/cases")).status_code == 303

    async def test_disabling_a_user_ends_every_session(self, console: Console):
        browser = await console.user("ada", "analyst")
        await console.service.users.disable("ada")
        assert (await browser.get("/cases")).status_code == 303


class TestChanges:
    async def test_a_change_without_the_token_is_refused(self, console: Console):
        browser = await console.user("ada", "analyst")
        reply = await browser.http.post("/cases/c-1/assign", data={"assignee": "me"})
        assert reply.status_code == 403
        assert not [r for r in console.gateway.requests if r.method == "POST"]

    async def test_a_token_of_another_session_is_refused(self, console: Console):
        ada, bob = (
            await console.user("ada", "analyst"),
            await console.user("bob", "analyst"),
        )
        page = await bob.get("/style")
        token = re.search(r'name="csrf" value="([0-9a-f]{64})"', page.text)
        assert token is not None
        reply = await ada.http.post("/cases/c-1/assign", data={"csrf": token[1]})
        assert reply.status_code == 403

    async def test_a_change_from_another_site_is_refused(self, console: Console):
        browser = await console.user("ada", "analyst")
        foreign = {"sec-fetch-site": "cross-site"}
        reply = await browser.post("/cases/c-1/assign", headers=foreign)
        assert reply.status_code == 403


class TestRoles:
    PAGES = (
        ("/", "live"), ("/decisions", "decisions"), ("/cases", "cases"),
        ("/entities", "entities"), ("/screening", "screening"), ("/rules", "rules"),
        ("/policy", "policy"), ("/models", "models"), ("/mesh", "mesh"),
        ("/activity", "activity"), ("/studies", "studies"),
    )  # fmt: skip

    async def test_a_role_sees_its_pages_and_no_other(self, console: Console):
        for role, scopes in ROLES.items():
            browser = await console.user(f"user.{role}", role)
            for page, what in self.PAGES:
                status = (await browser.get(page)).status_code
                expected = 200 if may(scopes, what) else 403
                assert (role, page, status) == (role, page, expected)

    async def test_who_only_looks_changes_nothing(self, console: Console):
        changes = {
            "/cases/resolve": {"outcome": "fraud", "case_ids": "c-1"},
            "/entities/block": {"kind": "account", "id": "a", "why": "test"},
            "/rules/drafts": {"source": "rules: []", "why": "test"},
            "/lists/entries": {
                "name": "deny", "kind": "ip", "value": "1", "why": "test",
            },
            "/screening/clear": {"account": "a", "entity_id": "e", "why": "test"},
            "/models/proposals": {"action": "promote", "bundle": "b", "why": "test"},
            "/models/proposals/w-1/approve": {"why": "test"},
            "/studies": {"kind": "backtest", "version": "7", "why": "test"},
            "/studies/models": {"kind": "drift", "why": "test"},
        }  # fmt: skip
        for role in ("viewer", "auditor", "model-owner"):
            browser = await console.user(f"user.{role}", role)
            for page, form in changes.items():
                if "/models" in page and role == "model-owner":
                    continue
                status = (await browser.post(page, form)).status_code
                assert (role, page, status) == (role, page, 403)
        assert not [r for r in console.gateway.requests if r.method == "POST"]

    def test_every_need_can_be_met_by_some_role(self):
        assert all(
            any(may(scopes, what) for scopes in ROLES.values()) for what in NEEDS
        )


class TestKeys:
    def test_the_gateway_knows_a_user_by_the_derived_key(self):
        holder = Holder("ada", ("analyst",))
        made = entry(KEY.encode(), "pepper", holder)
        ring = KeyRing.parse("pepper", json.dumps([made]))
        client = ring.client(gateway_key(KEY.encode(), "ada", 1))
        assert client is not None
        assert client.name == "console.ada"
        assert "analyst" in client.scopes
        assert ring.client(gateway_key(KEY.encode(), "ada", 2)) is None

    async def test_a_user_that_cannot_be_is_refused(self, console: Console):
        for name, roles, password in (
            ("Ada", ["analyst"], PASSWORD),
            ("ada", [], PASSWORD),
            ("ada", ["king"], PASSWORD),
            ("ada", ["analyst"], "short"),
        ):
            with pytest.raises(UserRefused):
                await console.service.users.add(name, roles, password)

    def test_no_password_and_no_key_is_in_the_settings_shown(self, tmp_path: Path):
        shown = repr(settings(tmp_path))
        assert KEY not in shown
        assert isinstance(settings(tmp_path), Settings)
