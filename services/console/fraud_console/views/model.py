"""Models as their owners judge them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fraud_console.formats import number

# Of a card, what is shown as figures, in this order.
METRICS = (
    "average_precision", "pr_auc", "roc_auc", "brier", "log_loss", "recall_at_1pct", "ece", "calibration_error",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class OneModel:
    """A model of a bundle."""

    name: str
    version: str
    alias: str
    bundle: str
    hash: str
    metrics: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ModelsView:
    """The page of all models."""

    models: Sequence[OneModel]
    bundles: Sequence[Mapping[str, Any]]
    runs: Sequence[Mapping[str, Any]]
    metrics: Sequence[str]

    @classmethod
    def of(
        cls,
        listed: Mapping[str, Any],
        version: Mapping[str, Any],
        runs: Sequence[Mapping[str, Any]],
    ) -> "ModelsView":
        """From the registry's list; without it, from what serves."""
        given = listed.get("models") or listed.get("items") or ()
        models = [_one(m) for m in given if isinstance(m, Mapping)]
        if not models:
            serving = version.get("models") or {}
            models = [
                _one({**ref, "alias": "serving"})
                for ref in (serving.values() if isinstance(serving, Mapping) else ())
                if ref
            ]
        named = {name for one in models for name in one.metrics}
        return cls(
            models=models,
            bundles=[b for b in listed.get("bundles") or () if isinstance(b, Mapping)],
            runs=runs,
            metrics=[*(m for m in METRICS if m in named), *sorted(named - {*METRICS})][
                :6
            ],
        )


def _one(given: Mapping[str, Any]) -> OneModel:
    metrics = given.get("metrics") or {}
    return OneModel(
        name=str(given.get("name", "")),
        version=str(given.get("version", "")),
        alias=str(given.get("alias") or given.get("stage") or ""),
        bundle=str(given.get("bundle", "")),
        hash=str(given.get("hash", "")),
        metrics={k: v for k, v in metrics.items() if isinstance(v, int | float)},
    )


@dataclass(frozen=True, slots=True)
class CardView:
    """A model card taken apart: plain facts, figures, tables, texts."""

    facts: Sequence[tuple[str, str]]
    tables: Sequence[tuple[str, Sequence[tuple[str, str]]]]
    texts: Sequence[tuple[str, str]]
    curve: Sequence[tuple[float, float]]

    @classmethod
    def of(cls, card: Mapping[str, Any]) -> "CardView":
        """Whatever a card holds, in a readable order."""
        flat = {**(card.get("metadata") or {}), **(card.get("card") or {}), **card}
        for name in ("metadata", "card", "instance", "signature"):
            flat.pop(name, None)
        facts, tables, texts = [], [], []
        for name, value in flat.items():
            if isinstance(value, str) and len(value) > 90:
                texts.append((name, value))
            elif isinstance(value, str | int | float | bool):
                facts.append((name, number(value, 4)))
            elif isinstance(value, Mapping):
                rows = [(str(k), _plain(v)) for k, v in list(value.items())[:40]]
                tables.append((name, rows))
            elif (
                isinstance(value, list) and value and not isinstance(value[0], Mapping)
            ):
                shown = ", ".join(map(str, value[:60]))
                rest = f" and {len(value) - 60} more" if len(value) > 60 else ""
                texts.append((name, shown + rest))
        return cls(facts, tables, texts, _curve(flat))


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {number(v, 4)}" for k, v in list(value.items())[:8])
    if isinstance(value, list):
        return ", ".join(number(v, 4) for v in value[:12])
    return number(value, 4)


def _curve(card: Mapping[str, Any]) -> list[tuple[float, float]]:
    """Predicted against observed frequency, where a card has them."""
    found = card.get("calibration_curve") or card.get("reliability") or ()
    points = []
    for one in found if isinstance(found, list) else ():
        if isinstance(one, Mapping) and {"predicted", "observed"} <= set(one):
            points.append((float(one["predicted"]), float(one["observed"])))
        elif isinstance(one, list) and len(one) == 2:
            points.append((float(one[0]), float(one[1])))
    return points
