"""Serving and training see the same payment, through ten services and everything that
happens to them. `fraud features parity` is the same on 20,000 payments."""

import dataclasses
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from fraud_lab.parity.parity import Played, Player, compare, expected, served
from fraud_lab.parity.scenario import Incidents, Step, parity_scenario
from fraud_lab.parity.stages import Stage, in_process_stage, mesh_stage
from fraud_ops.mesh.environment import LocalMesh

Opened = Callable[[LocalMesh], AbstractAsyncContextManager[Stage]]
SEED = 303
SHORT: Incidents = (
    (0.4, "restart gateway"),
    (0.6, "restart store"),
    (0.8, "lose store"),
    (0.9, "rebuild"),
)


@pytest.fixture(autouse=True)
def stores_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REDIS_URL", "DATABASE_URL", "AMQP_URL"):
        monkeypatch.delenv(name, raising=False)


async def check(opened: Opened, trained: LocalMesh, steps: list[Step]) -> Played:
    async with opened(trained) as stage:
        played = await Player(stage).play(steps)
        ours = await served(stage)
    found = compare(ours, expected(played), played.in_the_dark)
    assert not played.failed
    assert played.repeats > 0
    assert played.other_replies == 0
    assert played.labels
    assert played.rebuilt
    assert played.in_the_dark
    assert (found.compared, found.missing) == (len(played.payments), 0)
    assert found.by_feature == {}
    # And it would show if training did not know of a payment.
    unseen = dataclasses.replace(played, payments=played.payments[5:])
    assert compare(ours, expected(unseen), set()).differing > 0
    return played


class TestParity:
    @pytest.mark.parametrize(
        "opened",
        [in_process_stage, partial(in_process_stage, over_redis=True)],
        ids=["memory", "redis"],
    )
    async def test_every_vector_is_the_same(
        self, trained: LocalMesh, opened: Opened
    ) -> None:
        steps = parity_scenario(120, SEED, datetime.now(UTC), SHORT)
        played = await check(opened, trained, steps)
        assert played.incidents.keys() == {event for _, event in SHORT}

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "opened", [mesh_stage, in_process_stage], ids=["ten processes", "one"]
    )
    async def test_every_one_of_20_000_vectors_is_the_same(
        self, trained: LocalMesh, opened: Any
    ) -> None:
        await check(opened, trained, parity_scenario(20_000, SEED, datetime.now(UTC)))
