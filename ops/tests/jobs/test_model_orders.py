"""Approved orders about models: carried out by whoever has the key, and by nobody else."""

from datetime import timedelta

import httpx
import pytest
from rich.console import Console

from fraud_ops.jobs import model_orders
from fraud_ops.jobs.worker import NoGateway, Progress, Worker
from fraud_scoring.artifacts.keys import Verifier, generate_keys
from fraud_scoring.registry.file import FolderRegistry
from fraud_scoring.testing import NOW, linear_draft, memory_registry, release

LATER = NOW + timedelta(hours=2)
CLAIM = {
    "work_id": "w-1",
    "claim": "c-1",
    "kind": "promote",
    "parameters": {"bundle": "b-2"},
    "until": "2026-03-02T12:00:00Z",
}


@pytest.fixture
def keys():
    return generate_keys()


@pytest.fixture
def registry(keys):
    """Bundle b-1 serves; b-2 is published. The third model only answers beside."""
    made = memory_registry(keys)
    for name in ("xgboost", "autoencoder"):
        release(made, name=name, bundle="b-1")
    beside = made.publish(linear_draft(name="lightgbm", bundle="b-1"), now=NOW)
    made.promote("lightgbm", beside.manifest.version, "challenger", now=NOW)
    for name in ("xgboost", "autoencoder", "lightgbm"):
        made.publish(linear_draft((0.7, 1.0, -0.25), name=name, bundle="b-2"), now=NOW)
    return made


def do(registry, kind, bundle):
    handler = model_orders.handlers(registry, lambda: LATER)[kind]
    return handler({"bundle": bundle}, Progress())["moved"]


def serving(registry):
    return {
        f"{name} {alias}": there.target.bundle
        for name in registry.models()
        for alias, there in registry.aliases(name).aliases.items()
    }


OLD = dict.fromkeys(
    ("autoencoder champion", "lightgbm challenger", "xgboost champion"), "b-1"
)
NEW = dict.fromkeys(OLD, "b-2")


def test_promotion_moves_every_model_of_the_bundle_by_its_own_alias(registry):
    moved = do(registry, "promote", "b-2")
    assert serving(registry) == NEW
    assert [(one["name"], one["alias"]) for one in moved] == [
        ("autoencoder", "champion"),
        ("lightgbm", "challenger"),
        ("xgboost", "champion"),
    ]
    assert all(one["before"] != one["after"] for one in moved)


def test_promotion_that_broke_off_is_carried_out_again_without_new_orders(registry):
    first = do(registry, "promote", "b-2")
    again = do(registry, "promote", "b-2")
    assert [o["revision"] for o in again] == [o["revision"] for o in first]


def test_rollback_goes_back_once_however_often_it_is_carried_out(registry):
    do(registry, "promote", "b-2")
    do(registry, "roll_back", "b-2")
    assert serving(registry) == OLD
    with pytest.raises(model_orders.OrderRefused, match="no alias names"):
        do(registry, "roll_back", "b-2")


def test_rollback_without_a_past_changes_nothing(registry):
    with pytest.raises(model_orders.OrderRefused, match="named nothing before"):
        do(registry, "roll_back", "b-1")
    assert serving(registry) == OLD


def test_bundle_that_nothing_is_of_is_refused(registry):
    with pytest.raises(model_orders.OrderRefused, match="no version of any model"):
        do(registry, "promote", "b-9")


class Gateway:
    """Gives one order, and keeps what is reported."""

    def __init__(self):
        self.orders, self.outcomes = [CLAIM], []

    def __call__(self, request):
        import json

        body = json.loads(request.content)
        if request.url.path == "/v1/jobs/claim":
            return httpx.Response(
                200, json={"order": self.orders.pop() if self.orders else None}
            )
        self.outcomes.append(body)
        return httpx.Response(200, json={})


async def worked(gateway, handlers):
    console = Console(quiet=True)
    transport = httpx.MockTransport(gateway)
    async with httpx.AsyncClient(base_url="http://g", transport=transport) as http:
        worker = Worker(http, handlers, console)
        return [await worker.once(), await worker.once()]


async def test_worker_carries_out_an_order_and_reports_it(registry):
    gateway = Gateway()
    assert await worked(gateway, model_orders.handlers(registry)) == [True, False]
    (outcome,) = gateway.outcomes
    assert (outcome["claim"], outcome["problem"]) == ("c-1", None)
    assert len(outcome["result"]["moved"]) == 3


async def test_worker_without_the_key_reports_that_and_moves_nothing(registry, keys):
    unsigned = FolderRegistry(registry.uri, Verifier(keys.public_pem))
    gateway = Gateway()
    await worked(gateway, model_orders.handlers(unsigned))
    assert "without a signing key" in gateway.outcomes[0]["problem"]
    assert serving(registry) == OLD


async def test_worker_survives_its_handler_and_says_no_more_than_it_must():
    def broken(given, progress):
        raise KeyError("4111 1111 1111 1111")

    gateway = Gateway()
    await worked(gateway, {"promote": broken})
    problem = gateway.outcomes[0]["problem"]
    assert problem == "the worker failed: KeyError; see its log"


async def test_result_that_the_gateway_does_not_take_is_reported_as_a_failure():
    gateway = Gateway()

    def strict(request):
        if request.url.path == "/v1/jobs/outcome" and b"4111" in request.content:
            return httpx.Response(422)
        return gateway(request)

    found = {"promote": lambda *_: {"text": "4111 1111 1111 1111"}}
    await worked(strict, found)
    assert gateway.outcomes[0]["problem"] == (
        "the result was refused: the gateway answered 422 to outcome"
    )


async def test_worker_that_is_refused_says_so():
    with pytest.raises(NoGateway, match="403"):
        await worked(lambda _: httpx.Response(403), {})
