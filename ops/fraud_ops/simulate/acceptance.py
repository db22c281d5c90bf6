"""How payments are authenticated and accepted, and what the customer's application knows.

Everything follows from the payment's number and what it says already, so that no other draw
of the simulation depends on it. Thieves fail more of the checks than owners, never all.
"""

from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, NamedTuple

from fraud_ops.simulate.compose import Body, Part, PaymentDraft
from fraud_ops.simulate.config import DAY_MS, LETTERS, SimulationConfig

_DRAWS = 10
_WALLETS = ("apple_pay", "google_pay", "samsung_pay")
_DOMAINS = ("example.com", "example.net", "example.org")
# Exemption below 30 euros (RTS on SCA, article 16).
_LOW_VALUE = 3_000
_REMOTE = frozenset({"mobile", "online_banking"})


class Odds(NamedTuple):
    """How often each check fails, and each hint is there."""

    cvc_wrong: float
    avs_wrong: float
    payee_wrong: float
    remote_access: float
    on_the_phone: float
    elsewhere: float


_HONEST = Odds(0.008, 0.03, 0.006, 0.004, 0.03, 0.06)
_FRAUD = Odds(0.06, 0.22, 0.10, 0.02, 0.05, 0.35)
_SCENARIOS = {
    "card_testing": _FRAUD._replace(cvc_wrong=0.4, avs_wrong=0.4),
    "account_takeover": _FRAUD._replace(
        payee_wrong=0.25, remote_access=0.25, on_the_phone=0.2
    ),
    "mule_fan_in_out": _FRAUD._replace(payee_wrong=0.2, on_the_phone=0.3),
}


class Acceptor:
    """Completes message bodies."""

    def __init__(self, config: SimulationConfig) -> None:
        self._config = config
        self._groups: dict[str, str | None] = {}

    def complete(self, number: int, draft: PaymentDraft) -> Body:
        """The body of payment `number` with the parts that its channel brings."""
        odds = _HONEST
        if draft.scenario is not None:
            odds = _SCENARIOS.get(draft.scenario, _FRAUD)
        u = draws(f"{self._config.seed}:{number}")
        body = draft.body | {"segment": _segment(draft.body)}
        if (merchant := body.get("merchant")) is not None:
            group = self._group(merchant["merchant_id"])
            if group is not None:
                body["merchant_group"] = group
        if body["channel"] == "ecommerce":
            body |= _online(body, u, odds)
        elif body["channel"] in _REMOTE:
            body |= self._banking(draft, body, u, odds)
        elif (body.get("card") or {}).get("entry_mode") == "wallet":
            body |= {"wallet": _WALLETS[int(u[0] * 2)], "network_token": True}
        return body

    def _group(self, merchant_id: str) -> str | None:
        """Three in ten merchants belong to a group."""
        if merchant_id not in self._groups:
            first, second, *_ = draws(merchant_id)
            self._groups[merchant_id] = (
                f"group-{int(second * 40):02d}" if first < 0.3 else None
            )
        return self._groups[merchant_id]

    def _banking(
        self, draft: PaymentDraft, body: Body, u: list[float], odds: Odds
    ) -> Part:
        found: Part = {
            "initiator": {"party": "customer"},
            "hints": {
                "remote_access": u[0] < odds.remote_access,
                "call_in_progress": u[1] < odds.on_the_phone,
            },
        }
        if (payee := body.get("counterparty")) is not None:
            found["authentication"] = {"payee": _payee(u[2], odds)}
            since = self._first_used(draft, body, u[3])
            found["counterparty"] = payee | {"first_used_at": since}
        return found

    def _first_used(self, draft: PaymentDraft, body: Body, u: float) -> str:
        """Honest payers know most receivers from before the simulation; some they meet
        while it runs. Thieves, and those whom they deceive, know them for minutes."""
        now = self._config.start + timedelta(milliseconds=draft.at)
        fresh = now - timedelta(minutes=1 + 90 * u)
        if draft.scenario is not None:
            return _text(fresh)
        pair = f"{body['account_id']}>{body['counterparty']['account']}"
        met, when, *_ = draws(pair)
        days = self._config.horizon_ms / DAY_MS
        since = self._config.start - timedelta(days=900 * when)
        if met < 0.15:
            since = self._config.start + timedelta(days=days * when)
        return _text(since if since < now else fresh)


