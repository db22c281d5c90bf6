"""The console over the real mesh, through its public routes alone."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from fraud_console.app import create_app
from fraud_ops.mesh.console import api_keys, console_users
from fraud_ops.mesh.environment import LocalMesh

from .conftest import eventually

TOKEN = re.compile(r'name="csrf" value="([0-9a-f]{64})"')


@asynccontextmanager
async def browsing(gateway: Any, *names: str) -> AsyncIterator[list[httpx.AsyncClient]]:
    """The console before a gateway, and the browsers of its users."""
    app = create_app(transport=httpx.ASGITransport(gateway))
    async with app.router.lifespan_context(app):
        browsers = []
        for name in names:
            cookie = {"fraud_session": await app.state.service.sessions.open(name)}
            transport = httpx.ASGITransport(app)
            browsers.append(
                httpx.AsyncClient(
                    transport=transport, base_url="http://console", cookies=cookie
                )
            )
        yield browsers
        for browser in browsers:
            await browser.aclose()


async def post(browser: httpx.AsyncClient, path: str, **form: Any) -> str:
    """Send a form, and what the page after it says."""
    token = TOKEN.search((await browser.get("/style")).text)
    assert token is not None
    sent = await browser.post(path, data={"csrf": token[1], **form})
    assert sent.status_code == 303, sent.text
    after = await browser.get(sent.headers["location"])
    said = re.search(r'<p class="flash[^>]*>([^<]*)<', after.text)
    return said[1] if said else ""


class TestConsole:
    async def test_an_analyst_works_a_case_of_the_real_mesh_to_its_label(
        self,
        run: Any,
        environment: LocalMesh,
        listed_name: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        async with console_users(environment) as users:
            await users.add("ana", ["analyst"])
            await users.add("root", ["admin"])
        monkeypatch.setenv("FRAUD_API_KEYS", await api_keys(environment, {}))
        monkeypatch.setenv("FRAUD_CONSOLE_GATEWAY_DEADLINE", "PT30S")
        async with run() as mesh:
            reply = await mesh.score(counterparty={"name": listed_name})
            gateway = mesh.local_mesh.apps["orchestrator"]
            async with browsing(gateway, "ana", "root") as (ana, root):

                async def opened() -> Any:
                    text = (await ana.get("/cases")).text
                    return re.search(r'class="row" href="(/cases/[^"]+)"', text)

                case = (await eventually(opened))[1]
                decision = (await ana.get(f"/decisions/{reply['decision_id']}")).text
                assert "Declined" in decision
                assert listed_name in decision
                assert "SANCTIONS_MATCH" in decision
                assert "Resolved: Fraud." in await post(
                    ana, f"{case}/resolve", outcome="fraud"
                )

                async def labelled() -> Any:
                    place = f"/v1/labels/{reply['transaction_id']}"
                    found = (await mesh.http.get(place)).json()
                    return found if found.get("state") == "fraud" else None

                assert (await eventually(labelled))["source"] == "analyst"
                for page in ("/", "/decisions", "/entities/account/acc-1", "/mesh"):
                    text = (await root.get(page)).text
                    assert (page, "Decisions: " in text) == (page, False)
                models = (await root.get("/models")).text
                assert "Champion: " in models
                assert "does not offer" not in models
                (card,) = set(re.findall(r'href="(/models/xgboost/[^"]+)"', models))
                assert "does not offer" not in (await root.get(card)).text
                found = (await ana.get("/screening", params={"name": listed_name})).text
                assert "Somebody" in found
                assert (await ana.get("/rules")).status_code == 403
