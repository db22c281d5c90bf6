"""A policy as a picture: which verdicts each band of risk allows, and what they cost."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fraud_console.formats import money
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
    return "; ".join(
        f"{_name(name)} {_figure(name, value)}" for name, value in conditions.items()
    )


def _name(name: str) -> str:
    return name.removesuffix("_minor").replace("_", " ")


def _figure(name: str, value: Any) -> Any:
    """Sums of money as such: what ends in `_minor` is in the reference currency."""
    if isinstance(value, list):
        return ", ".join(str(one).replace("_", " ") for one in value)
    return money(value, "EUR") if name.endswith("_minor") else value


def _pairs(document: Any, before: str = "") -> list[tuple[str, Any]]:
    """Names and values of nested settings, each with its path."""
    found: list[tuple[str, Any]] = []
    for name, value in document.items() if isinstance(document, Mapping) else ():
        path = f"{before} {_name(name)}".strip()
        if isinstance(value, Mapping):
            found += _pairs(value, path)
        else:
            found.append((path, _figure(name, value)))
    return found
