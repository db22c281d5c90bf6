"""The history check: for each link of the way of an event, what was attempted, what was
acknowledged, and what is there in the end (as Jepsen's queue checker reports it)."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from fraud_ops.figures import Gate, gate


@dataclass(frozen=True, slots=True)
class LinkHistory:
    """What one link did with the ids that went in.

    `lost`: acknowledged, and not there. `unexpected`: there, and never attempted.
    `duplicated`: effects beyond the first. `recovered`: there although whoever attempted it
    was not told.
    """

    attempted: int
    acknowledged: int
    found: int
    lost: int
    unexpected: int
    duplicated: int
    recovered: int


def link(
    attempted: Collection[str], acknowledged: Collection[str], effects: Iterable[str]
) -> LinkHistory:
    """Judge one link; `effects` has an id as often as it took effect."""
    counts = Counter(effects)
    tried, sure = set(attempted), set(acknowledged)
    return LinkHistory(
        attempted=len(tried),
        acknowledged=len(sure),
        found=len(counts),
        lost=len(sure - counts.keys()),
        unexpected=len(counts.keys() - tried),
        duplicated=sum(count - 1 for count in counts.values()),
        recovered=len((counts.keys() & tried) - sure),
    )


def shown(history: Mapping[str, LinkHistory]) -> dict[str, dict[str, Any]]:
    """The history as plain figures."""
    return {name: asdict(one) for name, one in history.items()}


def gates(history: Mapping[str, LinkHistory]) -> list[Gate]:
    """Over all links: nothing lost, nothing from nowhere, nothing twice."""
    return [
        gate(
            f"events {what}",
            sum(getattr(one, what) for one in history.values()),
            0,
            "at_most",
        )
        for what in ("lost", "unexpected", "duplicated")
    ]
