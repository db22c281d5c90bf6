"""Grafana's dashboards, made from deploy/grafana/dashboards.yaml."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict

FILE = Path("deploy/grafana/dashboards.yaml")
FOLDER = Path("deploy/grafana/dashboards")
DATASOURCE = {"type": "prometheus", "uid": "prometheus"}
WIDTH, HEIGHT, COLUMNS = 12, 8, 24


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Panel(_Strict):
    """One panel: its queries by their legend, in `unit` (Grafana's names)."""

    title: str
    queries: dict[str, str]
    unit: str = "short"
    kind: Literal["timeseries", "stat", "gauge", "table", "heatmap"] = "timeseries"


class Dashboard(_Strict):
    """One dashboard, its panels two by two."""

    title: str
    panels: tuple[Panel, ...]


def read_dashboards(root: Path) -> dict[str, Dashboard]:
    """The dashboards of `root` by their uid. Raises pydantic's ValidationError."""
    found = yaml.safe_load((root / FILE).read_text())
    return {uid: Dashboard.model_validate(one) for uid, one in found.items()}


def generated_dashboards(root: Path) -> dict[Path, str]:
    """Grafana's JSON of every dashboard, by path."""
    return {
        FOLDER / f"{uid}.json": json.dumps(_dashboard(uid, one), indent=2) + "\n"
        for uid, one in read_dashboards(root).items()
    }


def _dashboard(uid: str, dashboard: Dashboard) -> dict[str, Any]:
    return {
        "uid": uid,
        "title": dashboard.title,
        "tags": ["fraud"],
        "timezone": "browser",
        "schemaVersion": 41,
        "editable": False,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "links": [
            {
                "title": "Fraud",
                "type": "dashboards",
                "tags": ["fraud"],
                "asDropdown": True,
            }
        ],
        "panels": [_panel(n, panel) for n, panel in enumerate(dashboard.panels)],
    }


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    place = number * WIDTH
    made: dict[str, Any] = {
        "id": number + 1,
        "type": panel.kind,
        "title": panel.title,
        "datasource": DATASOURCE,
        "gridPos": {
            "x": place % COLUMNS,
            "y": place // COLUMNS * HEIGHT,
            "w": WIDTH,
            "h": HEIGHT,
        },
        "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []},
        "targets": [
            _target(n, legend, query, panel)
            for n, (legend, query) in enumerate(panel.queries.items())
        ],
    }
    if panel.kind == "timeseries":
        made["options"] = {"tooltip": {"mode": "multi", "sort": "desc"}}
    return made


def _target(number: int, legend: str, query: str, panel: Panel) -> dict[str, Any]:
    target: Mapping[str, Any] = {
        "refId": chr(ord("A") + number),
        "datasource": DATASOURCE,
        "expr": query,
        "legendFormat": legend,
        # A dot on a histogram leads to the trace of one of its payments.
        "exemplar": "_bucket" in query,
    }
    at_once = {"instant": True, "format": "table"} if panel.kind == "table" else {}
    shape = {"format": "heatmap"} if panel.kind == "heatmap" else {}
    return {**target, **at_once, **shape}
