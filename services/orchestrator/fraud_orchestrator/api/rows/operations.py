"""What operators do: parked events, and messages that nobody confirmed."""

from fraud_orchestrator.api.rows.route import PublicRoute
from fraud_shared.contracts.deliveries import Delivery, DeliveryQuery
from fraud_shared.contracts.events import CloudEvent
from fraud_shared.contracts.paging import Page, PageQuery
from fraud_shared.contracts.parked import ParkedDocument, ParkedEvent

_PARKED = ("post_auth", "action", "sanctions")

OPERATIONS = (
    PublicRoute(
        "GET", "/v1/parked", "post_auth", ("admin",), "operations", "listParked",
        "Events that a service could not use, oldest first",
        query=PageQuery, response=Page[ParkedEvent], services=_PARKED,
        command="parked list",
    ),
    PublicRoute(
        "GET", "/v1/parked/{parked_id}", "post_auth", ("admin",), "operations",
        "getParked", "One parked event with what it says",
        response=ParkedDocument, services=_PARKED, command="parked show",
    ),
    PublicRoute(
        "POST", "/v1/parked/{parked_id}/replay", "post_auth", ("admin",),
        "operations", "replayParked", "Handle a parked event again",
        description="Or the corrected event in the body. It keeps its id, so that nothing "
        "is applied twice.",
        request=CloudEvent, optional_body=True, response=ParkedEvent, services=_PARKED,
        problems={"422": ("event-unreadable",)},
        command="parked replay",
    ),
    PublicRoute(
        "GET", "/v1/deliveries", "action", ("admin",), "operations", "listDeliveries",
        "Alerts and codes on their way out, oldest first: those that were given up",
        query=DeliveryQuery, response=Page[Delivery], command="deliveries list",
    ),
    PublicRoute(
        "POST", "/v1/deliveries/{delivery_id}/replay", "action", ("admin",),
        "operations", "replayDelivery", "Send a message again that was given up",
        description="At its old place: later messages about the same account wait for it.",
        response=Delivery, problems={"409": ("delivery-not-failed",)},
        command="deliveries replay",
    ),
)  # fmt: skip
