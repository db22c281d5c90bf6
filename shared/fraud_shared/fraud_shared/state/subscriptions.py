"""Who hears of what: the queues' bindings, and the addressees of HTTP delivery."""

from fraud_shared.contracts import events

SUBSCRIPTIONS: dict[str, tuple[str, ...]] = {
    "post_auth": (
        events.DECISION_MADE,
        events.LABEL_REPORTED,
        events.CHALLENGE_RESOLVED,
    ),
    "action": (events.ACTION_REQUESTED,),
}


def subscribers(event_type: str) -> list[str]:
    """The services that receive this type."""
    return [name for name, types in SUBSCRIPTIONS.items() if event_type in types]
