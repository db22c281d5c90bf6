"""The fake gateway's work for workers: proposals about models, and studies. A test carries
them out itself."""

from typing import Any

from fraud_client.testing.analysis import Row, page
from fraud_client.testing.ask import Ask, Refused
from fraud_client.testing.study_results import RESULTS

AT = "2026-11-30T10:00:00Z"


class Proposals:
    """Proposed by one, approved by another; carried out when a test says `sign`."""

    def __init__(self, engines: Any) -> None:
        self._engines = engines
        self.known: dict[str, dict[str, Any]] = {}
        self.signer_runs = False

    def routes(self) -> list[Row]:
        """Method, path, service, scopes, handler."""
        every = "/v1/models/proposals"
        one = every + "/([^/]+)"
        return [
            ("GET", every, "orchestrator", "models audit", self.list),
            ("POST", every, "orchestrator", "models", self.create),
            ("GET", one, "orchestrator", "models audit", self.get),
            ("POST", one + "/approve", "orchestrator", "models", self.approve),
            ("POST", one + "/reject", "orchestrator", "models", self.reject),
        ]

    def list(self, ask: Ask) -> Any:
        """Newest first."""
        return page([*reversed(self.known.values())], ask)

    def get(self, _: Ask, proposal_id: str) -> Any:
        """One."""
        if proposal_id not in self.known:
            raise Refused(404, "not-found")
        return self.known[proposal_id]

    def create(self, ask: Ask) -> Any:
        """Nothing changes before another person approves it."""
        made = {
            "proposal_id": f"w-{len(self.known) + 1}",
            **ask.body,
            "state": "proposed",
            "waits_for": "a second person",
            "proposed_by": ask.caller.client,
            "proposed_at": AT,
            "moved": [],
        }
        self.known[made["proposal_id"]] = made
        return made

    def approve(self, ask: Ask, proposal_id: str) -> Any:
        """By another person than who proposed it."""
        found = self.get(ask, proposal_id)
        if found["proposed_by"] == ask.caller.client:
            raise Refused(
                409, "second-person-required", "Another person has to approve it."
            )
        self._decide(ask, found, ("proposed",), "approved")
        return found

    def reject(self, ask: Ask, proposal_id: str) -> Any:
        """Before the signer has begun."""
        found = self.get(ask, proposal_id)
        self._decide(ask, found, ("proposed", "approved"), "rejected")
        found["waits_for"] = None
        return found

    def _decide(
        self, ask: Ask, found: dict[str, Any], allowed: tuple[str, ...], state: str
    ) -> None:
        if found["state"] not in allowed:
            raise Refused(409, "work-state")
        found.update(
            state=state,
            decided_by=ask.caller.client,
            decided_at=AT,
            decided_why=ask.body["why"],
        )
        silent = "" if self.signer_runs else ": none is running"
        found["waits_for"] = f"the signer{silent}"

    def sign(self) -> None:
        """What the signer does with everything that is approved."""
        for found in self.known.values():
            if found["state"] != "approved":
                continue
            promoted = found["action"] == "promote"
            self._engines.bundle = found["bundle"] if promoted else "b-1"
            moved = {
                "name": "xgboost",
                "alias": "champion",
                "before": "1",
                "after": "2",
                "bundle": self._engines.bundle,
                "revision": 7,
            }
            found.update(state="done", waits_for=None, finished_at=AT, moved=[moved])


class Studies:
    """Queued by people; carried out when a test says `work`."""

    def __init__(self, engines: Any) -> None:
        self._engines = engines
        self.known: dict[str, dict[str, Any]] = {}
        self.worker_runs = False

    def routes(self) -> list[Row]:
        """Method, path, service, scopes, handler."""
        every, one = "/v1/studies", "/v1/studies/([^/]+)"
        reads = "rules models audit"
        return [
            ("GET", every, "orchestrator", reads, self.list),
            ("POST", every, "orchestrator", "rules", self.create),
            ("POST", "/v1/models/studies", "orchestrator", "models", self.create),
            ("GET", one, "orchestrator", reads, self.get),
            ("POST", one + "/cancel", "orchestrator", "rules models", self.cancel),
        ]

    def list(self, ask: Ask) -> Any:
        """Newest first, without what they found."""
        wanted = ask.query.get("kind")
        rows = [
            {**one, "result": None}
            for one in reversed(self.known.values())
            if wanted in (None, one["kind"])
        ]
        return page(rows, ask)

    def get(self, _: Ask, study_id: str) -> Any:
        """One."""
        if study_id not in self.known:
            raise Refused(404, "not-found")
        return self.known[study_id]

    def create(self, ask: Ask) -> Any:
        """Queued."""
        silent = "" if self.worker_runs else ": none is running"
        made = {
            "study_id": f"w-{len(self.known) + 1}",
            "of": "ruleset",
            "version": None,
            "on": "recorded",
            "documents": {},
            **ask.body,
            "state": "queued",
            "waits_for": f"a worker{silent}",
            "share": 0.0,
            "stage": None,
            "asked_by": ask.caller.client,
            "asked_at": AT,
            "finished_at": None,
            "problem": None,
            "result": None,
        }
        self.known[made["study_id"]] = made
        return made

    def cancel(self, ask: Ask, study_id: str) -> Any:
        """Before a worker has begun."""
        found = self.get(ask, study_id)
        if found["state"] != "queued":
            raise Refused(409, "work-state")
        found.update(state="cancelled", waits_for=None, finished_at=AT)
        return found

    def work(self, problem: str | None = None) -> None:
        """What a worker makes of everything that is queued."""
        for found in self.known.values():
            if found["state"] in ("queued", "running"):
                found.update(
                    state="done" if problem is None else "failed",
                    waits_for=None,
                    share=1.0,
                    finished_at=AT,
                    problem=problem,
                    result=RESULTS[found["kind"]] if problem is None else None,
                )
