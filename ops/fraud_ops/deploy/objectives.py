"""Service level objectives: read from deploy/slo.yaml, made into rules for Prometheus.

Burn rates over two windows are those of the SRE Workbook, chapter 5: an alert needs the
long window, so that it matters, and the short one, so that it ends soon after its cause.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field

FILE = Path("deploy/slo.yaml")
RULES = Path("deploy/prometheus/rules")
PERIOD = "30d"
HEAD = "# Written by `fraud schemas` from {source}.\n"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Objective(_Strict):
    """One promise: the share of good events over 30 days, and how the others are counted."""

    name: str = Field(pattern=r"^[a-z][a-z_]*$")
    objective: float = Field(gt=0.5, lt=1)
    promise: str
    errors: str
    total: str

    def share(self, window: str) -> str:
        """PromQL: the share of what was not as promised over a window."""
        errors, total = (
            q.replace("$window", window) for q in (self.errors, self.total)
        )
        # What never failed has no series of failures.
        return f"(({errors}) or vector(0)) / ({total})"


class Burn(_Strict):
    """When a burning budget alerts, and whom."""

    suffix: str
    rate: float = Field(gt=1)
    long: str
    short: str
    wait: str = Field(alias="for")
    severity: str


class Load(_Strict):
    """What load tests must hold beside the objectives."""

    p99_ms: float = Field(gt=0)


class Objectives(_Strict):
    """The whole file."""

    slos: tuple[Objective, ...]
    burn: tuple[Burn, ...]
    load: Load


def read_objectives(root: Path) -> Objectives:
    """The objectives of `root`. Raises pydantic's ValidationError."""
    return Objectives.model_validate(yaml.safe_load((root / FILE).read_text()))


def windows(objectives: Objectives) -> list[str]:
    """Every window that an alert looks at, and the whole period."""
    named = [w for burn in objectives.burn for w in (burn.short, burn.long)]
    return [*dict.fromkeys(named), PERIOD]


def slo_rules(objectives: Objectives) -> dict[str, Any]:
    """Recording rules and burn alerts of all objectives, as Prometheus reads them.

    `fraud_slo_objective` is the promise, `fraud_slo_error_ratio` the share of errors by
    window, `fraud_slo_budget_remaining` what is left of the period's budget (1 is all).
    """
    recorded = [
        rule for slo in objectives.slos for rule in _recorded(slo, windows(objectives))
    ]
    alerts = [_alert(slo, burn) for slo in objectives.slos for burn in objectives.burn]
    return {
        "groups": [
            {"name": "fraud-slo", "interval": "30s", "rules": recorded},
            {"name": "fraud-slo-burn", "rules": alerts},
        ]
    }


def alert_name(slo: Objective, burn: Burn) -> str:
    """`AvailabilityBudgetBurnsFast`."""
    return slo.name.title().replace("_", "") + burn.suffix


def _recorded(slo: Objective, wanted: Sequence[str]) -> Iterator[dict[str, Any]]:
    yield {
        "record": "fraud_slo_objective",
        "expr": f"vector({slo.objective})",
        "labels": {"slo": slo.name},
    }
    for window in wanted:
        yield {
            "record": "fraud_slo_error_ratio",
            "expr": slo.share(window),
            "labels": {"slo": slo.name, "window": window},
        }
    ratio = f'fraud_slo_error_ratio{{slo="{slo.name}",window="{PERIOD}"}}'
    yield {
        "record": "fraud_slo_budget_remaining",
        "expr": f"1 - sum({ratio}) / {_budget(slo)}",
        "labels": {"slo": slo.name},
    }


def _alert(slo: Objective, burn: Burn) -> dict[str, Any]:
    limit = f"{burn.rate * _budget(slo):.6g}"
    both = " and on (slo) ".join(
        f'fraud_slo_error_ratio{{slo="{slo.name}",window="{window}"}} > {limit}'
        for window in (burn.long, burn.short)
    )
    spent = "{{ $value | humanizePercentage }}"
    return {
        "alert": alert_name(slo, burn),
        "expr": both,
        "for": burn.wait,
        "labels": {"severity": burn.severity},
        "annotations": {
            "summary": f"{spent} of {burn.long} were not as promised: {slo.promise}"
        },
    }


def _budget(slo: Objective) -> float:
    return round(1 - slo.objective, 6)


def generated_rules(root: Path) -> dict[Path, str]:
    """The rules of the objectives, and those with the other alerts for the chart."""
    rules = slo_rules(read_objectives(root))
    others = yaml.safe_load((root / RULES / "alerts.yml").read_text())
    together: Mapping[str, Any] = {"groups": [*rules["groups"], *others["groups"]]}
    return {
        RULES / "slo.yml": HEAD.format(source=FILE) + _yaml(rules),
        Path("deploy/helm/fraud/files/alerts.yaml"): (
            HEAD.format(source="deploy/prometheus/rules") + _yaml(together)
        ),
    }


def _yaml(document: Mapping[str, Any]) -> str:
    return yaml.safe_dump(document, sort_keys=False, width=100, allow_unicode=True)
