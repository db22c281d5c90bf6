"""The client: one object a process, its parts named as the routes are."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from fraud_client.aio import analysts, engines, payments, work
from fraud_client.aio.transport import DEFAULT_DEADLINE_S, AsyncTransport
from fraud_client.models import Me, Page
from fraud_client.retry import RetryPolicy

Item = TypeVar("Item")


class AsyncFraudClient:
    """The gateway's public routes, with one API key.

    `deadline_s`: seconds for a whole call, retries included; the gateway is told what is
    left. `retry`: see `RetryPolicy`; `NEVER` switches retries off. `headers` go with every
    request (`X-Tenant`). `transport`: of httpx, for tests and proxies. Use as a context
    manager, or call `close`.

    Every method raises kinds of `FraudClientError`.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        deadline_s: float = DEFAULT_DEADLINE_S,
        retry: RetryPolicy | None = None,
        headers: Mapping[str, str] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.transport = AsyncTransport(
            base_url,
            api_key,
            deadline_s=deadline_s,
            retry=retry,
            headers=headers,
            transport=transport,
        )
        self.payments = payments.AsyncPayments(self.transport)
        self.decisions = payments.AsyncDecisions(self.transport)
        self.labels = payments.AsyncLabels(self.transport)
        self.challenges = payments.AsyncChallenges(self.transport)
        self.cases = analysts.AsyncCases(self.transport)
        self.holds = analysts.AsyncHolds(self.transport)
        self.blocks = analysts.AsyncBlocks(self.transport)
        self.entities = analysts.AsyncEntities(self.transport)
        self.screening = analysts.AsyncScreening(self.transport)
        self.rulesets = engines.AsyncVersioned(self.transport, "/v1/rulesets")
        self.policies = engines.AsyncVersioned(self.transport, "/v1/policies")
        self.lists = engines.AsyncLists(self.transport)
        self.snoozes = engines.AsyncSnoozes(self.transport)
        self.models = engines.AsyncModels(self.transport)
        self.model_proposals = work.AsyncModelProposals(self.transport)
        self.studies = work.AsyncStudies(self.transport)
        self.operations = engines.AsyncOperations(self.transport)

    async def me(self) -> Me:
        """Whose key this is, its scopes, and until when."""
        return await self.transport.get(Me, "/v1/me")

    async def close(self) -> None:
        """Close the connections."""
        await self.transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()


async def every(
    listing: Callable[..., Awaitable[Page[Item]]], **asked: Any
) -> AsyncIterator[Item]:
    """Every item of a list, page after page: `every(client.cases.list, status="open")`."""
    cursor = None
    while True:
        page = await listing(**asked, cursor=cursor)
        for item in page.items:
            yield item
        cursor = page.next_cursor
        if cursor is None:
            return
