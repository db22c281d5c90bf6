"""What must exist at the broker, as data: declared at every start, and exported for an
operator as RabbitMQ's definitions and in the AsyncAPI document."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fraud_shared.state.subscriptions import SUBSCRIPTIONS

PREFIX = "fraud"
CONTENT_TYPE = "application/cloudevents+json"
# A consumer parks what failed so often. The broker's own limit lies above it, and only
# catches what kills every consumer before that one can count.
TRIES = 5
DELIVERY_LIMIT = 2 * TRIES


@dataclass(frozen=True, slots=True)
class Queue:
    """A durable queue and its arguments."""

    name: str
    arguments: Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Binding:
    """Messages of `exchange` whose routing key fits `pattern` go to `queue`."""

    exchange: str
    queue: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Topology:
    """Two durable topic exchanges, the queues, and their bindings."""

    events: str
    parked: str
    queues: tuple[Queue, ...]
    bindings: tuple[Binding, ...]


def topology(prefix: str = PREFIX) -> Topology:
    """`<prefix>.events` is the exchange, `<prefix>.<service>` its queues, and what could
    not be handled is in `<prefix>.parked.<service>`."""
    events, parked = f"{prefix}.events", f"{prefix}.parked"
    queues, bindings = [], []
    for service, families in SUBSCRIPTIONS.items():
        pairs = ((events, f"{prefix}.{service}"), (parked, f"{parked}.{service}"))
        queues += [
            Queue(
                pairs[0][1],
                {
                    "x-queue-type": "quorum",
                    # Set by us: the default differs between broker versions.
                    "x-delivery-limit": DELIVERY_LIMIT,
                    "x-dead-letter-exchange": parked,
                    "x-dead-letter-strategy": "at-least-once",
                    "x-overflow": "reject-publish",
                },
            ),
            Queue(pairs[1][1], {"x-queue-type": "quorum"}),
        ]
        bindings += [
            Binding(exchange, queue, f"{family}.*")
            for family in families
            for exchange, queue in pairs
        ]
    return Topology(events, parked, tuple(queues), tuple(bindings))


def definitions(found: Topology, vhost: str = "/") -> dict[str, Any]:
    """The topology in the form that `rabbitmqctl import_definitions` reads. Users and
    permissions are not in it: they are the operator's."""
    durable = {"vhost": vhost, "durable": True, "auto_delete": False}
    return {
        "vhosts": [{"name": vhost}],
        "exchanges": [
            {
                "name": name,
                "type": "topic",
                "internal": False,
                "arguments": {},
                **durable,
            }
            for name in (found.events, found.parked)
        ],
        "queues": [
            {"name": queue.name, "arguments": dict(queue.arguments), **durable}
            for queue in found.queues
        ],
        "bindings": [
            {
                "source": one.exchange,
                "vhost": vhost,
                "destination": one.queue,
                "destination_type": "queue",
                "routing_key": one.pattern,
                "arguments": {},
            }
            for one in found.bindings
        ],
    }
