"""An emptied online store is rebuilt by the gateways themselves, by one of them at a time."""

import asyncio
import uuid
from datetime import timedelta

import structlog
from pydantic import BaseModel

from fraud_features.store.port import OnlineStore
from fraud_orchestrator.rebuild import (
    SETTLE,
    AlreadyComplete,
    LostMeanwhile,
    RebuildLease,
    rebuild,
)
from fraud_orchestrator.stores.history import History
from fraud_orchestrator.telemetry import (
    REBUILD_DONE,
    REBUILD_PAYMENTS,
    REBUILD_RUNNING,
    REBUILD_TOTAL,
)
from fraud_shared.mesh.client import ServiceClient
from fraud_shared.mesh.deadline import Deadline

log = structlog.get_logger()
LABELS_MS = 5000.0
LABELS_PAUSE_S = 0.5


class _Labels(BaseModel):
    labels: int


class RemoteLabels:
    """`LabelLog` of post_auth, which tells the online store of labels by itself."""

    def __init__(self, service_client: ServiceClient) -> None:
        self._service_client = service_client

    async def again(self) -> int:
        """Have every label told again. Raises DependencyError."""
        body = await self._service_client.call(
            "post_auth",
            "/v1/labels/reproject",
            b"",
            deadline=Deadline.after(LABELS_MS),
            cap_ms=LABELS_MS,
        )
        return _Labels.model_validate_json(body).labels

    async def round(self) -> int:
        """None by this process."""
        await asyncio.sleep(LABELS_PAUSE_S)
        return 0

    async def waiting(self) -> int:
        """How many post_auth has still to tell. Raises DependencyError."""
        body = await self._service_client.get(
            "post_auth", "/v1/projection", deadline=Deadline.after(LABELS_MS)
        )
        return _Labels.model_validate_json(body).labels


class SelfRebuild:
    """Notices a cold store and makes it whole; `round` is repeated in the background.

    Payments enter oldest first: one that came more than a week late would be refused, so
    nothing newer may enter before it. Until all have entered velocity is unknown. Whoever
    takes over from a gateway that died begins anew; what has entered moves nothing again.
    """

    def __init__(
        self,
        store: OnlineStore,
        history: History,
        lease: RebuildLease,
        service_client: ServiceClient,
        *,
        per_second: float,
        settle: timedelta = SETTLE,
    ) -> None:
        self._store = store
        self._history = history
        self._lease = lease
        self._labels = RemoteLabels(service_client)
        self._per_second = per_second
        self._settle = settle
        self._holder = uuid.uuid4().hex

    async def round(self) -> None:
        """Rebuild if the store is cold and nobody else does. Raises what stores raise; the
        next round begins anew."""
        if self._per_second <= 0 or await self._store.is_warm():
            return
        if not await self._lease.take(self._holder):
            return
        REBUILD_RUNNING.set(1)
        try:
            result = await rebuild(
                self._store,
                self._history,
                self._labels,
                empty=False,
                settle=self._settle,
                progress=_progress,
                pace=self._pace,
            )
        except (AlreadyComplete, LostMeanwhile) as ended:
            log.warning("online_store_rebuild_ended", why=type(ended).__name__)
            return
        finally:
            REBUILD_RUNNING.set(0)
            await self._lease.give_back(self._holder)
        REBUILD_DONE.inc()
        log.info("online_store_rebuilt", payments=result.payments, labels=result.labels)

    async def _pace(self, payments: int) -> None:
        """After each page: no faster than allowed, and only while the lease is ours."""
        await asyncio.sleep(payments / self._per_second)
        if not await self._lease.take(self._holder):
            raise LostMeanwhile


def _progress(stage: str, done: int, total: int) -> None:
    if stage == "payments":
        REBUILD_PAYMENTS.set(done)
        REBUILD_TOTAL.set(total)
