"""The AsyncAPI document names what is there, and the broker's definitions are complete."""

import json
from pathlib import Path
from typing import Any

import pytest

from fraud_ops.asyncapi import PUBLISHERS, asyncapi, rabbitmq_definitions
from fraud_shared.contracts.event_types import EVENT_TYPES
from fraud_shared.state.subscriptions import SUBSCRIPTIONS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def document() -> Any:
    return json.loads(asyncapi())


def references(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if "$ref" in part else []
        return own + [ref for value in part.values() for ref in references(value)]
    if isinstance(part, list):
        return [ref for item in part for ref in references(item)]
    return []


def test_every_event_and_every_queue_is_in_it(document: Any) -> None:
    messages = document["components"]["messages"].values()
    assert {one["name"] for one in messages} == EVENT_TYPES.keys() == PUBLISHERS.keys()
    assert document["channels"].keys() == SUBSCRIPTIONS.keys()


def test_every_reference_leads_somewhere(document: Any) -> None:
    for reference in references(document):
        file, _, path = reference.partition("#/")
        if file:
            assert (ROOT / "deploy" / file).exists(), reference
            continue
        found = document
        for key in path.split("/"):
            found = found[key]


def test_each_queue_of_the_definitions_is_bound_and_has_a_place_for_poison() -> None:
    found = json.loads(rabbitmq_definitions())
    queues = {one["name"]: one["arguments"] for one in found["queues"]}
    bound = {(one["source"], one["destination"]) for one in found["bindings"]}
    for service in SUBSCRIPTIONS:
        assert ("fraud.events", f"fraud.{service}") in bound
        assert ("fraud.parked", f"fraud.parked.{service}") in bound
        own = queues[f"fraud.{service}"]
        assert own["x-queue-type"] == "quorum"
        assert own["x-dead-letter-exchange"] == "fraud.parked"
        assert own["x-dead-letter-strategy"] == "at-least-once"
        assert own["x-overflow"] == "reject-publish"
