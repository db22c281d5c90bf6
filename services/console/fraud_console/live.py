"""The newest decisions, as a user may see them: asked of the gateway, shared by the pages
that the user has open."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from fraud_client import AsyncFraudClient, FraudClientError
from fraud_client.models import DecisionRow
from fraud_console.fetch import Missing, explain
from fraud_console.telemetry import LIVE_PAGES
from fraud_shared.mesh.clock import Clock

PAGE = 200
MOST_PAGES = 5
MOST_KEPT = 20_000
# What is committed late has an earlier time: it is asked for again, and known by its id.
OVERLAP = timedelta(seconds=3)


@dataclass
class Feed:
    """Decisions of the last minutes, newest last."""

    rows: dict[str, DecisionRow] = field(default_factory=dict)
    missing: Missing | None = None
    newest: datetime | None = None
    round: int = 0
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    def take(self, found: list[DecisionRow], since: datetime) -> list[DecisionRow]:
        """Add what is not known, forget what is older than `since`; the new ones."""
        fresh = [row for row in reversed(found) if row.decision_id not in self.rows]
        for row in fresh:
            self.rows[row.decision_id] = row
            if row.decided_at and (self.newest is None or row.decided_at > self.newest):
                self.newest = row.decided_at
        old = [
            name
            for name, row in self.rows.items()
            if row.decided_at is not None and row.decided_at < since
        ]
        for name in (*old, *list(self.rows)[: len(self.rows) - MOST_KEPT]):
            self.rows.pop(name, None)
        return fresh


class LiveFeeds:
    """One feed a user, kept while a page of the user is open."""

    def __init__(self, every: timedelta, keep: timedelta, clock: Clock) -> None:
        self._every_s = every.total_seconds()
        self._keep = keep
        self._clock = clock
        self._feeds: dict[str, Feed] = {}
        self._pages: dict[str, int] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def once(self, client: AsyncFraudClient, name: str) -> Feed:
        """The feed as it is now, for the first paint of a page."""
        feed = self._feeds.get(name)
        if feed is None or name not in self._tasks:
            feed = self._feeds[name] = Feed()
            await self._ask(client, feed)
        return feed

    async def rounds(self, client: AsyncFraudClient, name: str) -> AsyncIterator[Feed]:
        """The feed again after each time it was asked for, until the page is closed."""
        feed = self._feeds.setdefault(name, Feed())
        self._pages[name] = self._pages.get(name, 0) + 1
        LIVE_PAGES.inc()
        if name not in self._tasks:
            self._tasks[name] = asyncio.create_task(self._run(client, feed))
        try:
            seen = feed.round
            while True:
                async with feed.changed:
                    while feed.round == seen:
                        await feed.changed.wait()
                    seen = feed.round
                yield feed
        finally:
            LIVE_PAGES.dec()
            self._pages[name] -= 1
            if not self._pages[name]:
                self._tasks.pop(name).cancel()
                del self._feeds[name]
                del self._pages[name]

    async def close(self) -> None:
        """End every feed."""
        for task in list(self._tasks.values()):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _run(self, client: AsyncFraudClient, feed: Feed) -> None:
        while True:
            await self._ask(client, feed)
            async with feed.changed:
                feed.round += 1
                feed.changed.notify_all()
            await asyncio.sleep(self._every_s)

    async def _ask(self, client: AsyncFraudClient, feed: Feed) -> None:
        oldest = self._clock.now() - self._keep
        since = oldest if feed.newest is None else feed.newest - OVERLAP
        found: list[DecisionRow] = []
        cursor = None
        try:
            for _ in range(MOST_PAGES):
                page = await client.decisions.list(
                    since=since, limit=PAGE, cursor=cursor
                )
                found += page.items
                cursor = page.next_cursor
                if cursor is None:
                    break
        except FraudClientError as error:
            feed.missing = explain(error, "Decisions")
            return
        feed.missing = None
        feed.take(found, oldest)
