"""What a start may lose: the lists it found against those that were announced last.

A running service refuses a list that shrank or is gone because it holds the old one. A
start holds nothing, so it asks what was announced, by whichever replica.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import structlog

from fraud_sanctions import telemetry
from fraud_sanctions.lists.catalogue import shrunken
from fraud_sanctions.lists.records import WatchList
from fraud_sanctions.lists.sources.refusal import RefusalCode

log = structlog.get_logger()
# The version of a list that is not there: it was never before, or it is gone.
NEVER = "none"
SETTING = "FRAUD_SANCTIONS_ACCEPT_LISTS"


@dataclass(frozen=True, slots=True)
class Announced:
    """What the mesh was told of one list last."""

    version: str
    entities: int


@dataclass(frozen=True, slots=True)
class ListShrinkage:
    """A list that holds much less than was announced, or is gone (`version` is NEVER)."""

    list_id: str
    code: RefusalCode
    version: str
    before: int
    now: int

    @property
    def acceptance(self) -> str:
        """What the setting must hold to accept it. It names the version, so that a setting
        that is left behind accepts no other loss."""
        return f"{self.list_id}@{self.version}"

    def report(self) -> None:
        """Say what was lost, and how to accept it."""
        telemetry.LIST_LOADS.labels(self.list_id, self.code.lower()).inc()
        log.error(
            "list_refused",
            list=self.list_id,
            code=self.code,
            entities_announced=self.before,
            entities_now=self.now,
            accept_by=f"{SETTING}={self.acceptance}",
        )


def shrinkages(
    lists: Sequence[WatchList], known: Mapping[str, Announced], sample: Collection[str]
) -> tuple[ListShrinkage, ...]:
    """Lists that shrank by more than a tenth since they were announced, or are gone.

    An unchanged file has lost nothing, however it is read now. `sample`: the ids of the
    lists in the package, which may go together: then real lists took their place.
    """
    here = {watch.list_id: watch for watch in lists}
    excused = () if here.keys() & set(sample) else sample
    found = []
    for list_id, last in known.items():
        watch = here.get(list_id)
        if watch is None:
            if last.version != NEVER and list_id not in excused:
                found.append(
                    ListShrinkage(list_id, "LIST_MISSING", NEVER, last.entities, 0)
                )
        elif watch.version != last.version:
            now = len(watch.entities)
            if shrunken(now, last.entities):
                loss = ListShrinkage(
                    list_id, "LIST_SHRUNKEN", watch.version, last.entities, now
                )
                found.append(loss)
    return tuple(found)


def accepted(text: str) -> frozenset[str]:
    """The losses that the setting accepts: `list@version` or `list@none`, by commas."""
    return frozenset(part.strip() for part in text.split(",") if part.strip())
