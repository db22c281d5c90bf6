"""What a study found, as its page shows it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fraud_client.models import Study

# Names of the figures of verdicts, in order.
FIGURES = (
    ("fraud_payments_stopped", "Fraud stopped, payments"),
    ("fraud_money_stopped", "Fraud stopped, money"),
    ("good_challenged", "Good payments challenged"),
    ("good_declined", "Good payments declined"),
)
_MOST_RULES = 100


@dataclass(frozen=True, slots=True)
class Curve:
    """Cost against the factor on every threshold (logarithmic), in percent of the picture:
    the line, the area of its interval, and where the cheapest is."""

    line: str
    area: str
    cheapest: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class StudyPage:
    """One study: what it is of, and the parts of its result."""

    title: str
    place: str
    open: bool
    rules: Sequence[Mapping[str, Any]]
    figures: Sequence[tuple[str, Any, Any]]
    curve: Curve | None
    blocks: Sequence[tuple[str, Any]]

    @classmethod
    def of(cls, study: Study) -> "StudyPage":
        """From the gateway's answer."""
        found = study.result or {}
        rules = sorted(
            found.get("rules") or (), key=lambda one: -_value(one.get("money"))
        )
        both = found.get("figures") or {}
        old, new = both.get("old") or {}, both.get("new") or {}
        return cls(
            title=_title(study),
            place=_place(study),
            open=study.finished_at is None,
            rules=[one for one in rules if one.get("hits") or one.get("errors")][
                :_MOST_RULES
            ],
            figures=[(text, old.get(name), new.get(name)) for name, text in FIGURES]
            if old
            else (),
            curve=_curve(found.get("thresholds") or (), found.get("cheapest") or {}),
            blocks=markdown(str(found.get("markdown") or "")),
        )


def markdown(text: str) -> list[tuple[str, Any]]:
    """Headings, lists, tables and paragraphs of a plain Markdown text, in order: a kind and
    its text, items or rows. What is written in line stays as it is."""
    blocks: list[tuple[str, Any]] = []
    for line in text.splitlines():
        plain = line.strip().replace("`", "").replace("**", "")
        if plain.startswith("#"):
            mark, _, title = plain.partition(" ")
            blocks.append(("title" if len(mark) == 1 else "heading", title))
        elif plain.startswith("|"):
            cells = [cell.strip() for cell in plain.strip("|").split("|")]
            if not all(set(cell) <= set("-: ") and cell for cell in cells):
                _append(blocks, "table", cells)
        elif plain.startswith(("- ", "* ")):
            _append(blocks, "list", plain[2:])
        elif plain:
            _append(blocks, "text", plain)
        else:
            blocks.append(("end", None))
    return [block for block in blocks if block[0] != "end"]


def _append(blocks: list[tuple[str, Any]], kind: str, one: Any) -> None:
    if blocks and blocks[-1][0] == kind:
        blocks[-1][1].append(one)
    else:
        blocks.append((kind, [one]))


def _title(study: Study) -> str:
    names = {
        "backtest": "Backtest",
        "prove": "Proof",
        "suggest": "Suggested rules",
        "what_if": "What if",
        "drift": "Drift",
        "dossier": "Dossier",
    }
    document = study.documents.get("candidate") or study.documents.get("model") or ""
    return f"{names.get(study.kind, study.kind)} {document}".strip()


def _place(study: Study) -> str:
    """The page of the version that was studied."""
    area = {"ruleset": "rules", "policy": "policy"}.get(study.of)
    return f"/{area}/{study.version}" if area and study.version is not None else ""


def _value(figure: Mapping[str, Any] | None) -> float:
    return float((figure or {}).get("value") or 0.0)


def _curve(
    rows: Sequence[Mapping[str, Any]], cheapest: Mapping[str, Any]
) -> Curve | None:
    if len(rows) < 2:
        return None
    places = [math.log(row["factor"]) for row in rows]
    left, right = min(places), max(places)
    ends = [row["cost_per_1000"]["interval"] for row in rows]
    low = float(min(one[0] for one in ends))
    high = float(max(one[1] for one in ends))
    span = (right - left) or 1.0

    def across(place: float) -> float:
        return round(100 * (place - left) / span, 2)

    def up(cost: float) -> float:
        return round(100 - 100 * (cost - low) / ((high - low) or 1.0), 2)

    xs = [across(place) for place in places]
    costs = [row["cost_per_1000"]["value"] for row in rows]
    line = " ".join(f"{x},{up(cost)}" for x, cost in zip(xs, costs, strict=True))
    top = [f"{x},{up(end[1])}" for x, end in zip(xs, ends, strict=True)]
    bottom = [f"{x},{up(end[0])}" for x, end in zip(xs, ends, strict=True)]
    best = across(math.log(cheapest["factor"])) if cheapest.get("factor") else 0.0
    return Curve(line, " ".join([*top, *reversed(bottom)]), best, low, high)
