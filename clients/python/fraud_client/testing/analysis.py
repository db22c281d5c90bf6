"""The fake gateway's decision log, cases, blocks, entities and screening."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import httpx

from fraud_client.testing.ask import Ask, Refused

Row = tuple[str, str, str, str, Any]
LISTS = (
    {"list": "ofac_sdn", "version": "2026-11-20", "entities": 17210, "age_hours": 5.0},
    {"list": "eu", "version": "2026-11-18", "entities": 5900, "age_hours": 29.0},
)
LISTED = {"ofac-1001": ("Aleksandr Petrov", "ofac_sdn"), "eu-77": ("Omar Haddad", "eu")}


def page(items: Sequence[Any], ask: Ask) -> dict[str, Any]:
    """One page by `limit` and `cursor`."""
    start, limit = int(ask.query.get("cursor", 0)), int(ask.query.get("limit", 100))
    end = start + limit
    return {
        "items": list(items[start:end]),
        "next_cursor": str(end) if end < len(items) else None,
    }


class Analysis:
    """What analysts ask."""

    def __init__(self, gateway: Any) -> None:
        self._gateway = gateway

    def routes(self) -> list[Row]:
        """Method, path, service, scopes, handler."""
        read = "read analyst audit"
        return [
            ("GET", "/v1/decisions", "orchestrator", read, self.search),
            ("GET", "/v1/decisions/([^/]+)", "orchestrator", read, self.stored),
            ("POST", "/v1/decisions/([^/]+)/replay", "decision", read, self.replay),
            ("GET", "/v1/decisions/([^/]+)/explanation", "orchestrator", read, self.why),
            ("GET", "/v1/blocks", "action", "analyst", self.blocks),
            ("POST", "/v1/blocks", "action", "analyst", self.block),
            ("DELETE", "/v1/blocks/([^/]+)", "action", "analyst", self.unblock),
            ("GET", "/v1/entities/([^/]+)/([^/]+)", "orchestrator", "analyst", self.entity),
            ("GET", "/v1/profiles/([^/]+)", "post_auth", "read analyst", self.profile),
            ("POST", "/v1/screen", "sanctions", "score", self.screen),
            ("GET", "/v1/sanctions/lists", "sanctions", read, self.sanctions_lists),
            ("GET", "/v1/sanctions/entities/([^/]+)", "sanctions", read, self.listed),
            ("GET", "/v1/cleared", "sanctions", "analyst", self.cleared),
            ("POST", "/v1/cleared", "sanctions", "analyst", self.clear),
        ]  # fmt: skip

    def search(self, ask: Ask) -> Any:
        """Decisions, newest first."""
        asked = ask.query

        def fits(record: dict[str, Any]) -> bool:
            made, payment = record["decision"], record["transaction"]
            have = {
                "account_id": payment["account_id"],
                "transaction_id": payment["transaction_id"],
                "card_token": (payment.get("card") or {}).get("token"),
                "device_id": (payment.get("device") or {}).get("device_id"),
                "counterparty": (payment.get("counterparty") or {}).get("account"),
                "merchant_id": (payment.get("merchant") or {}).get("merchant_id"),
                "decision": made["decision"],
            }
            if any(asked.get(k) not in (None, v) for k, v in have.items()):
                return False
            if asked.get("from") and made["decided_at"] < _offset(asked["from"]):
                return False
            codes = [reason["code"] for reason in made["reasons"]]
            if asked.get("reason") and asked["reason"] not in codes:
                return False
            return asked.get("degraded") != "true" or bool(made["degraded"])

        found = [one for one in reversed(self._gateway.records) if fits(one)]
        if "ndjson" in ask.accept:
            return self._export(page(found, ask))
        return page([_row(one) for one in found], ask)

    def _export(self, some: dict[str, Any]) -> httpx.Response:
        lines = "".join(json.dumps(one) + "\n" for one in some["items"])
        following = f'</v1/decisions?cursor={some["next_cursor"]}>; rel="next"'
        headers = {"link": following} if some["next_cursor"] else {}
        return httpx.Response(200, text=lines, headers=headers)

    def _record(self, decision_id: str) -> dict[str, Any]:
        records: list[dict[str, Any]] = self._gateway.records
        for one in records:
            if one["decision"]["decision_id"] == decision_id:
                found: dict[str, Any] = one
                return found
        raise Refused(404, "not-found")

    def stored(self, _: Ask, decision_id: str) -> Any:
        """One decision with its record and labels."""
        found = self._record(decision_id)
        about = found["transaction"]["transaction_id"]
        labels = [o for o in self._gateway.labels if o["transaction_id"] == about]
        return {"reply": found["decision"], "record": found, "labels": labels}

    def replay(self, _: Ask, decision_id: str) -> Any:
        """The same again."""
        self._record(decision_id)
        return {"decision_id": decision_id, "same": True, "differences": []}

    def why(self, _: Ask, decision_id: str) -> Any:
        """In words."""
        made = self._record(decision_id)["decision"]
        return {
            "decision_id": decision_id,
            "summary": f"{made['decision'].title()}: {made['reason']}.",
            "counterfactual": "With an amount below 80.00 EUR it would be approved.",
        }

    def blocks(self, ask: Ask) -> Any:
        """Blocks in force."""
        return page(list(self._gateway.blocks.values()), ask)

    def block(self, ask: Ask) -> Any:
        """Block an entity."""
        made = {"block_id": f"b-{len(self._gateway.blocks) + 1}", "state": "active"}
        made |= {
            "kind": ask.body["entity"],
            "key": ask.body["id"],
            "reason": ask.body["reason"],
            "expires_at": ask.body["expires_at"],
        }
        self._gateway.blocks[made["block_id"]] = made
        return made

    def unblock(self, _: Ask, block_id: str) -> Any:
        """Lift a block."""
        return self._gateway.blocks.pop(block_id, {})

    def entity(self, ask: Ask, kind: str, name: str) -> Any:
        """Decisions, blocks and cases of one."""
        at = {
            "account": ("account_id",),
            "card": ("card", "token"),
            "device": ("device", "device_id"),
            "merchant": ("merchant", "merchant_id"),
            "counterparty": ("counterparty", "account"),
        }
        own = [
            r for r in self._gateway.records if _at(r["transaction"], at[kind]) == name
        ]
        blocks = [b for b in self._gateway.blocks.values() if b["key"] == name]
        cases = [c for c in self._gateway.cases.values() if c["account_id"] == name]
        return {
            "kind": kind,
            "id": name,
            "decisions": Counter(one["decision"]["decision"] for one in own),
            "recent": [_row(one) for one in reversed(own[-50:])],
            "blocks": blocks,
            "cases": cases if kind == "account" else None,
            "profile": self.profile(ask, name) if kind == "account" else None,
        }

    def profile(self, _: Ask, account_id: str) -> Any:
        """What an account usually does."""
        return {
            "account_id": account_id,
            "payments": 42,
            "verdicts": {"APPROVE": 40, "CHALLENGE": 2},
            "first_seen": "2026-01-04T10:00:00Z",
            "last_seen": self._gateway.now().isoformat(),
            "currencies": [
                {
                    "currency": "EUR",
                    "payments": 42,
                    "sum_minor": 96600,
                    "mean_minor": 2300.0,
                    "deviation_minor": 900.0,
                }
            ],
            "merchants": 11,
            "devices": 2,
            "countries": 1,
            "labels": {"fraud": 0, "legitimate": 1, "reversed": 0, "pending": 41},
        }

    def screen(self, ask: Ask) -> Any:
        """Names that share a word with a listed one."""
        hits = [
            {
                "role": party["role"],
                "entity_id": entity_id,
                "list": source,
                "name": name,
                "similarity": 0.94,
                "strength": 0.81,
                "status": "match",
                "reasons": ["every part of the name agrees", "rare surname"],
            }
            for party in ask.body["parties"]
            for entity_id, (name, source) in LISTED.items()
            if set(name.lower().split())
            & set((party.get("name") or "").lower().split())
        ]
        return {
            "status": "match" if hits else "clear",
            "hits": hits,
            "lists": list(LISTS),
        }

    def sanctions_lists(self, _: Ask) -> Any:
        """Lists in use."""
        return {"lists": list(LISTS), "refused": []}

    def listed(self, _: Ask, entity_id: str) -> Any:
        """One listed entity."""
        if entity_id not in LISTED:
            raise Refused(404, "not-found")
        name, source = LISTED[entity_id]
        return {
            "entity_id": entity_id,
            "list": source,
            "kind": "person",
            "caption": name,
            "names": [{"name": name, "quality": "primary"}],
            "birth_dates": ["1970-04-02"],
            "countries": ["RU"],
            "programs": ["UKRAINE-EO13661"],
            "identifiers": [],
            "listed_on": "2014-03-20",
        }

    def cleared(self, _: Ask) -> Any:
        """None so far."""
        return {"cleared": []}

    def clear(self, ask: Ask) -> Any:
        """Clear a pair."""
        return {"clearing_id": "clr-1", **ask.body, "who": ask.caller.client}


def _offset(at: str) -> str:
    return at.replace("Z", "+00:00")


def _at(document: Any, path: Sequence[str]) -> Any:
    for name in path:
        document = (document or {}).get(name)
    return document


def _row(record: dict[str, Any]) -> dict[str, Any]:
    """A record as a search shows it."""
    made, payment = record["decision"], record["transaction"]
    return {
        **{
            k: made[k]
            for k in ("decision_id", "transaction_id", "decision", "challenge")
        },
        **{k: payment[k] for k in ("account_id", "amount_minor", "currency", "kind")},
        "client": record["client"],
        "merchant_id": _at(payment, ("merchant", "merchant_id")),
        "risk": made["risk"],
        "reason": made["reason"],
        "reasons": [reason["code"] for reason in made["reasons"]],
        "degraded": made["degraded"],
        "decided_at": made["decided_at"],
        "elapsed_ms": made["timings_ms"].get("total"),
    }
