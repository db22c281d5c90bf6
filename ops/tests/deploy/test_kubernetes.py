"""The chart: rendered by Helm's own engine, equal to what the code calls and reads."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from fraud_ops.deploy.call_graph import DEPLOYED, STORES, call_graph, stores_of
from fraud_ops.deploy.helm import CHART, OVERLAYS, Helm, HelmFailed, helm
from fraud_ops.deploy.kubernetes import dns, network_graph, of_kind, pod_of, problems

ROOT = Path(__file__).resolve().parents[3]
VALUES = yaml.safe_load((ROOT / CHART / "values.yaml").read_text())


@pytest.fixture(scope="module")
def engine():
    with helm() as engine:
        yield engine


@pytest.fixture(scope="module")
def rendered(engine: Helm):
    return {name: engine.template(ROOT, name, {}) for name in OVERLAYS}


def after(documents: Any, change: Callable[[dict[str, Any]], Any]) -> list[str]:
    """What is found once `change` was made to the deployment and policy of rules."""
    documents = copy.deepcopy(documents)
    mine = {d["kind"]: d for d in documents if d["metadata"]["name"] == "rules"}
    change(mine)
    return problems(documents)


class TestOverlays:
    @pytest.mark.parametrize("overlay", OVERLAYS)
    def test_each_keeps_every_promise(self, overlay: str, rendered):
        assert problems(rendered[overlay]) == []

    def test_small_has_one_replica_and_no_autoscaler(self, rendered):
        assert of_kind(rendered["small"], "HorizontalPodAutoscaler") == {}
        deployed = of_kind(rendered["small"], "Deployment").values()
        assert {one["spec"]["replicas"] for one in deployed} == {1}

    def test_large_begins_with_more_gateways_than_standard(self, rendered):
        least = {
            name: of_kind(rendered[name], "HorizontalPodAutoscaler")["orchestrator"]
            for name in ("standard", "large")
        }
        assert (
            least["large"]["spec"]["minReplicas"]
            > least["standard"]["spec"]["minReplicas"]
        )


class TestCallGraph:
    def test_network_policies_are_the_calls_of_the_code(self, rendered):
        assert network_graph(rendered["standard"]) == call_graph()

    def test_gateway_calls_every_service_and_nobody_calls_back(self):
        graph = call_graph()
        assert graph["orchestrator"] >= set(DEPLOYED) - {"orchestrator", "console"}
        assert not any("orchestrator" in graph[s] for s in graph if s != "console")

    @pytest.mark.parametrize("service", DEPLOYED)
    def test_open_stores_are_those_of_the_settings(self, service: str):
        opened = set(VALUES["services"][service]["stores"])
        assert opened & set(STORES.values()) == stores_of(service)

    def test_a_closed_call_is_found(self, rendered):
        found = after(
            rendered["standard"],
            lambda m: m["NetworkPolicy"]["spec"].update(ingress=[]),
        )
        assert found == ["orchestrator: its call of rules is closed"]


class TestPromises:
    @pytest.mark.parametrize(
        ("change", "problem"),
        [
            (
                lambda pod, c: c["securityContext"].update(
                    readOnlyRootFilesystem=False
                ),
                "can write",
            ),
            (
                lambda pod, c: c["securityContext"].update(capabilities={}),
                "keeps capabilities",
            ),
            (lambda pod, c: c.update(image="fraud-rules"), "no version"),
            (lambda pod, c: c.update(imagePullPolic="Always"), "imagePullPolic"),
            (lambda pod, c: pod.update(hostNetwork=True), "hostNetwork"),
            (lambda pod, c: pod["securityContext"].update(runAsUser=0), "user 10001"),
            (
                lambda pod, c: c["env"].append({"name": "FRAUD_PAN_KEY", "value": "x"}),
                "does not read",
            ),
            (lambda pod, c: c["env"].pop(0), "is not given FRAUD_TOKEN_KEY"),
            (
                lambda pod, c: c["env"].__setitem__(
                    0, {"name": "FRAUD_TOKEN_KEY", "value": "k"}
                ),
                "from a secret",
            ),
        ],
    )
    def test_a_broken_one_is_found(self, change: Any, problem: str, rendered):
        def on_pod(mine: dict[str, Any]) -> None:
            pod: Any = pod_of(mine["Deployment"])
            change(pod, pod["containers"][0])

        assert any(problem in line for line in after(rendered["standard"], on_pod))


class TestReleases:
    def test_one_service_alone_renders_nothing_of_another(self, engine: Helm):
        own = {"only": ["rules"], "services": {"rules": {"version": "1.4.2"}}}
        documents = engine.template(ROOT, "standard", own)
        assert {d["metadata"]["name"] for d in documents} == {"rules"}
        image = pod_of(of_kind(documents, "Deployment")["rules"])["containers"][0][
            "image"
        ]
        assert image.endswith("/fraud-rules:1.4.2")

    def test_all_parts_one_by_one_are_the_whole(self, engine: Helm, rendered):
        parts = [
            document
            for part in (*DEPLOYED, "platform")
            for document in engine.template(ROOT, "standard", {"only": [part]})
        ]
        names = sorted((d["kind"], d["metadata"]["name"]) for d in parts)
        whole = sorted((d["kind"], d["metadata"]["name"]) for d in rendered["standard"])
        assert names == whole

    @pytest.mark.parametrize(
        "values",
        [
            {"services": {"rules": {"replica": 3}}},
            {"services": {"rules": {"version": "latest"}}},
            {"services": {"rules": {"port": 70_000}}},
            {"image": {"pullPolicy": "Sometimes"}},
            {"secrets": {"of": {"lower": "x"}}},
            {"jobs": {"lists": {"schedule": "hourly"}}},
        ],
    )
    def test_values_that_templates_do_not_know_are_refused(
        self, values: dict[str, Any], engine: Helm
    ):
        with pytest.raises(HelmFailed):
            engine.template(ROOT, "standard", values)

    def test_services_and_jobs_have_names_that_dns_allows(self, rendered):
        names = {d["metadata"]["name"] for d in rendered["standard"]}
        assert {dns(service) for service in DEPLOYED} <= names
        assert not any("_" in name for name in names)
