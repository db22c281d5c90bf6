"""Whose payments a request is about: decided by the key, and by what it is declared for."""

import json
from typing import Any

import pytest

from fraud_shared.testing.factories import NOON, payment_body

REPORT = {
    "transaction_id": "tx-1",
    "label": "fraud",
    "source": "chargeback",
    "reported_at": NOON.isoformat(),
}
READ = [
    ("/profile/acc-1", "post_auth"),
    ("/v1/labels/tx-1", "post_auth"),
]
SCOPES = ["read", "label", "analyst", "score"]


def asked_by(run: Any, service: str) -> list[str]:
    """The paths another service is asked for from now on."""
    paths: list[str] = []

    async def answer(path: str, _: bytes) -> tuple[int, bytes]:
        paths.append(path)
        return 200, b"{}"

    run.transport.responders[service] = answer
    return paths


@pytest.mark.parametrize(("path", "service"), READ)
class TestReading:
    async def test_key_without_declared_tenants_asks_for_its_own(
        self, start: Any, path: str, service: str
    ) -> None:
        async with start(scopes=SCOPES) as run:
            paths = asked_by(run, service)
            await run.http.get(path)
        (asked,) = [one for one in paths if one.startswith(path)]
        assert asked.endswith("tenant=shop")

    async def test_key_of_a_tenant_asks_for_that(
        self, start: Any, path: str, service: str
    ) -> None:
        async with start(scopes=SCOPES, tenant="bank") as run:
            paths = asked_by(run, service)
            await run.http.get(path)
        (asked,) = [one for one in paths if one.startswith(path)]
        assert asked.endswith("tenant=bank")

    async def test_tenant_that_is_not_declared_is_refused(
        self, start: Any, path: str, service: str
    ) -> None:
        async with start(scopes=SCOPES) as run:
            paths = asked_by(run, service)
            reply = await run.http.get(path, headers={"X-Tenant": "market"})
        assert reply.status_code == 403
        assert not [one for one in paths if one.startswith(path)]

    @pytest.mark.parametrize("declared", ["market", "*"])
    async def test_declared_tenant_is_asked_for(
        self, start: Any, path: str, service: str, declared: str
    ) -> None:
        async with start(scopes=SCOPES, tenants=[declared]) as run:
            paths = asked_by(run, service)
            await run.http.get(path, headers={"X-Tenant": "market"})
        (asked,) = [one for one in paths if one.startswith(path)]
        assert asked.endswith("tenant=market")


class TestPayments:
    async def test_decision_event_names_the_tenant(self, start: Any) -> None:
        async with start(tenant="bank") as run:
            await run.score(payment_body())
        (event,) = run.neighbours.events
        assert (event["data"]["client"], event["data"]["tenant"]) == ("shop", "bank")

    async def test_payment_for_a_declared_tenant_is_refused(self, start: Any) -> None:
        """Being declared for a tenant means reading and labelling, not paying."""
        async with start(scopes=SCOPES, tenants=["market"]) as run:
            reply = await run.score(payment_body(), **{"X-Tenant": "market"})
        assert reply.status_code == 403


class TestLabels:
    async def test_label_is_about_the_reporters_own_tenant(self, start: Any) -> None:
        async with start(scopes=SCOPES, tenant="bank") as run:
            reply = await run.http.post("/v1/labels", json=REPORT)
        assert reply.status_code == 200
        (event,) = run.neighbours.events
        assert event["data"]["tenant"] == "bank"

    async def test_label_about_another_tenant_is_refused(self, start: Any) -> None:
        async with start(scopes=SCOPES) as run:
            reply = await run.http.post(
                "/v1/labels", json=REPORT, headers={"X-Tenant": "market"}
            )
        assert reply.status_code == 403
        assert run.neighbours.events == []

    async def test_declared_network_reporter_labels_each_tenant_apart(
        self, start: Any
    ) -> None:
        async with start(scopes=SCOPES, tenants=["market", "bank"]) as run:
            ids = [
                (
                    await run.http.post(
                        "/v1/labels", json=REPORT, headers={"X-Tenant": tenant}
                    )
                ).json()["label_id"]
                for tenant in ("market", "bank")
            ]
        found = {json.dumps(e["data"]["tenant"]) for e in run.neighbours.events}
        assert found == {'"market"', '"bank"'}
        assert len(set(ids)) == 2
