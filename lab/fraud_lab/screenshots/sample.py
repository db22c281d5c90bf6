"""A gateway in memory with a plausible quarter of an hour in it, the same each time."""

import random
from datetime import UTC, datetime, timedelta
from importlib import resources
from typing import Any

from fraud_client import FraudClient
from fraud_client.testing import FakeGateway, payment

NOW = datetime(2026, 11, 30, 14, 20, tzinfo=UTC)
PAYMENTS = 420
SHOPS = (
    ("mer-2041", "Blumen & Söhne", "5992"), ("mer-7713", "Rail Europe", "4112"),
    ("mer-1180", "Elektro-Großhandel Nord", "5732"), ("mer-0922", "Café Léon", "5814"),
)  # fmt: skip
PLACES = (
    ("DE", "Köln"),
    ("DE", "Köln"),
    ("DE", "Berlin"),
    ("FR", "Lille"),
    ("BR", "Recife"),
)
LATE = (
    ("MODEL_XGBOOST_UNAVAILABLE", 0.01), ("SCREENING_UNAVAILABLE", 0.005),
)  # fmt: skip


def sample_gateway(seed: int = 7) -> FakeGateway:
    """Payments of a few accounts, their cases, a draft that waits for a second person,
    list entries and a snooze."""
    chance = random.Random(seed)
    gateway = FakeGateway(now=lambda: at[0])
    at = [NOW]
    for number in range(PAYMENTS):
        at[0] = NOW - timedelta(seconds=(PAYMENTS - number) * 1.4)
        _payment(gateway, chance, at[0])
    at[0] = NOW
    gateway.metrics = _metrics()
    _rules(gateway)
    _case(gateway)
    return gateway


def _payment(gateway: FakeGateway, chance: random.Random, at: datetime) -> None:
    shop, name, mcc = chance.choice(SHOPS)
    country, city = chance.choice(PLACES)
    account = chance.choice(("acc-88210", "acc-88210", "acc-40017", "acc-51302"))
    body = payment(
        transaction_id=f"tx-{chance.getrandbits(40):010x}",
        account_id=account,
        amount_minor=int(chance.lognormvariate(7.9, 1.1)),
        occurred_at=(at - timedelta(hours=chance.choice((0, 0, 4, 6, 9)))).isoformat(),
        merchant={"merchant_id": shop, "name": name, "mcc": mcc, "country": "DE"},
        device={"device_id": f"dev-{chance.randint(1, 3)}", "os": "android"},
        card={"token": "tok-5c1e", "last4": "4242", "entry_mode": "ecommerce"},
        location={"country": country, "city": city},
    )
    verdict = chance.choices(("APPROVE", "CHALLENGE", "DECLINE"), (0.9, 0.07, 0.03))[0]
    if verdict == "DECLINE":
        body["amount_minor"] *= 14
    made = gateway.decided(body, verdict)["decision"]
    made["timings_ms"] = {
        name: round(ms * chance.uniform(0.6, 2.1), 2)
        for name, ms in made["timings_ms"].items()
    }
    made["timings_ms"]["total"] = round(sum(made["timings_ms"].values()) * 0.62, 2)
    made["degraded"] = [code for code, share in LATE if chance.random() < share]


def _metrics() -> str:
    """What a gateway that has run for a while says of its neighbours."""
    lines = [
        "fraud_outbox_oldest_age_seconds 0.4",
        f'fraud_decisions_total{{decision="APPROVE"}} {182_411}',
        f'fraud_decisions_total{{decision="DECLINE"}} {3_107}',
        "fraud_decision_duration_seconds_count 185518",
        "fraud_decision_duration_seconds_sum 3358.4",
        'fraud_decisions_degraded_total{reason="SCREENING_UNAVAILABLE"} 212',
    ]
    neighbours = ("rules", "isolation_forest", "autoencoder", "xgboost", "lightgbm")
    for name in (*neighbours, "decision", "action", "post_auth", "sanctions"):
        lines += [
            f'fraud_dependency_calls_total{{dependency="{name}",outcome="ok"}} 185{len(name):03}',
            f'fraud_dependency_calls_total{{dependency="{name}",outcome="timeout"}} {len(name)}',
            f'fraud_dependency_breaker_open{{dependency="{name}"}} 0',
        ]
    stages = {
        "online": 1.1,
        "screening": 3.9,
        "rules": 2.2,
        "models": 6.4,
        "decision": 1.8,
    }
    for name, mean_ms in stages.items():
        lines += [
            f'fraud_stage_duration_seconds_count{{stage="{name}"}} 185518',
            f'fraud_stage_duration_seconds_sum{{stage="{name}"}} {185.518 * mean_ms:.1f}',
        ]
    return "\n".join(lines) + "\n"


def _rules(gateway: FakeGateway) -> None:
    text = resources.files("fraud_engines.rules").joinpath("rulesets/default.yaml")
    policy = resources.files("fraud_engines.policy").joinpath("policies/default.yaml")
    live: dict[str, Any]
    [live] = gateway.engines.rules.known.values()
    live["text"] = text.read_text("utf-8")
    [live] = gateway.engines.policy.known.values()
    live["text"] = policy.read_text("utf-8")
    author = gateway.key("console.bo", ["rules"])
    with FraudClient("http://g", author, transport=gateway.transport()) as client:
        changed = text.read_text("utf-8").replace("[KP]", "[KP, IR]", 1)
        draft = client.rulesets.create(changed, "no payment may go to Iran either")
        client.rulesets.shadow(draft.version, "see who would be hit")
        client.rulesets.promote(draft.version, "three hits in a day, all rightly")
        client.lists.add("deny", "account", "acc-mule-0001", "reported as a mule")
        client.lists.add("watch", "merchant", "mer-1180", "chargebacks doubled")
        until = NOW + timedelta(days=3)
        client.snoozes.add("R-014", "account", "acc-40017", "known traveller", until)


def _case(gateway: FakeGateway) -> None:
    analyst = gateway.key("console.mia", ["analyst"])
    with FraudClient("http://g", analyst, transport=gateway.transport()) as client:
        first = client.cases.list(limit=1).items[0]
        client.cases.assign(first.case_id, "console.mia")
        client.cases.note(first.case_id, "Customer does not answer; tried twice.")
