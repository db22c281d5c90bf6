"""An account, card, device, merchant or counterparty: what it did, and with whom."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fraud_client.models import Block, Case, DecisionRecord, DecisionRow, Entity
from fraud_console.charts import graph
from fraud_console.charts.graph import Edge, Link, Node
from fraud_console.charts.series import Dot

KINDS = ("account", "card", "device", "merchant", "counterparty")
BLOCKABLE = ("account", "card", "device")
# Where a payment names each; merchants link nearly everybody, so they are no link.
PLACES: Mapping[str, tuple[str, ...]] = {
    "account": ("account_id",),
    "card": ("card", "token"),
    "device": ("device", "device_id"),
    "counterparty": ("counterparty", "account"),
}
# By which filter of the decision log the payments of an entity are found.
FILTERS: Mapping[str, str] = {
    "account": "account_id",
    "card": "card_token",
    "device": "device_id",
    "merchant": "merchant_id",
    "counterparty": "counterparty",
}
MOST_LINKS = 6
_HEIGHT = {"APPROVE": 78.0, "CHALLENGE": 48.0, "DECLINE": 18.0}
# A thing that a payment names: its kind and its identifier.
Named = tuple[str, str]


@dataclass(frozen=True, slots=True)
class EntityView:
    """The page of one."""

    kind: str
    id: str
    rows: Sequence[DecisionRow]
    counts: Sequence[tuple[str, int]]
    dots: Sequence[Dot]
    nodes: Sequence[Node]
    edges: Sequence[Edge]
    links: Sequence[Link]
    blocks: Sequence[Block]
    cases: Sequence[Case]
    profile: Mapping[str, Any]
    blockable: bool

    @classmethod
    def of(
        cls, kind: str, name: str, entity: Entity | None, links: Sequence[Link]
    ) -> "EntityView":
        """From what the gateway says of it, and what it is linked with."""
        extra: Mapping[str, Any] = (entity.model_extra or {}) if entity else {}
        rows = [DecisionRow.model_validate(one) for one in extra.get("recent") or ()]
        nodes, edges = graph.around((kind, name), links)
        return cls(
            kind=kind,
            id=name,
            rows=rows,
            counts=sorted((extra.get("decisions") or {}).items()),
            dots=timeline(rows),
            nodes=nodes,
            edges=edges,
            links=links,
            blocks=[Block.model_validate(one) for one in extra.get("blocks") or ()],
            cases=[Case.model_validate(one) for one in extra.get("cases") or ()],
            profile=extra.get("profile") or {},
            blockable=kind in BLOCKABLE,
        )


def named_in(records: Sequence[DecisionRecord], besides: Named) -> list[Named]:
    """What payments name besides one thing, the most frequent first."""
    found: Counter[Named] = Counter()
    for record in records:
        for kind, path in PLACES.items():
            name: Any = record.transaction
            for step in path:
                name = name.get(step) if isinstance(name, Mapping) else None
            if name and (kind, str(name)) != besides:
                found[kind, str(name)] += 1
    return [named for named, _ in found.most_common(MOST_LINKS)]


def links_of(
    near: Sequence[Named], far: Sequence[Sequence[DecisionRecord]], centre: Named
) -> list[Link]:
    """What is shared, and who shares that too; `far` are the payments of each of `near`. A
    link is bad where one of its payments was declined."""
    return [
        Link(
            kind,
            name,
            href(kind, name),
            any(record.decision.decision == "DECLINE" for record in records),
            tuple(
                (other, id, href(other, id))
                for other, id in named_in(records, (kind, name))
                if (other, id) != centre and (other, id) not in near
            ),
        )
        for (kind, name), records in zip(near, far, strict=True)
    ]


def href(kind: str, name: str) -> str:
    """The page of an entity."""
    return f"/entities/{kind}/{quote(name, safe='')}"


def timeline(rows: Sequence[DecisionRow]) -> list[Dot]:
    """Payments over time, by verdict."""
    known = [(row.decided_at, row) for row in rows if row.decided_at is not None]
    known.sort(key=lambda pair: pair[0])
    if not known:
        return []
    first, last = known[0][0], known[-1][0]
    whole = (last - first).total_seconds() or 1.0
    return [
        Dot(
            round(2 + 96 * (at - first).total_seconds() / whole, 2),
            _HEIGHT.get(row.decision, 50.0),
            row.decision,
            row.reason,
            f"/decisions/{row.decision_id}",
        )
        for at, row in known
    ]
