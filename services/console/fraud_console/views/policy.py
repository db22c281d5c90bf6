"""A policy as a picture: which verdicts each band of risk allows, and what they cost."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fraud_shared.documents import SourceError, parse

# The scale of the picture is stretched where the bands are: most payments have little risk.
_STRETCH = 0.4


@dataclass(frozen=True, slots=True)
class Band:
    """From one risk to the next: where it is drawn (percent), and what it allows."""

    low: float
    high: float
    start: float
    length: float
    allow: tuple[str, ...]

    @property
    def look(self) -> str:
        """The severest verdict alone, or two between which the costs decide."""
        return "-".join(verdict.lower() for verdict in self.allow)


@dataclass(frozen=True, slots=True)
class PolicyView:
    """Bands by segment, and the other settings of the policy."""

    problem: str
    segments: Sequence[tuple[str, str, Sequence[Band]]]
    costs: Sequence[tuple[str, Any]]
    rest: Sequence[tuple[str, Sequence[tuple[str, Any]]]]

    @classmethod
    def of(cls, text: str | None) -> "PolicyView":
        """From the policy's own text."""
        if not text:
            return cls("The version came without its text.", (), (), ())
        try:
            document = json.loads(parse(text.encode()))
        except SourceError as error:
            return cls(f"The text cannot be read: {error}", (), (), ())
        if not isinstance(document, Mapping):
            return cls("The text is no policy.", (), (), ())
        risk = document.get("risk") or {}
        segments = [("Every other payment", "", _bands(risk.get("bands") or ()))]
        for one in document.get("segments") or ():
            segments.append(
                (
                    one.get("name", ""),
                    _when(one.get("when") or {}),
                    _bands(one["bands"]),
                )
            )
        shown = ("amounts", "anomaly", "stand_in", "limits")
        return cls(
            "",
            segments,
            list(_pairs(document.get("costs") or {})),
            [(n, list(_pairs(document[n]))) for n in shown if document.get(n)],
        )


def place(risk: float) -> float:
    """Where a risk is on the stretched scale, in percent."""
    return float(round(100 * min(1.0, max(0.0, risk)) ** _STRETCH, 2))


def _bands(given: Sequence[Mapping[str, Any]]) -> list[Band]:
    found = []
    for number, band in enumerate(given):
        low = float(band.get("from", 0.0))
        high = float(given[number + 1]["from"]) if number + 1 < len(given) else 1.0
        start, end = place(low), place(high)
        allow = tuple(str(verdict) for verdict in band.get("allow") or ())
        found.append(Band(low, high, start, round(end - start, 2), allow))
    return found


def _when(conditions: Mapping[str, Any]) -> str:
    parts = (
        f"{name.replace('_', ' ')} {', '.join(map(str, v)) if isinstance(v, list) else v}"
        for name, v in conditions.items()
    )
    return "; ".join(parts)


def _pairs(document: Any, before: str = "") -> Sequence[tuple[str, Any]]:
    """Names and values of nested settings, each with its path."""
    found: list[tuple[str, Any]] = []
    for name, value in document.items() if isinstance(document, Mapping) else ():
        path = f"{before} {name}".strip().replace("_", " ")
        if isinstance(value, Mapping):
            found += _pairs(value, path)
        elif isinstance(value, list):
            found.append((path, ", ".join(map(str, value))))
        else:
            found.append((path, value))
    return found
