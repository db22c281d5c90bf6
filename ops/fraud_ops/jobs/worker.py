"""A worker: asks the gateway for work, carries it out, reports what came of it.

It is a client of public routes, with a key of scope `worker`, and may run anywhere.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
from rich.console import Console

from fraud_ops.running import CommandError
from fraud_scoring.errors import ArtifactRefused, RegistryError
from fraud_shared.contracts.work import ClaimedWork, WorkOrder

# Well within a lease, so that one report that is lost loses no work.
REPORT_EVERY_S = 5.0
ASK_EVERY_S = 2.0
_MOST_PROBLEM = 1000


@dataclass
class Progress:
    """How far a piece of work is; written by its handler, on any thread."""

    stage: str = "begun"
    share: float = 0.0

    def at(self, stage: str, share: float) -> None:
        """Now at this stage, with this share of all done."""
        self.stage, self.share = stage, min(max(share, 0.0), 1.0)


# What carries out one kind of work: its parameters in, its result out. It raises
# CommandError, or an error of the registry, for what people can mend.
Handler = Callable[[Mapping[str, Any], Progress], dict[str, Any]]


class NoGateway(CommandError):
    """The gateway does not answer, or refuses the worker's key."""


class ReportRefused(NoGateway):
    """The gateway answers, and does not take what is reported."""


@dataclass
class Worker:
    """Carries out the kinds of work it has handlers for, one piece at a time.

    `report_every_s`: seconds between two reports of progress.
    """

    http: httpx.AsyncClient
    handlers: Mapping[str, Handler]
    console: Console = field(default_factory=Console)
    report_every_s: float = REPORT_EVERY_S

    async def forever(self, every_s: float = ASK_EVERY_S) -> None:
        """Work, and ask again `every_s` after there was none."""
        silent = False
        while True:
            found = False
            try:
                found, silent = await self.once(), False
            except NoGateway as error:
                if not silent:
                    self.console.print(f"[yellow]waiting[/]: {error}", highlight=False)
                silent = True
            if not found:
                await asyncio.sleep(every_s)

    async def once(self) -> bool:
        """Carry out one piece of work, if any waits. Raises NoGateway."""
        reply = await self._post("claim", {"kinds": sorted(self.handlers)})
        order = ClaimedWork.model_validate(reply, strict=False).order
        if order is None:
            return False
        self.console.print(f"{order.kind} {order.work_id}: begun", highlight=False)
        progress = Progress()
        reporting = asyncio.create_task(self._reporting(order, progress))
        try:
            problem, result = await self._carried_out(order, progress)
        finally:
            reporting.cancel()
            with suppress(asyncio.CancelledError):
                await reporting
        outcome = {"claim": order.claim, "problem": problem, "result": result}
        try:
            await self._post("outcome", outcome)
        except ReportRefused as error:
            if problem is not None:
                raise
            problem = f"the result was refused: {error}"[:_MOST_PROBLEM]
            await self._post("outcome", outcome | {"problem": problem, "result": {}})
        said = "done" if problem is None else f"failed: {problem}"
        self.console.print(f"{order.kind} {order.work_id}: {said}", highlight=False)
        return True

    async def _carried_out(
        self, order: WorkOrder, progress: Progress
    ) -> tuple[str | None, dict[str, Any]]:
        """The problem, if any, and the result."""
        handler = self.handlers[order.kind]
        try:
            return None, await asyncio.to_thread(handler, order.parameters, progress)
        except (ArtifactRefused, RegistryError) as error:
            return f"{error.code}: {error}"[:_MOST_PROBLEM], {}
        except (CommandError, PermissionError) as error:
            return f"{error}"[:_MOST_PROBLEM] or type(error).__name__, {}
        except Exception as error:
            # Its text may hold what was worked on: the worker's own log has it.
            self.console.print_exception()
            return f"the worker failed: {type(error).__name__}; see its log", {}

    async def _reporting(self, order: WorkOrder, progress: Progress) -> None:
        while True:
            await asyncio.sleep(self.report_every_s)
            body = {
                "claim": order.claim,
                "share": progress.share,
                "stage": progress.stage,
            }
            # A report that is lost is followed by the next.
            with suppress(NoGateway):
                await self._post("progress", body)

    async def _post(self, what: str, body: Mapping[str, Any]) -> Any:
        try:
            reply = await self.http.post(f"/v1/jobs/{what}", json=body)
        except httpx.HTTPError as error:
            raise NoGateway(f"no gateway answers: {type(error).__name__}") from None
        if reply.status_code in (413, 422):
            raise ReportRefused(f"the gateway answered {reply.status_code} to {what}")
        if reply.status_code != 200:
            raise NoGateway(f"the gateway answered {reply.status_code} to {what}")
        return reply.json()
