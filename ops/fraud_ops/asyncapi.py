"""The AsyncAPI document of the events, and RabbitMQ's definitions: from the same topology
and contracts that the services run with."""

import json
from typing import Any

from fraud_shared.contracts.event_types import EVENT_TYPES
from fraud_shared.contracts.events import CloudEvent
from fraud_shared.state.subscriptions import subscribers
from fraud_shared.state.topology import CONTENT_TYPE, PREFIX, definitions, topology

PUBLISHERS = {
    "fraud.decision.made.v1": "orchestrator",
    "fraud.label.reported.v1": "orchestrator and action",
    "fraud.payment.reported.v1": "orchestrator",
    "fraud.action.requested.v1": "orchestrator and sanctions",
    "fraud.challenge.resolved.v1": "action",
    "fraud.model.promoted.v1": "whoever promotes a model (`fraud models`, `fraud retrain`)",
    "fraud.list.updated.v1": "sanctions",
}
SCHEMAS = "../shared/fraud_shared/schemas"
DIALECT = "application/schema+json;version=draft-2020-12"


def rabbitmq_definitions() -> str:
    """`deploy/rabbitmq/definitions.json`."""
    return _json(definitions(topology()))


def asyncapi() -> str:
    """`deploy/asyncapi.json`: a channel for each queue, a message for each event type."""
    services = sorted({name for one in EVENT_TYPES for name in subscribers(one)})
    document = {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Events of the fraud mesh",
            "version": "1",
            "description": (
                "CloudEvents 1.0 in JSON, at least once and in any order: a consumer "
                "recognises a repeat by `id`. Within a major version fields are only "
                "added; another major is another type."
            ),
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": {name: _channel(name) for name in services},
        "operations": {f"{name}Receives": _operation(name) for name in services},
        "components": {
            "messages": {_name(kind): _message(kind) for kind in EVENT_TYPES}
        },
    }
    return _json(document)


def _received(service: str) -> list[str]:
    return [kind for kind in EVENT_TYPES if service in subscribers(kind)]


def _channel(service: str) -> dict[str, Any]:
    wanted = topology()
    (queue,) = (q for q in wanted.queues if q.name == f"{PREFIX}.{service}")
    patterns = [b.pattern for b in wanted.bindings if b.queue == queue.name]
    return {
        "address": queue.name,
        "description": (
            f"Bound to the topic exchange `{wanted.events}` by {', '.join(patterns)}. What "
            f"cannot be handled is parked by the service, or in `{wanted.parked}.{service}`."
        ),
        "messages": {
            _name(kind): {"$ref": f"#/components/messages/{_name(kind)}"}
            for kind in _received(service)
        },
        "bindings": {
            "amqp": {
                "is": "queue",
                "queue": {
                    "name": queue.name,
                    "durable": True,
                    "exclusive": False,
                    "autoDelete": False,
                    "vhost": "/",
                },
                "bindingVersion": "0.3.0",
            }
        },
    }


def _operation(service: str) -> dict[str, Any]:
    messages = f"#/channels/{service}/messages"
    return {
        "action": "receive",
        "channel": {"$ref": f"#/channels/{service}"},
        "messages": [{"$ref": f"{messages}/{_name(k)}"} for k in _received(service)],
        "bindings": {"amqp": {"ack": True, "bindingVersion": "0.3.0"}},
    }


def _message(kind: str) -> dict[str, Any]:
    data = EVENT_TYPES[kind].__name__
    return {
        "name": kind,
        "contentType": CONTENT_TYPE,
        "description": f"Published by {PUBLISHERS[kind]}; routed by its type.",
        "payload": {
            "schemaFormat": DIALECT,
            "schema": {
                "allOf": [
                    {"$ref": f"{SCHEMAS}/{CloudEvent.__name__}.json"},
                    {
                        "type": "object",
                        "properties": {
                            "type": {"const": kind},
                            "data": {"$ref": f"{SCHEMAS}/{data}.json"},
                        },
                    },
                ]
            },
        },
        "bindings": {"amqp": {"messageType": kind, "bindingVersion": "0.3.0"}},
    }


def _name(kind: str) -> str:
    """`fraud.decision.made.v1` as a key: `fraudDecisionMadeV1`."""
    first, *others = kind.split(".")
    return first + "".join(part.capitalize() for part in others)


def _json(document: Any) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
