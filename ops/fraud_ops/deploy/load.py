"""The thresholds of load tests: the objectives, as k6 and Locust read them."""

import json
from pathlib import Path

from fraud_ops.deploy.objectives import read_objectives

FILE = Path("deploy/load/thresholds.json")


def generated_thresholds(root: Path) -> dict[Path, str]:
    """`deploy/load/thresholds.json` from deploy/slo.yaml."""
    objectives = read_objectives(root)
    allowed = {slo.name: round(1 - slo.objective, 6) for slo in objectives.slos}
    made = {
        "p99_ms": objectives.load.p99_ms,
        "failed_share": allowed["availability"],
        "degraded_share": allowed["evidence"],
    }
    return {FILE: json.dumps(made, indent=2) + "\n"}
