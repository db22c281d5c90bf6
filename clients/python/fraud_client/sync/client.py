# Generated from fraud_client/aio by unasync.py.
"""The client: one object a process, its parts named as the routes are."""

from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from fraud_client.models import Me, Page
from fraud_client.retry import RetryPolicy
from fraud_client.sync import analysts, engines, payments, work
from fraud_client.sync.transport import DEFAULT_DEADLINE_S, Transport

Item = TypeVar("Item")


class FraudClient:
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
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.transport = Transport(
            base_url,
            api_key,
            deadline_s=deadline_s,
            retry=retry,
            headers=headers,
            transport=transport,
        )
        self.payments = payments.Payments(self.transport)
        self.decisions = payments.Decisions(self.transport)
        self.labels = payments.Labels(self.transport)
        self.challenges = payments.Challenges(self.transport)
        self.cases = analysts.Cases(self.transport)
        self.holds = analysts.Holds(self.transport)
        self.blocks = analysts.Blocks(self.transport)
        self.entities = analysts.Entities(self.transport)
        self.screening = analysts.Screening(self.transport)
        self.rulesets = engines.Versioned(self.transport, "/v1/rulesets")
        self.policies = engines.Versioned(self.transport, "/v1/policies")
        self.lists = engines.Lists(self.transport)
        self.snoozes = engines.Snoozes(self.transport)
        self.models = engines.Models(self.transport)
        self.model_proposals = work.ModelProposals(self.transport)
        self.studies = work.Studies(self.transport)
        self.operations = engines.Operations(self.transport)

    def me(self) -> Me:
        """Whose key this is, its scopes, and until when."""
        return self.transport.get(Me, "/v1/me")

    def close(self) -> None:
        """Close the connections."""
        self.transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def every(listing: Callable[..., Page[Item]], **asked: Any) -> Iterator[Item]:
    """Every item of a list, page after page: `every(client.cases.list, status="open")`."""
    cursor = None
    while True:
        page = listing(**asked, cursor=cursor)
        yield from page.items
        cursor = page.next_cursor
        if cursor is None:
            return
