"""The live page: its figures, its stream, and one feed for all pages of a user."""

import asyncio
from datetime import timedelta

from fraud_client.models import DecisionRow
from fraud_client.testing import payment
from fraud_console.api.live_routes import event
from fraud_console.live import Feed
from fraud_console.views.live import LiveView, Wanted

from .conftest import Console


class TestFigures:
    def test_shares_money_and_percentiles_are_of_what_fits(self, console: Console):
        feed, now = Feed(), console.clock.now()
        for amount, verdict in ((100, "APPROVE"), (200, "CHALLENGE"), (300, "DECLINE")):
            made = console.gateway.decided(payment(amount_minor=amount), verdict)
            feed.take([DecisionRow.model_validate(made)], now - timedelta(hours=1))
        view = LiveView.of(feed, Wanted(), now, 40)
        assert view.total == 3
        assert view.stopped == [("EUR", 500)]
        assert view.latencies == [12.8, 12.8, 12.8]
        only = LiveView.of(feed, Wanted(decision="DECLINE"), now, 40)
        assert [row.decision for row in only.rows] == ["DECLINE"]

    def test_a_decision_is_taken_once_and_forgotten_when_old(self, console: Console):
        feed, now = Feed(), console.clock.now()
        made = console.gateway.decided(payment(), "APPROVE")
        row = DecisionRow.model_validate(made)
        assert len(feed.take([row], now - timedelta(hours=1))) == 1
        assert feed.take([row], now - timedelta(hours=1)) == []
        feed.take([], now + timedelta(seconds=1))
        assert feed.rows == {}


class TestStream:
    async def test_pages_of_a_user_share_one_feed(self, console: Console):
        await console.user("ada", "analyst")
        user = await console.service.users.find("ada")
        assert user is not None
        client, live = console.service.gateways.of(user), console.service.live
        pages = [live.rounds(client, "ada") for _ in range(3)]
        console.gateway.decided(payment(), "DECLINE")
        feeds = await asyncio.gather(*(anext(page) for page in pages))
        assert len({id(feed) for feed in feeds}) == 1
        assert len(feeds[0].rows) == 1
        asked = [r for r in console.gateway.requests if r.url.path == "/v1/decisions"]
        assert len(asked) == 1
        for page in pages:
            await page.aclose()  # type: ignore[attr-defined]
        assert live._tasks == {}

    async def test_a_gateway_that_is_down_is_said_and_asked_again(
        self, console: Console
    ):
        browser = await console.user("ada", "analyst")
        console.gateway.down.add("orchestrator")
        assert "Decisions: a service is down" in (await browser.get("/")).text
        console.gateway.down.clear()
        console.gateway.decided(payment(account_id="acc-77"), "DECLINE")
        assert "acc-77" in (await browser.get("/")).text

    def test_an_event_keeps_its_lines(self):
        assert event("rows", "a\nb") == b"event: rows\ndata: a\ndata: b\n\n"
