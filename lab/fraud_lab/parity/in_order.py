"""Many payments at once, and yet each party's in their order.

The order in which two payments reach the online store matters only when they share an
account, card, device, address, merchant, terminal or receiver. Such payments wait for each
other; all others go side by side.
"""

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any


class InOrder:
    """Runs work in the order given, except that strangers need not wait."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._busy: set[str] = set()
        self._running: set[asyncio.Task[None]] = set()

    async def submit(
        self, parties: frozenset[str], work: Coroutine[Any, Any, None]
    ) -> None:
        """Start `work` once nothing that shares a party with it is under way.

        Raises what earlier work raised.
        """
        try:
            while len(self._running) >= self._at_once or parties & self._busy:
                await self._some_end()
        except BaseException:
            work.close()
            raise
        self._busy |= parties
        task = asyncio.create_task(self._run(parties, work))
        self._running.add(task)

    async def drain(self) -> None:
        """Wait until nothing is under way. Raises what work raised."""
        while self._running:
            await self._some_end()

    async def _run(
        self, parties: frozenset[str], work: Coroutine[Any, Any, None]
    ) -> None:
        try:
            await work
        finally:
            self._busy -= parties

    async def _some_end(self) -> None:
        done, self._running = await asyncio.wait(
            self._running, return_when=asyncio.FIRST_COMPLETED
        )
        for task in done:
            task.result()


def parties_of(body: Mapping[str, Any]) -> frozenset[str]:
    """Everybody and everything in a `POST /score` body whose windows it moves or reads."""
    card, device = body.get("card") or {}, body.get("device") or {}
    merchant, other = body.get("merchant") or {}, body.get("counterparty") or {}
    named = (
        ("account", body["account_id"]),
        # What an account received is read when it pays.
        ("account", other.get("account")),
        ("card", card.get("token") or card.get("pan")),
        ("device", device.get("device_id")),
        ("ip", device.get("ip")),
        ("merchant", merchant.get("merchant_id")),
        ("terminal", merchant.get("terminal_id")),
    )
    return frozenset(f"{kind}:{key}" for kind, key in named if key is not None)
