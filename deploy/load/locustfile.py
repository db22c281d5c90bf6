"""Load with Locust: what k6.js sends, in closed loop, held to the same thresholds.

    locust -f deploy/load/locustfile.py --headless --host http://127.0.0.1:8000 \\
      --users 16 --spawn-rate 16 --run-time 60s

The key is in the environment variable API_KEY. Exit status 1 when an objective is missed.
"""

import json
import os
import random
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from locust import FastHttpUser, constant, events, task

LIMITS = json.loads((Path(__file__).parent / "thresholds.json").read_text())
COUNTS = {"decided": 0, "degraded": 0}


def pan(account: int) -> str:
    """A card number of a range that no issuer has, with a check digit that is right."""
    digits = f"400000{account:09d}"
    doubled = [int(d) * (2 - n % 2) for n, d in enumerate(reversed(digits))]
    return f"{digits}{-sum(d - 9 if d > 9 else d for d in doubled) % 10}"


def payment(account: int) -> dict[str, Any]:
    """A card payment of this moment."""
    return {
        "transaction_id": f"load-{uuid.uuid4().hex}",
        "account_id": f"load-account-{account}",
        "amount_minor": random.randint(500, 20_500),
        "currency": "EUR",
        "occurred_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "kind": "card_payment",
        "channel": "ecommerce",
        "card": {"pan": pan(account), "entry_mode": "ecommerce"},
        "merchant": {
            "merchant_id": f"load-shop-{account % 200}",
            "mcc": "5732",
            "country": "DE",
        },
        "device": {
            "device_id": f"load-device-{account}",
            "ip": f"198.51.100.{account % 250}",
        },
        "location": {"lat": 52.52, "lon": 13.4, "country": "DE", "city": "Berlin"},
        "session": {"failed_logins_1h": 0, "seconds_since_login": 95},
        "customer": {"name": "Alix Moreau", "country": "DE"},
    }


class Payer(FastHttpUser):
    """One caller: the next payment when the last one is decided."""

    wait_time = constant(0)

    @task
    def score(self) -> None:
        """Post one payment."""
        with self.client.post(
            "/v1/score",
            json=payment(random.randrange(5000)),
            headers={"X-API-Key": os.environ["API_KEY"]},
            catch_response=True,
        ) as reply:
            if reply.status_code != 200:
                reply.failure(f"status {reply.status_code}")
                return
            COUNTS["decided"] += 1
            COUNTS["degraded"] += bool(reply.json()["degraded"])


@events.quitting.add_listener
def judge(environment: Any, **_: Any) -> None:
    """Compare with the objectives; the last line is one JSON object."""
    total = environment.stats.total
    degraded = COUNTS["degraded"] / max(COUNTS["decided"], 1)
    p99 = total.get_response_time_percentile(0.99) or float("inf")
    figures = {
        "p99_ms": p99,
        "failed_share": total.fail_ratio,
        "degraded_share": degraded,
    }
    missed = [name for name, value in figures.items() if value > LIMITS[name]]
    if not total.num_requests:
        missed = ["requests"]
    environment.process_exit_code = 1 if missed else 0
    shown = {"requests": total.num_requests, **figures, "missed": missed}
    print(json.dumps(shown), flush=True)  # noqa: T201
