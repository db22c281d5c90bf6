"""Every page, for the roles that may see it, with and without what it shows."""

import pytest

from fraud_client.testing import payment

from .conftest import Console

PAGES = (
    "/", "/decisions", "/cases", "/entities", "/screening?name=omar+haddad", "/rules",
    "/rules/edit?version=7", "/policy", "/policy/edit", "/models",
    "/models/xgboost/1", "/mesh", "/activity", "/style",
    "/entities/account/acc-1", "/entities/device/dev-1", "/rules/7",
    "/rules/diff?older=7&newer=7", "/screening/entities/ofac-1001",
)  # fmt: skip


@pytest.mark.parametrize("page", PAGES)
async def test_page_shows_what_the_gateway_answers(console: Console, page: str):
    for amount in (500, 20_000, 200_000):
        console.gateway.decided(payment(amount_minor=amount), "DECLINE")
    browser = await console.user("ada", "admin")
    reply = await browser.get(page)
    assert reply.status_code == 200
    assert 'class="missing"' not in reply.text or page == "/mesh" or page == "/style"
