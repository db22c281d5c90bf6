"""The action service's parts, put together, and what runs beside its requests."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from fraud_action import tables
from fraud_action.activity import of_tenants
from fraud_action.alert_trials import AlertTrials
from fraud_action.block_list import BlockList, block_of
from fraud_action.blocks import Blocks, BlockStore
from fraud_action.case_queue import CaseQueue
from fraud_action.cases import Cases
from fraud_action.challenges import Challenges, ResendTerms
from fraud_action.decode import requested
from fraud_action.deliveries import Courier, DeliveryTerms
from fraud_action.delivery_list import DeliveryList
from fraud_action.effect_rows import ChallengeTerms
from fraud_action.effects import Terms
from fraud_action.holds import Holds
from fraud_action.ledger import Ledger
from fraud_action.notifications import Sender, Senders
from fraud_action.otp import Keyring, OtpFormat
from fraud_action.settings import Settings
from fraud_action.subject_data import ActionSubjects
from fraud_action.telemetry import ACTIONS
from fraud_shared.contracts.action import ActionReply, ActionRequest
from fraud_shared.contracts.cases import (
    BulkResolution,
    BulkResolved,
    Case,
    CaseResolution,
)
from fraud_shared.contracts.casework import ChallengeState, Hold, Outcomes
from fraud_shared.contracts.deliveries import Delivery
from fraud_shared.contracts.events import CloudEvent
from fraud_shared.decode import Unreadable
from fraud_shared.mesh.background import repeating
from fraud_shared.mesh.clock import Clock
from fraud_shared.mesh.tokens import Actor
from fraud_shared.state.batcher import Batcher
from fraud_shared.state.bus import Bus
from fraud_shared.state.consumer import consuming
from fraud_shared.state.database import Database, database_url
from fraud_shared.state.outbox import Outbox, Relay
from fraud_shared.state.parking import Parking
from fraud_shared.state.retaining import Retainer, retaining, rules_in
from fraud_shared.web.problems import Unavailable


@dataclass(frozen=True, slots=True)
class Ports:
    """What the desk reaches the world through."""

    clock: Clock
    online: BlockStore
    bus: Bus
    senders: Senders
    trial_sender: Sender | None = None


class ActionService:
    """Executes actions and looks after them until they end."""

    def __init__(
        self, settings: Settings, ports: Ports, *, schema: str = "action"
    ) -> None:
        self.settings = settings
        self._ports = ports
        clock = ports.clock
        self.db = Database(
            database_url(
                settings.database_url,
                service="action",
                var_dir=settings.var_dir,
                production=settings.production,
            ),
            schema=schema,
            migrations=Path(__file__).parent / "migrations",
        )
        self._outbox = Outbox(self.db, tables.outbox)
        keyring = Keyring(settings.otp_keys())
        self.blocks = Blocks(self.db, ports.online, clock)
        self.block_list = BlockList(self.db, self.blocks, clock)
        self.holds = Holds(self.db, clock)
        self.queue = CaseQueue(self.db, clock, settings.case_sla)
        self.cases = Cases(self.db, self._outbox, clock, self.queue)
        self.challenges = Challenges(
            self.db,
            self._outbox,
            keyring,
            clock,
            blocks=self.blocks,
            resend=ResendTerms(settings.otp_resends, settings.otp_resend_pause),
        )
        self.courier = self._new_courier()
        self.deliveries = DeliveryList(self.db, clock)
        self.alert_trials = AlertTrials(
            ports.trial_sender, clock, settings.webhook_timeout_s
        )
        self.parking = Parking(
            self.db, tables.parked, clock, service="action", check=requested
        )
        self.subjects = ActionSubjects(self.db, self.blocks, clock)
        self._ledger = self._new_ledger(keyring.current)
        rules = rules_in("action", settings)
        self.retainer = Retainer(self.db, tables.metadata, rules, clock)
        # Payments that arrive together share one commit.
        self._batcher = Batcher(self._execute, largest=32)
        # What is due in each queue.
        self._due = {queue: asyncio.Event() for queue in self.courier.queues}
        self._stored = False

    def _new_courier(self) -> Courier:
        settings = self.settings
        return Courier(
            self.db,
            self.challenges,
            self._ports.senders,
            self._ports.clock,
            terms=DeliveryTerms(
                settings.webhook_timeout_s,
                settings.webhook_attempts,
                settings.delivery_lasting,
                settings.otp_text,
            ),
        )

    def _new_ledger(self, key_id: str) -> Ledger:
        settings, senders = self.settings, self._ports.senders
        return Ledger(
            self.db,
            self._ports.clock,
            Terms(settings.otp_ttl, settings.hold_ttl, settings.block_ttl),
            ChallengeTerms(
                OtpFormat(
                    settings.otp_scheme, settings.otp_digits, settings.otp_period_s
                ),
                key_id,
                settings.otp_attempts,
            ),
            queues=senders,
        )

    @property
    def checks(self) -> Mapping[str, Callable[[], bool]]:
        """What must hold before requests are taken."""
        return {"database": lambda: self._stored}

    async def execute(self, request: ActionRequest) -> ActionReply:
        """Make the effects durable, then visible: the online store knows a block before
        the reply leaves, if it answers at all."""
        return await self._batcher.submit(request)

    async def _execute(
        self, requests: Sequence[ActionRequest]
    ) -> Sequence[ActionReply | Exception]:
        try:
            return await self._together(requests)
        except Unavailable:
            raise
        except Exception as error:
            if len(requests) == 1:
                return [error]
        # One of them cannot be stored: it must not take the others with it.
        apart = [await self._execute([request]) for request in requests]
        return [reply for replies in apart for reply in replies]

    async def _together(self, requests: Sequence[ActionRequest]) -> list[ActionReply]:
        recorded = await self._ledger.execute(requests)
        for effect in recorded.fresh:
            ACTIONS.labels(effect.kind, effect.status).inc()
        if recorded.fresh:
            self._wake()
        await self.blocks.project(recorded.targets)
        return list(recorded.replies)

    async def handle(self, events: Sequence[CloudEvent]) -> None:
        """Execute queued actions; the action id makes a redelivery harmless."""
        requests = []
        for event in events:
            try:
                request = requested(event)
            except Unreadable as refusal:
                await self.parking.keep(event, refusal.reason)
                continue
            requests.append(request)
        for reply in await self._execute(requests) if requests else ():
            if isinstance(reply, Exception):
                raise reply

    async def resend(self, challenge_id: str, actor: Actor) -> ChallengeState:
        """Have a challenge's code sent again. Raises as `Challenges.resend`."""
        state = await self.challenges.resend(challenge_id, actor)
        self._wake()
        return state

    async def replay_delivery(self, delivery_id: str, actor: Actor) -> Delivery:
        """Send a message again that was given up. Raises as `DeliveryList.replay`."""
        delivery = await self.deliveries.replay(delivery_id, actor)
        self._wake()
        return delivery

    def _wake(self) -> None:
        for due in self._due.values():
            due.set()

    async def resolve_case(
        self, case_id: str, found: CaseResolution, actor: Actor
    ) -> Case:
        """Resolve a case, and lift what it showed to be wrong. Raises NotFound."""
        case, lifted = await self.cases.resolve(case_id, found, actor)
        await self.blocks.project(lifted)
        return case

    async def resolve_cases(self, found: BulkResolution, actor: Actor) -> BulkResolved:
        """Resolve many cases alike, and lift what they showed to be wrong."""
        resolved, lifted = await self.cases.resolve_all(found, actor)
        await self.blocks.project(lifted)
        return resolved

    async def outcomes(self, decision_id: str, tenants: Sequence[str]) -> Outcomes:
        """What a decision of these tenants caused, and how that stands; nothing where it
        caused nothing."""
        found: dict[str, Any] = {}
        async with self.db.read() as conn:
            for name, shown in (
                ("challenges", self.challenges.shown),
                ("holds", lambda row: Hold(**row)),
                ("blocks", block_of),
                ("cases", self.queue.shown),
            ):
                table = tables.metadata.tables[name]
                rows = await conn.execute(
                    sa.select(table)
                    .where(
                        table.c.decision_id == decision_id, of_tenants(table, tenants)
                    )
                    .order_by(table.c.created_at)
                )
                found[name] = [shown(row) for row in rows.mappings()]
        return Outcomes(**found)

    async def sweep(self) -> None:
        """One round of what time causes: expiry, and what is still to be written."""
        await self.challenges.expire()
        await self.holds.expire()
        await self.blocks.expire()
        await self.blocks.project_marked()
        if await self.courier.take_over():
            self._wake()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Open the store and run the background work while inside."""
        settings = self.settings
        await self.db.start()
        await self.courier.give_up_unsendable()
        relay = Relay(self.db, tables.outbox, self._ports.bus, outbox=self._outbox)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self.db.stop)
            await stack.enter_async_context(relay.running())
            for name, work, every_s in (
                ("action_sweep", self.sweep, settings.sweep_every_s),
                ("action_reconcile", self.blocks.reconcile, settings.reconcile_every_s),
            ):
                await stack.enter_async_context(repeating(name, work, every_s=every_s))
            for queue, due in self._due.items():
                # Each by itself: a destination that is slow delays no other.
                await stack.enter_async_context(
                    repeating(
                        f"action_courier_{'_'.join(queue)}",
                        partial(self.courier.drain, queue),
                        every_s=settings.sweep_every_s,
                        wake=due,
                    )
                )
            await stack.enter_async_context(retaining(self.retainer))
            await stack.enter_async_context(
                consuming(
                    settings.amqp_url,
                    service="action",
                    handler=self.handle,
                    park=self.parking.keep_bytes,
                )
            )
            self._stored = True
            yield
            self._stored = False
