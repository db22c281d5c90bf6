"""Who hears of what: the queues' bindings, and the addressees of HTTP delivery.

By family, whatever the major version: a consumer parks a major it does not know, and can
only do so with one that reaches it.
"""

from fraud_shared.contracts import events


def family(event_type: str) -> str:
    """An event type without its major: `fraud.decision.made.v1` → `fraud.decision.made`."""
    return event_type.rpartition(".")[0]


SUBSCRIPTIONS: dict[str, tuple[str, ...]] = {
    "post_auth": (
        family(events.DECISION_MADE),
        family(events.LABEL_REPORTED),
        family(events.PAYMENT_REPORTED),
        family(events.CHALLENGE_RESOLVED),
    ),
    "action": (family(events.ACTION_REQUESTED),),
    # Whichever replica hears of an update screens known parties again.
    "sanctions": (family(events.LIST_UPDATED),),
    **dict.fromkeys(
        ("isolation_forest", "autoencoder", "xgboost", "lightgbm"),
        (family(events.MODEL_PROMOTED),),
    ),
}


def subscribers(event_type: str) -> list[str]:
    """The services that receive this type."""
    wanted = family(event_type)
    return [name for name, families in SUBSCRIPTIONS.items() if wanted in families]
