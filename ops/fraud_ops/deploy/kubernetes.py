"""What the chart promises beyond Kubernetes' schemas: the call graph, secrets, hardening."""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema_rs

from fraud_ops.deploy.call_graph import AT, DEPLOYED, call_graph
from fraud_ops.deploy.compose import COMMON, SECRET
from fraud_ops.deploy.helm import OVERLAYS, Document, HelmFailed, helm
from fraud_ops.deploy.variables import fields_of, settings_of
from fraud_shared.mesh.addresses import PORTS, SERVICES, url_variable

# The oldest Kubernetes that the chart is for, and the newest with schemas here.
VERSIONS = ("1.30", "1.37")
# Kinds of Prometheus' operator, which are no part of Kubernetes.
OPERATOR = "monitoring.coreos.com/v1"
Documents = Sequence[Document]


def chart_problems(root: Path) -> list[str]:
    """Everything wrong with the chart in `root`, with each of its overlays."""
    found: list[str] = []
    with helm() as engine:
        for overlay in OVERLAYS:
            try:
                found += [f"{overlay}: {line}" for line in engine.lint(root, overlay)]
                documents = engine.template(root, overlay, {})
            except HelmFailed as error:
                return [*found, f"{overlay}: {error}"]
            found += [f"{overlay}: {line}" for line in problems(documents)]
    return found


def problems(documents: Documents) -> list[str]:
    """What is wrong with rendered documents, as `Kind/name: what`."""
    found = [
        f"{one['kind']}/{one['metadata']['name']}: {line}"
        for one in documents
        for line in (*schema_problems(one), *_pod_problems(one))
    ]
    deployed = of_kind(documents, "Deployment")
    for service in DEPLOYED:
        name = dns(service)
        if name not in deployed:
            found.append(f"{service}: not deployed")
        else:
            found += [f"{service}: {p}" for p in _variables(service, deployed[name])]
    return found + list(_graph_problems(documents))


def schema_problems(document: Document) -> Iterator[str]:
    """Where a document differs from Kubernetes' own schema, unknown fields included."""
    if document["apiVersion"] == OPERATOR:
        return
    for version in VERSIONS:
        validator = _validator(version, document["kind"], document["apiVersion"])
        for error in validator.iter_errors(document):
            where = ".".join(map(str, error.instance_path))
            yield f"{version}: {where}: {error.message[:200]}"


@cache
def _validator(version: str, kind: str, api: str) -> Any:
    # kubernetes-validate's own function reads the schemas again for every document, and
    # takes a hundred times as long as this validator.
    group, _, of_group = api.rpartition("/")
    name = "-".join(p for p in (kind.lower(), group.split(".")[0], of_group) if p)

    def shared(_: str) -> Any:
        # All references lead into the one file of definitions.
        return _schema(version, "_definitions.json")

    return jsonschema_rs.validator_for(
        _schema(version, f"{name}.json"), retriever=shared
    )


@cache
def _schema(version: str, name: str) -> Any:
    folder = files("kubernetes_validate") / "kubernetes-json-schema"
    return json.loads((folder / f"v{version}.0-local-strict" / name).read_text())


def dns(service: str) -> str:
    """The name of a service where names are DNS labels."""
    return service.replace("_", "-")


def of_kind(documents: Documents, kind: str) -> dict[str, Document]:
    """The documents of a kind by their name."""
    return {d["metadata"]["name"]: d for d in documents if d["kind"] == kind}


def pod_of(document: Document) -> Mapping[str, Any] | None:
    """The pod that a document describes, if it describes one."""
    spec = document.get("spec", {})
    if document["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    if document["kind"] not in ("Deployment", "Job", "CronJob"):
        return None
    pod: Mapping[str, Any] = spec["template"]["spec"]
    return pod


def variables_of(deployment: Document) -> dict[str, str | None]:
    """Variables of a deployment's container; None for those that come from a secret."""
    pod = pod_of(deployment)
    assert pod is not None
    listed = pod["containers"][0]["env"]
    return {one["name"]: one.get("value") for one in listed}


def network_graph(documents: Documents) -> dict[str, set[str]]:
    """Who may call whom, by both ends: an edge needs egress of the one and ingress of the
    other."""
    policies = of_kind(documents, "NetworkPolicy")
    graph: dict[str, set[str]] = {service: set() for service in DEPLOYED}
    for service in DEPLOYED:
        for other in DEPLOYED:
            out = _peers(policies[dns(service)], "egress", "to")
            into = _peers(policies[dns(other)], "ingress", "from")
            if (dns(other), AT[other]) in out and ((dns(service), AT[other]) in into):
                graph[service].add(other)
    return graph


def _peers(policy: Document, way: str, side: str) -> set[tuple[str, int]]:
    return {
        (peer["podSelector"]["matchLabels"]["app.kubernetes.io/name"], port["port"])
        for rule in policy["spec"].get(way, ())
        for peer in rule.get(side, ())
        if "podSelector" in peer
        for port in rule["ports"]
    }


def _graph_problems(documents: Documents) -> Iterator[str]:
    allowed, called = network_graph(documents), call_graph()
    for service in DEPLOYED:
        for other in sorted(called[service] - allowed[service]):
            yield f"{service}: its call of {other} is closed"
        for other in sorted(allowed[service] - called[service]):
            yield f"{service}: may call {other}, and does not"


def _variables(service: str, deployment: Document) -> Iterator[str]:
    given = variables_of(deployment)
    read = fields_of(service)
    addresses = {url_variable(other) for other in SERVICES}
    for name in given:
        if name not in read and name not in addresses and not COMMON.match(name):
            yield f"is given {name}, which it does not read"
    settings = settings_of(service)
    required = {settings.variable(field) for field in settings.required_secrets}
    required |= {n for n in ("DATABASE_URL", "REDIS_URL", "AMQP_URL") if n in read}
    for name in sorted(required - set(given)):
        yield f"is not given {name}"
    for name, value in given.items():
        if value is not None and (SECRET.search(name) or name in required):
            yield f"{name} must come from a secret"
    for other, port in PORTS.items():
        if given.get(url_variable(other)) != f"http://{dns(other)}:{port}":
            yield f"{url_variable(other)} is not where the chart puts {other}"


def _pod_problems(document: Document) -> Iterator[str]:
    """The restricted Pod Security Standard, and what we want beyond it."""
    pod = pod_of(document)
    if pod is None:
        return
    security = pod.get("securityContext", {})
    if not security.get("runAsNonRoot") or security.get("runAsUser") != 10001:
        yield "does not run as user 10001"
    if security.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        yield "has no seccomp profile"
    if pod.get("automountServiceAccountToken") is not False:
        yield "is given a token of the cluster"
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(key):
            yield f"{key} is not allowed"
    for container in pod["containers"]:
        inside = container.get("securityContext", {})
        if inside.get("allowPrivilegeEscalation") is not False:
            yield "may escalate privileges"
        if inside.get("capabilities", {}).get("drop") != ["ALL"]:
            yield "keeps capabilities"
        if inside.get("readOnlyRootFilesystem") is not True:
            yield "can write to its image"
        if not {"requests", "limits"} <= set(container.get("resources", {})):
            yield "has no requests or limits"
        _, _, tag = str(container["image"]).rpartition("/")[2].partition(":")
        if tag in ("", "latest"):
            yield "its image has no version"
