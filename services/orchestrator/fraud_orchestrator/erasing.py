"""Carrying out erasures: the other services first, then the online store, then here.

The decisions say where else a person's data lie, so they are rewritten last: an erasure that
was interrupted, or met a service that was away, goes on where it was. It is done when a whole
round found nothing any more and every event of before it has had its time to arrive.
"""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import timedelta

import structlog

from fraud_features.store.port import Named, OnlineStore, OnlineStoreUnavailable
from fraud_orchestrator.stores.erasures import Erasure, ErasureStore
from fraud_orchestrator.stores.subject_decisions import SubjectDecisions
from fraud_shared.contracts.decision import DecisionMade
from fraud_shared.contracts.privacy import Own, Subject, SubjectErased
from fraud_shared.mesh.client import ServiceClient
from fraud_shared.mesh.clock import Clock
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.mesh.errors import DependencyError
from fraud_shared.web.problems import Unavailable

log = structlog.get_logger()
SERVICES = ("action", "post_auth", "sanctions")
# Decisions rewritten in one transaction: some milliseconds, beside the payments.
BATCH = 10
PAUSE_S = 0.02
_WAITS, _WAIT_S = 5, 0.5
_ASK_MS = 30_000.0


class Eraser:
    """Rounds over what is to be erased."""

    def __init__(
        self,
        store: ErasureStore,
        decisions: SubjectDecisions,
        online: OnlineStore,
        client: ServiceClient,
        clock: Clock,
        settle: timedelta,
    ) -> None:
        """`settle`: how long after its approval an erasure goes on looking, for events that
        were under way."""
        self._store, self._decisions = store, decisions
        self._online, self._client = online, client
        self._clock, self._settle = clock, settle
        # Those whose rows in other services were looked for: once now, again when settled.
        self._looked: set[str] = set()
        self.wake = asyncio.Event()

    async def round(self) -> None:
        """Go on with every erasure; one that cannot go on now does not stop the others."""
        for erasure in await self._store.running():
            try:
                await self._go_on(erasure)
            except (DependencyError, OnlineStoreUnavailable, Unavailable) as error:
                log.warning(
                    "erasure_waits",
                    erasure=erasure.erasure_id,
                    exception=type(error).__name__,
                )

    async def _go_on(self, erasure: Erasure) -> None:
        waited = 0
        while made := await self._decisions.some(erasure, BATCH):
            if await self._batch(erasure, made):
                await asyncio.sleep(PAUSE_S)
            elif waited < _WAITS:
                waited += 1  # their events are about to be sent
                await asyncio.sleep(_WAIT_S)
            else:
                return
        settled = self._clock.now() - erasure.approved_at >= self._settle
        if erasure.erasure_id in self._looked and not settled:
            return
        found = await self._everywhere(erasure, _subject(erasure))
        await self._online.forget(await self._own(erasure, ()), ())
        await self._store.note(erasure.erasure_id, found, done=False)
        self._looked.add(erasure.erasure_id)
        nothing = settled and not any(found.values())
        if nothing and not await self._decisions.left(erasure):
            await self._store.note(erasure.erasure_id, {}, done=True)
            self._looked.discard(erasure.erasure_id)
            log.info("erasure_done", erasure=erasure.erasure_id)

    async def _batch(self, erasure: Erasure, made: Sequence[DecisionMade]) -> int:
        own = await self._own(erasure, made)
        found = await self._everywhere(erasure, _subject(erasure, made, own))
        await self._online.forget(own, [*dict.fromkeys(_places(erasure, made))])
        names = [one.decision.decision_id for one in made]
        rewritten = await self._decisions.rewrite(erasure, names)
        rows = {**found, "orchestrator": rewritten}
        await self._store.note(erasure.erasure_id, rows, done=False)
        return rewritten

    async def _own(self, erasure: Erasure, made: Sequence[DecisionMade]) -> list[Named]:
        """The account, and cards and devices of it that nobody else has."""
        named = [("account", erasure.account_id), *_cards_and_devices(erasure, made)]
        return [
            one
            for one in dict.fromkeys(named)
            if not await self._decisions.shared(erasure, *one)
        ]

    async def _everywhere(self, erasure: Erasure, subject: Subject) -> dict[str, int]:
        """Have every service erase all it has. Raises DependencyError."""
        found = dict.fromkeys(SERVICES, 0)
        body = subject.model_dump_json().encode()
        for service in SERVICES:
            more = True
            while more:
                reply = await self._client.call(
                    service,
                    "/v1/subjects/erase",
                    body,
                    deadline=Deadline.after(_ASK_MS),
                    cap_ms=_ASK_MS,
                    idempotent=False,
                )
                done = SubjectErased.model_validate_json(reply)
                found[service] += done.rows
                # `more` without a row: events have still to be sent there.
                more = done.more and done.rows > 0
                if done.more and not done.rows:
                    raise Unavailable("Events have still to be sent.")
                if more:
                    await asyncio.sleep(PAUSE_S)
        return found


def _subject(
    erasure: Erasure, made: Sequence[DecisionMade] = (), own: Sequence[Named] = ()
) -> Subject:
    return Subject(
        account_id=erasure.account_id,
        tenant=erasure.tenant,
        transactions=[one.transaction.transaction_id for one in made],
        own=[Own(kind=k, id=name) for k, name in own if k in ("card", "device")],  # type: ignore[arg-type]
    )


def _cards_and_devices(
    erasure: Erasure, made: Sequence[DecisionMade]
) -> Iterator[Named]:
    for one in made:
        payment = one.transaction
        if payment.account_id == erasure.account_id:
            if payment.card is not None:
                yield "card", payment.card.token
            if payment.device is not None and payment.device.device_id is not None:
                yield "device", payment.device.device_id


def _places(erasure: Erasure, made: Sequence[DecisionMade]) -> Iterator[Named]:
    """What else of the online store may hold the account, its cards and its devices."""
    for one in made:
        payment = one.transaction
        device, receiver = payment.device, payment.counterparty
        if payment.account_id != erasure.account_id:
            yield "account", payment.account_id
            continue
        if device is not None and device.device_id is not None:
            yield "device", device.device_id
        if device is not None and device.ip is not None:
            yield "ip", device.ip
        if receiver is not None and receiver.account is not None:
            yield "counterparty", receiver.account
