"""What a rescreening found, and the request for a case that it becomes.

Neither holds a name: the case leads to the listed entity by its id, and to the party by
account, role and transaction.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import NAMESPACE_URL, uuid5

from fraud_sanctions.lists.records import ListedEntity
from fraud_sanctions.matching.screener import Bands, Hit
from fraud_sanctions.parties.party import KnownParty
from fraud_shared.contracts.action import ActionRequest, ListingFinding
from fraud_shared.contracts.events import ACTION_REQUESTED, CloudEvent, event_id

REASON = "SANCTIONS_LIST_UPDATE"
_NAMESPACE = uuid5(NAMESPACE_URL, "urn:fraud:rescreenings")


@dataclass(frozen=True, slots=True)
class Finding:
    """A known party resembles a listed entity. `version`: of the entity's list."""

    party: KnownParty = field(repr=False)
    entity: ListedEntity
    version: str
    similarity: float
    strength: float
    status: Literal["possible", "match"]

    @classmethod
    def of(
        cls, party: KnownParty, hit: Hit, held: Mapping[str, str], bands: Bands
    ) -> "Finding":
        """From a hit of the screening."""
        is_match = bands.band(hit.score, hit.similarity) == "match"
        return cls(
            party,
            hit.entity,
            held[hit.entity.list_id],
            round(hit.similarity, 4),
            round(hit.strength, 4),
            "match" if is_match else "possible",
        )

    def requested(self, now: datetime) -> CloudEvent:
        """`fraud.action.requested.v1` for a case; the same finding gives the same ids."""
        known, entity = self.party, self.entity
        parts = (known.transaction_id, known.role, entity.entity_id, self.version)
        identity = str(uuid5(_NAMESPACE, "\n".join((entity.list_id, *parts))))
        request = ActionRequest(
            decision_id=f"rescreening-{identity}",
            transaction_id=known.transaction_id,
            account_id=known.account_id,
            actions=("case",),
            reason=REASON,
            listing=ListingFinding(
                role=known.role,
                list=entity.list_id,
                version=self.version,
                entity_id=entity.entity_id,
                similarity=self.similarity,
                strength=self.strength,
                status=self.status,
            ),
        )
        return CloudEvent(
            id=event_id(known.transaction_id, ACTION_REQUESTED, identity),
            source="urn:fraud:sanctions",
            type=ACTION_REQUESTED,
            subject=known.transaction_id,
            time=now,
            data=request.model_dump(mode="json"),
        )
