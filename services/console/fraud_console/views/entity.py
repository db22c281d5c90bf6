"""An account, card, device, merchant or counterparty: what it did, and with whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fraud_client.models import Block, DecisionRow, Entity
from fraud_console.charts import graph
from fraud_console.charts.graph import Edge, Link, Node
from fraud_console.charts.series import Dot

KINDS = ("account", "card", "device", "merchant", "counterparty")
BLOCKABLE = ("account", "card", "device")
_HEIGHT = {"APPROVE": 78.0, "CHALLENGE": 48.0, "DECLINE": 18.0}


@dataclass(frozen=True, slots=True)
class EntityView:
    """The page of one."""

    kind: str
    id: str
    rows: Sequence[DecisionRow]
    dots: Sequence[Dot]
    nodes: Sequence[Node]
    edges: Sequence[Edge]
    links: Sequence[Link]
    blocks: Sequence[Block]
    habits: Sequence[tuple[str, Any]]
    blockable: bool

    @classmethod
    def of(
        cls, kind: str, name: str, entity: Entity | None, rows: Sequence[DecisionRow]
    ) -> "EntityView":
        """From what the gateway says of it, and its decisions."""
        extra: Mapping[str, Any] = (entity.model_extra or {}) if entity else {}
        if not rows:
            given = extra.get("decisions") or extra.get("payments") or ()
            rows = [
                DecisionRow.model_validate(one)
                for one in given
                if isinstance(one, Mapping) and "decision" in one
            ]
        links = [
            _link(one) for one in extra.get("links") or () if isinstance(one, dict)
        ]
        nodes, edges = graph.around((kind, name), links)
        return cls(
            kind=kind,
            id=name,
            rows=rows,
            dots=timeline(rows),
            nodes=nodes,
            edges=edges,
            links=links,
            blocks=[Block.model_validate(one) for one in extra.get("blocks") or ()],
            habits=list(_plain(extra.get("habits") or extra.get("profile") or {})),
            blockable=kind in BLOCKABLE,
        )


def _link(given: Mapping[str, Any]) -> Link:
    kind, name = str(given.get("kind", "")), str(given.get("id", ""))
    others = tuple(
        (str(one.get("kind", "")), str(one.get("id", "")), href(one))
        for one in given.get("others") or given.get("links") or ()
        if isinstance(one, Mapping)
    )
    return Link(kind, name, href(given), bool(given.get("frauds")), others)


def href(given: Mapping[str, Any]) -> str:
    """The page of a linked entity; empty where there is none."""
    kind, name = str(given.get("kind", "")), str(given.get("id", ""))
    return f"/entities/{kind}/{quote(name, safe='')}" if kind in KINDS and name else ""


def timeline(rows: Sequence[DecisionRow]) -> list[Dot]:
    """Payments over time, by verdict."""
    known = sorted(
        (row for row in rows if row.decided_at is not None),
        key=lambda row: row.decided_at.timestamp() if row.decided_at else 0.0,
    )
    if not known:
        return []
    first, last = known[0].decided_at, known[-1].decided_at
    assert first is not None
    assert last is not None
    whole = (last - first).total_seconds() or 1.0
    return [
        Dot(
            round(
                2 + 96 * ((row.decided_at or first) - first).total_seconds() / whole, 2
            ),
            _HEIGHT.get(row.decision, 50.0),
            row.decision,
            row.reason,
            f"/decisions/{row.decision_id}",
        )
        for row in known
    ]


def _plain(document: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [
        (name, value)
        for name, value in document.items()
        if isinstance(value, str | int | float) and not isinstance(value, bool)
    ]