def draws(text: str) -> list[float]:
    """Ten numbers in [0, 1) that follow from a text."""
    digest = blake2b(text.encode(), digest_size=2 * _DRAWS).digest()
    return [
        int.from_bytes(digest[at : at + 2]) / 65_536 for at in range(0, 2 * _DRAWS, 2)
    ]


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _segment(body: Body) -> str:
    # Companies have no birth date.
    return "consumer" if "birth_date" in body["customer"] else "business"


def _online(body: Body, u: list[float], odds: Odds) -> Part:
    """A card in a store: 3-D Secure or an exemption, the checks, who starts it."""
    strong = bool(body["session"].get("two_factor"))
    authentication: Part = {
        "cvc": "no_match" if u[0] < odds.cvc_wrong else "match",
        "avs": _avs(u[1], odds),
    }
    if strong or u[2] < 0.45:
        authentication["three_ds"] = _three_ds(strong, u[3])
    else:
        asked = "transaction_risk_analysis"
        if body["amount_minor"] < _LOW_VALUE:
            asked = "low_value"
        authentication["exemption"] = {"asked": asked} | (
            {"granted": asked} if u[3] < 0.93 else {}
        )
    initiator: Part = {"party": "customer"}
    if not strong and u[4] < 0.09:
        party = "agent" if u[4] < 0.01 else "merchant"
        initiator = {"party": party}
        if party == "merchant":
            series = blake2b(
                f"{body['account_id']}{body['merchant']['merchant_id']}".encode(),
                digest_size=6,
            )
            initiator["series_id"] = f"sub-{series.hexdigest().translate(LETTERS)}"
            authentication["cvc"] = "not_provided"
    found: Part = {
        "authentication": authentication,
        "initiator": initiator,
        "network_token": u[5] < 0.3,
        "contact": _contact(body, u, odds),
    }
    if u[6] < 0.12:
        found |= {"wallet": _WALLETS[int(u[6] * 25)], "network_token": True}
    return found


def _three_ds(strong: bool, u: float) -> Part:
    if strong:
        return {
            "eci": "05",
            "status": "Y",
            "flow": "challenge",
            "liability_shift": True,
        }
    status, eci = ("A", "06") if u < 0.15 else ("Y", "05")
    return {
        "eci": eci,
        "status": status,
        "flow": "frictionless",
        "liability_shift": True,
    }


def _avs(u: float, odds: Odds) -> str:
    if u < odds.avs_wrong:
        return "no_match"
    if u > 0.97:
        return "not_supported"
    return "postal_match" if u > 0.92 else "match"


def _payee(u: float, odds: Odds) -> str:
    if u < odds.payee_wrong:
        return "no_match"
    if u > 0.97:
        return "not_possible"
    return "close_match" if u > 0.93 else "match"


def _contact(body: Body, u: list[float], odds: Odds) -> dict[str, Any]:
    """The account's own mailbox and address, or those of whoever ordered."""
    country = body["customer"]["country"]
    own = draws(body["account_id"])
    elsewhere = u[7] < odds.elsewhere
    there = draws(f"{body['account_id']}:{u[8]}") if elsewhere else own
    return {
        "email": f"c{int(own[0] * 65_536):05d}{int(own[1] * 65_536):05d}"
        f"@{_DOMAINS[int(own[2] * 3)]}",
        "billing_address": _address(country, own),
        "shipping_address": _address(country, there),
    }


def _address(country: str, u: list[float]) -> Part:
    return {
        "street": f"{1 + int(u[3] * 180)} Street {int(u[4] * 900)}",
        "postal_code": f"{int(u[5] * 99_999):05d}",
        "country": country,
    }
