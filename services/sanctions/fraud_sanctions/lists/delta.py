"""What changed between two versions of a list."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace

from fraud_sanctions.lists.records import ListedEntity


@dataclass(frozen=True, slots=True)
class Delta:
    """Entity ids, sorted: new, gone, and listed with other facts than before."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


def fingerprint(entity: ListedEntity) -> str:
    """16 hex digits of everything the list says; the order of facts does not count."""
    facts = {
        name: sorted(value, key=repr) if isinstance(value, tuple | list) else value
        for name, value in asdict(entity).items()
    }
    text = json.dumps(facts, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def likeness_mark(entity: ListedEntity) -> str:
    """The fingerprint of what tells who the entity is: another programme or day of listing
    makes nobody resemble it who did not before."""
    return fingerprint(replace(entity, programs=(), listed_on=None))


def fingerprints(entities: Iterable[ListedEntity]) -> dict[str, str]:
    """The fingerprint of each entity, by id."""
    return {entity.entity_id: fingerprint(entity) for entity in entities}


def delta(before: Mapping[str, str], after: Mapping[str, str]) -> Delta:
    """What lies between two versions, each as `fingerprints`."""
    return Delta(
        added=tuple(sorted(after.keys() - before.keys())),
        removed=tuple(sorted(before.keys() - after.keys())),
        changed=tuple(
            sorted(key for key, mark in after.items() if before.get(key, mark) != mark)
        ),
    )
