"""The online store through ten services: labels reach it, and without it nothing is zero."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import FastAPI

from fraud_features.store.memory.store import MemoryOnlineStore
from fraud_features.store.port import OnlineStoreUnavailable
from fraud_features.store.schema import SLOT
from fraud_ops.features.logs import decision_log, label_log
from fraud_ops.mesh.environment import LocalMesh
from fraud_ops.mesh.in_process import InProcessMesh
from fraud_orchestrator.rebuild import rebuild
from fraud_shared.testing.factories import make_transaction

NOTHING = timedelta(0)


async def eventually(ask: Callable[[], Awaitable[Any]], within_s: float = 15.0) -> Any:
    """The first true answer of `ask`; fails when there is none in time."""
    async with asyncio.timeout(within_s):
        while not (answer := await ask()):
            await asyncio.sleep(0.02)
    return answer


async def frauds(mesh: Any, terminal: str = "ter-1") -> int | None:
    """Labelled frauds at the terminal, as a payment in eight days will read them."""
    later = datetime.now(UTC) + timedelta(days=8)
    observation = await mesh.online.peek(
        make_transaction(
            transaction_id="probe",
            occurred_at=later,
            merchant={"terminal_id": terminal},
        )
    )
    found: int | None = observation.raw[SLOT["terminal_frauds_7d"]]
    return found


class Reporter:
    """Reports labels about one payment, minutes apart."""

    def __init__(self, mesh: Any, transaction_id: str) -> None:
        self.mesh = mesh
        self.transaction_id = transaction_id
        self.began = datetime.now(UTC) - timedelta(hours=1)

    async def report(
        self, minute: int, source: str, *, label: str = "fraud", reversal: bool = False
    ) -> str:
        body = {
            "transaction_id": self.transaction_id,
            "label": label,
            "source": source,
            "reported_at": (self.began + timedelta(minutes=minute)).isoformat(),
            "reversal": reversal,
        }
        reply = await self.mesh.http.post("/v1/labels", json=body)
        assert reply.status_code == 200, reply.text
        return str(reply.json()["status"])

    async def stands(self, reports: int) -> dict[str, Any]:
        """What stands once so many reports have arrived, and the store knows."""

        async def known() -> Any:
            path = f"/v1/labels/{self.transaction_id}"
            reply = await self.mesh.http.get(path)
            label = reply.json()
            arrived = reply.status_code == 200 and label["reports"] >= reports
            return label if arrived and label["in_risk_windows"] else None

        return dict(await eventually(known))


async def withdrawn(mesh: Any) -> None:
    """A report, its repeat and its withdrawal reach the risk windows."""
    reply = await mesh.score(merchant={"terminal_id": "ter-a"})
    about = Reporter(mesh, reply["transaction_id"])
    assert await about.report(1, "customer_report") == "accepted"
    assert (await about.stands(1))["state"] == "fraud"
    assert await frauds(mesh, "ter-a") == 1
    assert await about.report(1, "customer_report") == "duplicate"
    await about.report(9, "customer_report", reversal=True)
    label = await about.stands(2)
    assert (label["state"], label["source"], label["reports"]) == ("reversed", None, 2)
    assert await frauds(mesh, "ter-a") == 0


async def disputed(mesh: Any) -> None:
    """The strongest source stands, in whatever order they report."""
    reply = await mesh.score(merchant={"terminal_id": "ter-b"})
    about = Reporter(mesh, reply["transaction_id"])
    # The withdrawal overtakes the report that it withdraws.
    await about.report(9, "customer_report", reversal=True)
    await about.report(1, "customer_report")
    assert (await about.stands(2))["state"] == "reversed"
    assert await frauds(mesh, "ter-b") == 0
    await about.report(3, "chargeback")
    assert (await about.stands(3))["source"] == "chargeback"
    await about.report(20, "merchant", label="legitimate")
    label = await about.stands(4)
    assert (label["state"], label["source"]) == ("fraud", "chargeback")
    assert await frauds(mesh, "ter-b") == 1


async def early(mesh: Any) -> None:
    """A report before its payment waits for it."""
    about = Reporter(mesh, "tx-early")
    await about.report(1, "issuer")
    await mesh.score(transaction_id="tx-early", merchant={"terminal_id": "ter-c"})
    assert (await about.stands(1))["state"] == "fraud"
    assert await frauds(mesh, "ter-c") == 1


class TestLabels:
    async def test_every_report_reaches_the_risk_windows(self, run: Any) -> None:
        # One mesh for all of them: it takes seconds to start.
        async with run() as mesh:
            await withdrawn(mesh)
            await disputed(mesh)
            await early(mesh)
            assert (await mesh.http.get("/v1/labels/nobody")).status_code == 404


async def emptied(mesh: Any, environment: LocalMesh) -> None:
    """An emptied store is unknown until it is rebuilt."""
    for _ in range(3):
        known = await mesh.score(amount_minor=500)
    about = Reporter(mesh, known["transaction_id"])
    await about.report(1, "chargeback")
    await about.stands(1)
    await mesh.online.reset()
    dark = await mesh.score(amount_minor=500)
    async with (
        decision_log(environment) as decisions,
        label_log(environment, mesh.online) as labels,
    ):
        rebuilt = await rebuild(mesh.online, decisions, labels, settle=NOTHING)
    again = await mesh.score(amount_minor=500)
    record = await mesh.http.get(f"/v1/decisions/{again['decision_id']}")
    assert await frauds(mesh) == 1
    assert known["degraded"] == again["degraded"] == []
    assert_in_the_dark(dark)
    assert (rebuilt.payments, rebuilt.labels) == (4, 1)
    assert record.json()["record"]["context"]["history_payments"] == 4


async def away(mesh: Any) -> None:
    """A store that is away is unknown, and is told afterwards."""
    observe = mesh.online.observe

    async def silent(_: Any) -> Any:
        raise OnlineStoreUnavailable

    await mesh.score(account_id="acc-2")
    mesh.online.observe = silent
    dark = await mesh.score(account_id="acc-2", amount_minor=500)
    mesh.online.observe = observe

    async def recorded() -> bool:
        probe = make_transaction(transaction_id="probe", account_id="acc-2")
        return bool((await mesh.online.peek(probe)).history_payments == 2)

    await eventually(recorded)
    whole = await mesh.score(account_id="acc-2")
    assert_in_the_dark(dark)
    assert whole["degraded"] == []


def assert_in_the_dark(reply: dict[str, Any]) -> None:
    """Even the smallest amount is not approved: nobody can vouch for the customer."""
    assert "VELOCITY_UNKNOWN" in reply["degraded"]
    assert "VELOCITY_UNKNOWN" in {reason["code"] for reason in reply["reasons"]}
    assert reply["decision"] != "APPROVE"


class TestUnknownVelocity:
    async def test_it_is_never_zero(self, run: Any, environment: LocalMesh) -> None:
        async with run() as mesh:
            await emptied(mesh, environment)
            await away(mesh)


class Closing(MemoryOnlineStore):
    """Remembers whether it was closed."""

    closed = 0

    async def close(self) -> None:
        self.closed += 1
        await super().close()


class TestOneProcess:
    async def test_the_shared_store_is_closed_once_and_after_its_last_user(
        self, environment: LocalMesh
    ) -> None:
        store, found = Closing(), []

        @asynccontextmanager
        async def first_to_start_last_to_end(_: FastAPI) -> AsyncIterator[None]:
            yield
            found.append(store.closed)

        key = environment.secret("FRAUD_TOKEN_KEY")
        local_mesh = InProcessMesh(store, key, trial=lambda _: None)
        local_mesh.apps["rules"] = FastAPI(lifespan=first_to_start_last_to_end)
        async with local_mesh.running():
            assert store.closed == 0
        assert found == [0]
        assert store.closed == 1
