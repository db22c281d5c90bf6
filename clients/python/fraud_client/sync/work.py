# Generated from fraud_client/aio by unasync.py.
"""What people ask for and workers carry out: promotions of models, and studies."""

from typing import Any

from fraud_client.models import ModelProposal, Page, Study
from fraud_client.paths import path, query
from fraud_client.sync.transport import Transport


class ModelProposals:
    """Promotions and rollbacks of bundles: one proposes, another approves, a signer, which
    has the key, carries it out."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(
        self, *, limit: int = 100, cursor: str | None = None
    ) -> Page[ModelProposal]:
        """Newest first."""
        asked = query({"limit": limit, "cursor": cursor})
        return self._transport.get(Page[ModelProposal], "/v1/models/proposals", asked)

    def get(self, proposal_id: str) -> ModelProposal:
        """One of them, with whom it waits for."""
        return self._transport.get(
            ModelProposal, path("/v1/models/proposals/{}", proposal_id)
        )

    def create(self, action: str, bundle: str, why: str) -> ModelProposal:
        """Propose to `promote` a bundle, or to `roll_back` from it."""
        body = {"action": action, "bundle": bundle, "why": why}
        return self._transport.post(ModelProposal, "/v1/models/proposals", body)

    def approve(self, proposal_id: str, why: str) -> ModelProposal:
        """Approve what another person proposed."""
        return self._decide(proposal_id, "approve", why)

    def reject(self, proposal_id: str, why: str) -> ModelProposal:
        """Reject it, or take one's own back, before the signer begins."""
        return self._decide(proposal_id, "reject", why)

    def _decide(self, proposal_id: str, verb: str, why: str) -> ModelProposal:
        return self._transport.post(
            ModelProposal,
            path("/v1/models/proposals/{}/{}", proposal_id, verb),
            {"why": why},
        )


class Studies:
    """Backtests, proofs, suggestions, what-ifs of drafts; drift and dossiers of models. A
    worker carries them out: ask again until `finished_at` is there."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(
        self, *, kind: str | None = None, limit: int = 100, cursor: str | None = None
    ) -> Page[Study]:
        """Newest first, without what they found."""
        asked = query({"kind": kind, "limit": limit, "cursor": cursor})
        return self._transport.get(Page[Study], "/v1/studies", asked)

    def get(self, study_id: str) -> Study:
        """One of them, with what it found."""
        return self._transport.get(Study, path("/v1/studies/{}", study_id))

    def start(self, kind: str, why: str, **wanted: Any) -> Study:
        """Ask for a `backtest`, `prove`, `suggest` or `what_if`. `wanted`: `version`, `of`,
        `on`, `payments`, `hours`, `most`, as the gateway documents them."""
        body = {"kind": kind, "why": why, **wanted}
        return self._transport.post(Study, "/v1/studies", body)

    def start_of_models(self, kind: str, why: str, **wanted: Any) -> Study:
        """Ask for `drift`, or the `dossier` of `model` and `model_version`."""
        body = {"kind": kind, "why": why, **wanted}
        return self._transport.post(Study, "/v1/models/studies", body)

    def cancel(self, study_id: str, why: str) -> Study:
        """Take it back before a worker begins."""
        return self._transport.post(
            Study, path("/v1/studies/{}/cancel", study_id), {"why": why}
        )
