"""The fake gateway's rules, policies, lists, models and probes."""

import difflib
from typing import Any

from fraud_client.testing.analysis import Row, page
from fraud_client.testing.ask import Ask, Refused
from fraud_client.testing.work import Proposals, Studies

RULES = """rules:
  - id: R-014
    version: 7
    when: card_n_1h >= 3 && device_is_new
    effect: FLAG
    severity: high
    reason: Three payments on a new device within an hour
"""
POLICY = """version: policy@3
bands:
  - {below: 0.05, verdict: APPROVE}
  - {below: 0.60, verdict: CHALLENGE}
  - {below: 1.00, verdict: DECLINE}
"""
RUN_AT = "2026-11-30T10:00:00Z"
RUNS = [
    {
        "run": "20261130t090000z-0a1b2c3d",
        "trigger": "every 7 days",
        "outcome": "kept",
        "reasons": ["average precision is not shown to be better"],
        "finished_at": RUN_AT,
        "bundle": "b-2",
    }
]


class Versions:
    """Drafts, the one in force, and promotions by two people."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.history: list[dict[str, Any]] = []
        self.known: dict[str, dict[str, Any]] = {}
        self._add(text, "first", "seed")["state"] = "live"

    def _add(self, text: str, why: str, author: str) -> dict[str, Any]:
        number = 7 + len(self.known)
        made = {
            "document": f"{self.name}@{number}+1a2b3c4d",
            "version": number,
            "state": "draft",
            "author": author,
            "why": why,
            "created_at": "2026-11-30T10:00:00Z",
            "asked_by": [],
            "live_at": None,
            "live_by": None,
            "text": text,
        }
        self.known[str(number)] = made
        return made

    def routes(self, prefix: str, service: str) -> list[Row]:
        """Method, path, service, scopes, handler."""
        one = prefix + "/([^/]+)"
        rows = [
            ("GET", prefix, self.list),
            ("POST", prefix, self.create),
            ("POST", prefix + "/check", self.check),
            ("GET", prefix + "/history", lambda ask: page(self.history, ask)),
            ("GET", prefix + "/metrics", self.metrics),
            ("POST", prefix + "/rollback", self.rollback),
            ("GET", one, self.get),
            ("POST", one + "/shadow", self.shadow),
            ("POST", one + "/promote", self.promote),
            ("GET", one + "/diff/([^/]+)", self.diff),
        ]
        return [
            (method, path, service, "rules audit" if method == "GET" else "rules", do)
            for method, path, do in rows
        ]

    def list(self, ask: Ask) -> Any:
        """Newest first, without their texts."""
        rows = [{**one, "text": None} for one in reversed(self.known.values())]
        return page(rows, ask)

    def get(self, _: Ask, version: str) -> Any:
        """One, by number or by state."""
        if version in ("live", "shadow"):
            states = {one["state"]: number for number, one in self.known.items()}
            version = states.get(version, version)
        if version not in self.known:
            raise Refused(404, "not-found")
        return self.known[version]

    def check(self, ask: Ask) -> Any:
        """A text without a colon, or with an `undeclared` field, does not type-check."""
        text = ask.body["text"]
        if ":" not in text or "undeclared" in text:
            raise Refused(
                422,
                "invalid-input",
                errors=(("rules.0.when", "line 4: unknown field: undeclared"),),
            )
        odd = {"kind": "duplicate", "rule": "R-014", "detail": "as R-013", "line": 2}
        return {"document": "x@8+0", "findings": [odd] if "R-013" in text else []}

    def create(self, ask: Ask) -> Any:
        """A draft."""
        made = self._add(ask.body["text"], ask.body["why"], ask.caller.client)
        self._note(ask, "drafted", made)
        return made

    def shadow(self, ask: Ask, version: str) -> Any:
        """Beside what is in force."""
        found = self.get(ask, version)
        found["state"] = "shadow"
        self._note(ask, "shadowed", found)
        return found

    def promote(self, ask: Ask, version: str) -> Any:
        """Asked for by one, carried out by another."""
        found, who = self.get(ask, version), ask.caller.client
        if found["asked_by"] == [who]:
            raise Refused(409, "conflict", "A second person must promote it.")
        if not found["asked_by"]:
            found["asked_by"] = [who]
            self._note(ask, "asked", found)
            return {"outcome": "asked", "version": found}
        self._live(found, who)
        self._note(ask, "promoted", found)
        return {"outcome": "live", "version": found}

    def rollback(self, ask: Ask) -> Any:
        """An earlier one again."""
        found = self.get(ask, str(ask.body["to"]))
        self._live(found, ask.caller.client)
        self._note(ask, "rolled_back", found)
        return found

    def _live(self, found: dict[str, Any], who: str) -> None:
        for other in self.known.values():
            if other["state"] == "live":
                other["state"] = "retired"
        found.update(state="live", live_by=who, asked_by=[])

    def diff(self, ask: Ask, older: str, newer: str) -> Any:
        """A unified diff of two texts."""
        one, other = (
            self.get(ask, version)["text"].splitlines() for version in (older, newer)
        )
        lines = difflib.unified_diff(one, other, older, newer, lineterm="")
        return {"before": int(older), "after": int(newer), "lines": [*lines]}

    def metrics(self, _: Ask) -> Any:
        """One rule in force, one in shadow."""
        live = {"rule": "R-014@7", "state": "live", "hits": 31, "hit_rate": 0.0031}
        beside = {"rule": "R-015@1", "state": "shadow", "hits": 4, "hit_rate": 0.0004}
        timed = {"errors": 0, "mean_us": 2.8}
        items = [live | timed, beside | timed]
        return {"document": "rules@7+1a2b3c4d", "payments": 10_000, "items": items}

    def _note(self, ask: Ask, action: str, found: dict[str, Any]) -> None:
        row = {
            "seq": len(self.history) + 1,
            "at": "2026-11-30T10:00:00Z",
            "who": ask.caller.client,
            "action": action,
            "subject": self.name,
            "version": found["version"],
            "why": (ask.body or {}).get("why", ""),
        }
        self.history.insert(0, row)


class Engines:
    """Rules, policies, lists, models, probes."""

    def __init__(self, gateway: Any) -> None:
        self._gateway = gateway
        self.rules, self.policy = Versions("rules", RULES), Versions("policy", POLICY)
        self.entries: dict[str, list[dict[str, Any]]] = {}
        self.snoozes: list[dict[str, Any]] = []
        self.bundle = "b-1"
        self.proposals, self.studies = Proposals(self), Studies(self)

    def routes(self) -> list[Row]:
        """Method, path, service, scopes, handler."""
        entries = "/v1/lists/([^/]+)/entries"
        return [
            *self.rules.routes("/v1/rulesets", "rules"),
            *(
                row
                for row in self.policy.routes("/v1/policies", "decision")
                if not row[1].endswith("/metrics")
            ),
            ("GET", entries, "rules", "rules audit", self.list_entries),
            ("POST", entries, "rules", "rules", self.add_entry),
            ("DELETE", entries + "/([^/]+)", "rules", "rules", self.drop_entry),
            (
                "GET",
                "/v1/snoozes",
                "rules",
                "rules audit",
                lambda a: page(self.snoozes, a),
            ),
            ("POST", "/v1/snoozes", "rules", "rules", self.add_snooze),
            *self.proposals.routes(),
            *self.studies.routes(),
            ("GET", "/v1/models", "xgboost", "models audit", self.models),
            (
                "GET",
                "/v1/models/([^/]+)/([^/]+)/card",
                "xgboost",
                "models audit",
                self.card,
            ),
            (
                "GET",
                "/v1/retrainings",
                "xgboost",
                "models audit",
                lambda a: page(RUNS, a),
            ),
            ("GET", "/v1/version", "orchestrator", "read", self.version),
            ("GET", "/readyz", "orchestrator", "", self.ready),
            ("GET", "/v1/parked", "post_auth", "admin", lambda a: page([], a)),
            ("GET", "/v1/audit", "orchestrator", "audit", lambda a: page([], a)),
            ("GET", "/v1/ratios", "orchestrator", "read analyst", lambda _: {}),
        ]

    def list_entries(self, ask: Ask, name: str) -> Any:
        """Entries of a list."""
        return page(self.entries.get(name, []), ask)

    def add_entry(self, ask: Ask, name: str) -> Any:
        """Add one."""
        held = self.entries.setdefault(name, [])
        made = {"entry_id": f"e-{len(held) + 1}", **ask.body}
        held.append(made | {"who": ask.caller.client})
        return held[-1]

    def drop_entry(self, _: Ask, name: str, entry_id: str) -> Any:
        """Take one off."""
        held = self.entries.get(name, [])
        self.entries[name] = [one for one in held if one["entry_id"] != entry_id]
        return {}

    def add_snooze(self, ask: Ask) -> Any:
        """Silence a rule."""
        self.snoozes.append({"snooze_id": f"s-{len(self.snoozes) + 1}", **ask.body})
        return self.snoozes[-1]

    def models(self, _: Ask) -> Any:
        """What serves."""
        one = {
            "version": "1",
            "hash": "ab" * 32,
            "bundle": self.bundle,
            "problem": None,
        }
        rows = (
            ("xgboost", "champion", {"average_precision": 0.81, "roc_auc": 0.98}),
            ("lightgbm", "challenger", {"average_precision": 0.79, "roc_auc": 0.97}),
        )
        return {
            "champion": self.bundle,
            "models": [
                one | {"name": name, "alias": alias, "metrics": metrics}
                for name, alias, metrics in rows
            ],
            "bundles": [
                {"bundle": self.bundle, "state": "champion", "since": RUN_AT},
                {"bundle": "b-2", "state": "challenger", "since": RUN_AT},
            ],
        }

    def card(self, _: Ask, name: str, version: str) -> Any:
        """What a model is for."""
        return {
            "name": name,
            "version": version,
            "metadata": {"algorithm": "XGBoost", "trained_on": "300,000 payments"},
            "model_card": f"# {name} {version}\n\nThe probability of fraud.",
        }

    def version(self, _: Ask) -> Any:
        """Versions that serve."""
        return {"service": "orchestrator", "version": "1", "models": []}

    def ready(self, _: Ask) -> Any:
        """Every part by name."""
        services = ("rules", "xgboost", "decision", "action", "post_auth", "sanctions")
        parts = [
            {"name": name, "status": "down" if name in self._gateway.down else "ready"}
            for name in services
        ]
        return {"status": "ready", "checks": {"decision_log": True}, "parts": parts}
