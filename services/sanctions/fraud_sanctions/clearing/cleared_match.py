"""Cleared pairs: a customer who resembles a listed entity and was found to be another.

A clearing holds for one account and one entity as it was listed then, until its day.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from fraud_sanctions.lists.delta import fingerprint
from fraud_sanctions.lists.records import ListedEntity
from fraud_sanctions.matching.screener import Hit

# From then on a snapshot that could not be read again is not relied on: somebody may have
# taken a clearing back meanwhile.
OLDEST = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Clearing:
    """One cleared pair. `mark`: the entity's fingerprint when it was cleared."""

    clearing_id: str
    account: str
    entity_id: str
    mark: str
    until: datetime

    def holds(self, entity: ListedEntity, now: datetime) -> bool:
        """Whether it holds for this entity, listed as it is now."""
        return (
            entity.entity_id == self.entity_id
            and now < self.until
            and fingerprint(entity) == self.mark
        )


@dataclass(frozen=True)
class Cleared:
    """The clearings in force when they were read, by account."""

    read_at: datetime | None = None
    by_account: Mapping[str, Sequence[Clearing]] = field(default_factory=dict)

    def of(self, account: str | None, now: datetime) -> Sequence[Clearing]:
        """The clearings of one account; none when they were read too long ago."""
        if account is None or self.read_at is None or now - self.read_at > OLDEST:
            return ()
        return self.by_account.get(account, ())


def snapshot(clearings: Sequence[Clearing], read_at: datetime) -> Cleared:
    """Clearings as one look-up."""
    found: dict[str, list[Clearing]] = {}
    for clearing in clearings:
        found.setdefault(clearing.account, []).append(clearing)
    return Cleared(read_at, found)


def split(
    hits: Sequence[Hit], clearings: Sequence[Clearing], now: datetime
) -> tuple[list[Hit], list[tuple[Hit, Clearing]]]:
    """Hits that stand, and those that are cleared, each in the order they came."""
    if not clearings:
        return list(hits), []
    standing: list[Hit] = []
    cleared: list[tuple[Hit, Clearing]] = []
    for hit in hits:
        found = next((c for c in clearings if c.holds(hit.entity, now)), None)
        if found is None:
            standing.append(hit)
        else:
            cleared.append((hit, found))
    return standing, cleared
