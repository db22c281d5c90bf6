"""Promotions of models, and studies."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from fraud_client.models.base import JsonObject, Reply


class ModelProposal(Reply):
    """A proposed promotion or rollback of a bundle. `waits_for`: whom it waits for, in
    words; `moved`: what the signer did; `problem`: why it refused."""

    proposal_id: str
    action: str = ""
    bundle: str = ""
    state: str = ""
    waits_for: str | None = None
    why: str = ""
    proposed_by: str = ""
    proposed_at: datetime | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    decided_why: str | None = None
    finished_at: datetime | None = None
    moved: Sequence[JsonObject] = ()
    problem: str | None = None


class Study(Reply):
    """A study of a draft or of models. `waits_for`: whom it waits for, in words; `share`:
    how much is done; `result`: what was found, only where one study is asked."""

    study_id: str
    kind: str = ""
    of: str = ""
    version: int | None = None
    on: str = ""
    documents: Mapping[str, str] = {}
    state: str = ""
    waits_for: str | None = None
    share: float = 0.0
    stage: str | None = None
    why: str = ""
    asked_by: str = ""
    asked_at: datetime | None = None
    finished_at: datetime | None = None
    problem: str | None = None
    result: JsonObject | None = None
