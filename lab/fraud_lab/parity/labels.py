"""Reporting labels, and waiting until the risk windows count them."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from fraud_ops.mesh.http import Client

POLL_S = 0.005
SETTLE_WITHIN_S = 180.0


class LabelTracker:
    """The labels of one client: which were reported, and which are known to count.

    A report travels from the gateway's outbox over post_auth to the online store. Whoever
    compares with training has to know when it is there.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._reports: dict[str, set[str]] = defaultdict(set)
        self._paid: set[str] = set()
        self._open: set[str] = set()

    @property
    def waiting(self) -> bool:
        """Whether a label of a payment that was made may not count yet."""
        return not self._open.isdisjoint(self._paid)

    def paid(self, transaction_id: str) -> None:
        """Note that a payment was sent: a label that came before it may count now."""
        self._paid.add(transaction_id)

    async def report(self, label: Mapping[str, Any]) -> bool:
        """Report a label; whether the gateway took it. Raises DependencyError."""
        body = json.dumps(label)
        status, _ = await self._client.post("/v1/labels", body.encode())
        if status == 200:
            self.accepted(label)
        return status == 200

    def accepted(self, label: Mapping[str, Any]) -> None:
        """Note that the gateway took a label."""
        self._reports[label["transaction_id"]].add(json.dumps(label))
        self._open.add(label["transaction_id"])

    async def settle(self) -> None:
        """Wait until every label of a payment that was made counts. Raises TimeoutError."""
        async with asyncio.timeout(SETTLE_WITHIN_S):
            for transaction_id in sorted(self._open & self._paid):
                while not await self._counts(transaction_id):
                    await asyncio.sleep(POLL_S)
                self._open.discard(transaction_id)

    async def _counts(self, transaction_id: str) -> bool:
        status, label = await self._client.get(f"/v1/labels/{transaction_id}")
        return (
            status == 200
            and label["in_risk_windows"]
            and label["reports"] >= len(self._reports[transaction_id])
        )
