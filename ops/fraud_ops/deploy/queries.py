"""Every query of alerts and dashboards against the metrics that the code has."""

import importlib
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import promql_parser
import yaml

from fraud_ops.deploy.call_graph import DEPLOYED
from fraud_ops.deploy.dashboards import read_dashboards
from fraud_ops.deploy.objectives import RULES, read_objectives, slo_rules
from fraud_shared.mesh.metrics import REGISTRY

# What Prometheus itself adds.
SCRAPED = frozenset({"job", "instance"})
_VARIABLE = re.compile(r"\$__rate_interval|\$window")
_GROUPED = re.compile(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)")
Labels = Mapping[str, frozenset[str]]


@cache
def existing() -> dict[str, frozenset[str]]:
    """The series that the code exports, each with its labels."""
    for service in DEPLOYED:
        importlib.import_module(f"fraud_{service}.app")
    importlib.import_module("fraud_shared.state.telemetry")
    found: dict[str, frozenset[str]] = {}
    # The client library has no public list of instruments with their labels.
    for instrument in {*REGISTRY._collector_to_names}:
        name: str = getattr(instrument, "_name", "")
        labels = frozenset(getattr(instrument, "_labelnames", ()))
        kind = getattr(instrument, "_type", "")
        if kind == "counter":
            found[f"{name}_total"] = labels
        elif kind == "histogram":
            found[f"{name}_bucket"] = labels | {"le"}
            found[f"{name}_count"] = found[f"{name}_sum"] = labels
        elif name:
            found[name] = labels
    return found


def query_problems(root: Path) -> list[str]:
    """Queries of rules and dashboards that PromQL or the code does not know."""
    recorded = _recorded(root)
    known: dict[str, frozenset[str]] = {**existing(), **recorded, "up": frozenset()}
    return [
        f"{where}: {problem}"
        for where, query in queries(root)
        for problem in problems_of(query, known)
    ]


def problems_of(query: str, known: Labels) -> Iterator[str]:
    """What is wrong with one query, given the series that there are."""
    text = _VARIABLE.sub("5m", query)
    try:
        parsed = promql_parser.parse(text)
    except ValueError as error:
        yield f"{error}"
        return
    labels: set[str] = set(SCRAPED)
    for selector in _selectors(parsed):
        name = selector.name or ""
        if name not in known:
            yield f"nothing exports {name}"
            continue
        labels |= known[name]
        for matcher in selector.matchers.matchers:
            if matcher.name not in known[name] | SCRAPED:
                yield f"{name} has no label {matcher.name}"
    for group in _GROUPED.findall(text):
        for label in (one.strip() for one in group.split(",") if one.strip()):
            if label not in labels:
                yield f"groups by {label}, which none of its series has"


def queries(root: Path) -> Iterator[tuple[str, str]]:
    """Every query with where it stands."""
    for rule in rules(root):
        yield f"rule {rule.get('alert') or rule['record']}", rule["expr"]
    for uid, dashboard in read_dashboards(root).items():
        for panel in dashboard.panels:
            for query in panel.queries.values():
                yield f"{uid}, {panel.title}", query


def rules(root: Path) -> list[dict[str, Any]]:
    """The rules of the objectives and all others."""
    written = yaml.safe_load((root / RULES / "alerts.yml").read_text())
    made = slo_rules(read_objectives(root))
    groups = [*made["groups"], *written["groups"]]
    return [rule for group in groups for rule in group["rules"]]


def alerts(root: Path) -> list[str]:
    """The names of all alerts."""
    return [rule["alert"] for rule in rules(root) if "alert" in rule]


def _recorded(root: Path) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for rule in rules(root):
        if "record" in rule:
            labels = frozenset(rule.get("labels", ()))
            found[rule["record"]] = found.get(rule["record"], frozenset()) | labels
    return found


def _selectors(expression: Any) -> Iterable[Any]:
    """The vector selectors below an expression."""
    if type(expression).__name__ == "VectorSelector":
        yield expression
        return
    below = [
        getattr(expression, name)
        for name in ("expr", "lhs", "rhs", "vector_selector", "param")
        if getattr(expression, name, None) is not None
    ]
    for one in (*below, *(getattr(expression, "args", None) or ())):
        yield from _selectors(one)
