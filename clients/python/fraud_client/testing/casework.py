"""The fake gateway's cases."""

import uuid
from typing import Any

from fraud_client.testing.analysis import Row, page
from fraud_client.testing.ask import Ask, Refused


class Casework:
    """The queue, and what is done with a case."""

    def __init__(self, gateway: Any) -> None:
        self._gateway = gateway

    def routes(self) -> list[Row]:
        """Method, path, service, scopes, handler."""
        case = "/v1/cases/([^/]+)"
        return [
            ("GET", "/v1/cases", "action", "analyst", self.cases),
            ("POST", "/v1/cases/resolve", "action", "analyst", self.resolve_many),
            ("GET", case, "action", "analyst", self.case),
            ("POST", case + "/assign", "action", "analyst", self.assign),
            ("POST", case + "/notes", "action", "analyst", self.note),
            ("POST", case + "/resolve", "action", "analyst", self.resolve),
            ("GET", case + "/related", "action", "analyst", self.related),
            ("GET", case + "/evidence", "orchestrator", "analyst", self.evidence),
        ]

    def open_case(self, record: dict[str, Any]) -> dict[str, Any]:
        """A case about a decision."""
        made, payment = record["decision"], record["transaction"]
        case = {
            "case_id": f"c-{uuid.uuid4().hex[:12]}",
            "decision_id": made["decision_id"],
            "transaction_id": made["transaction_id"],
            "account_id": payment["account_id"],
            "decision": made["decision"],
            "amount_minor": payment["amount_minor"],
            "currency": payment["currency"],
            "reason": made["reason"],
            "risk": made["risk"],
            "expected_loss_minor": made["expected_loss_minor"],
            "priority": made["expected_loss_minor"],
            "state": "open",
            "assignee": None,
            "resolution": None,
            "analyst": None,
            "note": None,
            "notes": [],
            "created_at": made["decided_at"],
            "overdue": False,
        }
        self._gateway.cases[case["case_id"]] = case
        return case

    def cases(self, ask: Ask) -> Any:
        """The queue."""
        wanted = ask.query.get("status") or "open"
        found = [c for c in self._gateway.cases.values() if c["state"] == wanted]
        assignee = ask.query.get("assignee")
        found = [c for c in found if assignee in (None, c["assignee"])]
        found.sort(key=lambda c: -(c["priority"] or 0))
        return page(found, ask)

    def case(self, _: Ask, case_id: str) -> Any:
        """One case."""
        if case_id not in self._gateway.cases:
            raise Refused(404, "not-found")
        return self._gateway.cases[case_id]

    def assign(self, ask: Ask, case_id: str) -> Any:
        """Give it to somebody."""
        found = self.case(ask, case_id)
        found["assignee"] = ask.body["assignee"]
        return found

    def note(self, ask: Ask, case_id: str) -> Any:
        """Add a note."""
        found = self.case(ask, case_id)
        self._did(found, ask, "noted", ask.body["text"])
        return found

    def _did(self, case: dict[str, Any], ask: Ask, did: str, text: str | None) -> None:
        at = self._gateway.now().isoformat()
        note = {"at": at, "who": ask.caller.client, "did": did, "text": text}
        case["notes"].append(note)

    def resolve(self, ask: Ask, case_id: str) -> Any:
        """Store a finding, and its label."""
        found = self.case(ask, case_id)
        if found["state"] != "open":
            raise Refused(409, "conflict", "The case is resolved already.")
        finding = {"resolution": ask.body["outcome"], "note": ask.body.get("note")}
        found.update(state="resolved", analyst=ask.caller.client, **finding)
        self._did(found, ask, "resolved", ask.body.get("note"))
        self._gateway.labels.append(
            {
                "transaction_id": found["transaction_id"],
                "label": ask.body["outcome"],
                "source": "analyst",
                "reported_at": self._gateway.now().isoformat(),
            }
        )
        return found

    def resolve_many(self, ask: Ask) -> Any:
        """A burst with one finding."""
        for case_id in ask.body["case_ids"]:
            self.resolve(ask, case_id)
        items = [{"case_id": c, "status": "resolved"} for c in ask.body["case_ids"]]
        return {"items": items}

    def related(self, ask: Ask, case_id: str) -> Any:
        """Cases of the same account."""
        one = self.case(ask, case_id)
        items = [
            {**other, "shared": ["account"]}
            for other in self._gateway.cases.values()
            if other is not one and other["account_id"] == one["account_id"]
        ]
        return {"case_id": case_id, "keys": {}, "items": items}

    def evidence(self, ask: Ask, case_id: str) -> Any:
        """What the case needs on paper, of its own payment only."""
        one = self.case(ask, case_id)
        shown = (
            "decision_id", "transaction_id", "decision", "amount_minor", "currency",
        )  # fmt: skip
        paid = {**{name: one[name] for name in shown}, "labels": []}
        at = {"at": one["created_at"], "decision_id": one["decision_id"]}
        total = {name: one[name] for name in ("amount_minor", "currency")}
        return {
            "case_id": case_id,
            "account_id": one["account_id"],
            "made_at": one["created_at"],
            "dispute": {
                "disputed": paid, "disputed_at": None, "disputed_by": None,
                "earlier": [], "looked_through": 0,
            },
            "report": {
                "subject": [], "activity": [paid], "first": at, "last": at,
                "totals": [{**total, "decision_ids": [one["decision_id"]]}],
                "why": [],
            },
            "adverse_action": {
                "decision_id": one["decision_id"], "decision": one["decision"],
                "grounds": [],
            },
        }  # fmt: skip
