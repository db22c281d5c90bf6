"""One payment by hand: what `make run` prints as a curl command."""

import secrets
from datetime import UTC, datetime
from typing import Any


def example_payment() -> dict[str, Any]:
    """A card payment of this moment, with a test card number."""
    return {
        "transaction_id": f"example-{secrets.token_hex(4)}",
        "account_id": "account-example",
        "amount_minor": 4250,
        "currency": "EUR",
        "occurred_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "kind": "card_payment",
        "channel": "ecommerce",
        "card": {"pan": "4111111111111111", "entry_mode": "ecommerce"},
        "merchant": {
            "merchant_id": "merchant-example",
            "mcc": "5732",
            "country": "DE",
        },
        "device": {"device_id": "device-example", "ip": "198.51.100.7"},
        "location": {"lat": 52.52, "lon": 13.4, "country": "DE", "city": "Berlin"},
        # Without what its kind must bring no payment is plainly approved.
        "session": {"failed_logins_1h": 0, "seconds_since_login": 95},
        "customer": {"name": "Alix Moreau", "country": "DE"},
    }
