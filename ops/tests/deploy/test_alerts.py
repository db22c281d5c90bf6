"""Alerts: their unit tests run by promtool, a section in the runbook for each."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from fraud_ops.deploy.dashboards import read_dashboards
from fraud_ops.deploy.objectives import read_objectives, slo_rules
from fraud_ops.deploy.queries import (
    alerts,
    existing,
    problems_of,
    queries,
    query_problems,
    rules,
)

ROOT = Path(__file__).resolve().parents[3]
PROMETHEUS = ROOT / "deploy" / "prometheus"
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text()
TESTS = ("alerts", "days", "slo")
SECTIONS = {
    title: text
    for title, text in re.findall(
        r"^### (\w+)\n(.*?)(?=^#{2,3} |\Z)", RUNBOOK, re.MULTILINE | re.DOTALL
    )
}
promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is not on the path"
)
amtool = pytest.mark.skipif(
    shutil.which("amtool") is None, reason="amtool is not on the path"
)


def run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


class TestRules:
    @promtool
    def test_prometheus_knows_the_rules_and_its_configuration(self):
        run("promtool", "check", "config", PROMETHEUS / "prometheus.yml")

    @promtool
    @pytest.mark.parametrize("name", TESTS)
    def test_each_alert_fires_and_is_quiet_as_its_test_says(
        self, name: str, tmp_path: Path
    ):
        def plain(rule: dict[str, Any]) -> dict[str, Any]:
            return {k: v for k, v in rule.items() if k != "annotations"}

        # Only what the file tests: promtool evaluates every rule every minute.
        mine = [
            r
            for r in rules(ROOT)
            if ("slo" in r.get("labels", {}) or "Budget" in r.get("alert", ""))
            == (name == "slo")
        ]
        group = {"name": "all", "rules": [plain(rule) for rule in mine]}
        (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [group]}))
        shutil.copy(PROMETHEUS / "tests" / f"{name}.yml", tmp_path)
        run("promtool", "test", "rules", tmp_path / f"{name}.yml")

    def test_each_alert_has_a_test_in_which_it_fires(self):
        fires = {
            one["alertname"]
            for name in TESTS
            for test in yaml.safe_load(
                (PROMETHEUS / "tests" / f"{name}.yml").read_text()
            )["tests"]
            for one in test["alert_rule_test"]
            if one["exp_alerts"]
        }
        assert fires == set(alerts(ROOT))

    @amtool
    def test_alertmanager_knows_its_configuration(self):
        run(
            "amtool",
            "check-config",
            ROOT / "deploy" / "alertmanager" / "alertmanager.yml",
        )


class TestQueries:
    def test_each_asks_for_what_the_code_exports(self):
        assert query_problems(ROOT) == []

    @pytest.mark.parametrize(
        ("query", "problem"),
        [
            ("sum(rate(fraud_decision_total[5m]))", "nothing exports"),
            ('fraud_model_info{modell="x"}', "has no label modell"),
            ("sum by (verdict) (fraud_decisions_total)", "groups by verdict"),
            ("sum(rate(fraud_decisions_total[5m])", "unclosed|unexpected|invalid"),
        ],
    )
    def test_a_query_for_nothing_is_found(self, query: str, problem: str):
        found = list(problems_of(query, existing()))
        assert len(found) == 1
        assert re.search(problem, found[0])

    def test_no_metric_has_an_id_as_label(self):
        labels = {label for found in existing().values() for label in found}
        assert not [one for one in labels if one.endswith("_id") or one == "id"]

    def test_dashboards_show_every_objective_and_every_part(self):
        boards = read_dashboards(ROOT)
        assert set(boards) == {
            "fraud-slo",
            "fraud-mesh",
            "fraud-models",
            "fraud-business",
        }
        assert len(list(queries(ROOT))) > 100


class TestRunbook:
    def test_each_alert_has_a_section_and_each_section_an_alert(self):
        assert set(SECTIONS) == set(alerts(ROOT))

    @pytest.mark.parametrize("alert", alerts(ROOT))
    def test_a_section_says_what_it_means_and_what_to_do_first(self, alert: str):
        text = SECTIONS[alert]
        assert "**Means.**" in text
        [commands] = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
        assert 1 <= len(commands.strip().splitlines()) <= 3


class TestObjectives:
    def test_a_promise_of_everything_is_refused(self):
        data = yaml.safe_load((ROOT / "deploy" / "slo.yaml").read_text())
        data["slos"][0]["objective"] = 1.0
        with pytest.raises(ValueError, match="less than 1"):
            type(read_objectives(ROOT)).model_validate(data)

    def test_each_objective_is_a_gauge_beside_its_budget(self):
        made = slo_rules(read_objectives(ROOT))["groups"][0]["rules"]
        for name in ("fraud_slo_objective", "fraud_slo_budget_remaining"):
            slos = [r["labels"]["slo"] for r in made if r["record"] == name]
            assert slos == [slo.name for slo in read_objectives(ROOT).slos]
