"""The mesh as operators look at it: from probes, versions, and the gateway's metrics."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from fraud_console.formats import milliseconds, number, percent, span

Sample = tuple[str, Mapping[str, str], float]
SERVICES = (
    "rules", "isolation_forest", "autoencoder", "xgboost", "lightgbm", "decision",
    "action", "post_auth", "sanctions",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """One service as the gateway sees it."""

    name: str
    status: str
    calls: int
    failed: float | None
    breaker: str
    ejected: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class MeshView:
    """The map's figures."""

    parts: Sequence[Part]
    figures: Sequence[tuple[str, str, str]]
    stages: Sequence[tuple[str, int, float]]
    checks: Sequence[tuple[str, bool]]
    versions: Sequence[tuple[str, str]]
    measured: bool = field(default=False)

    @classmethod
    def of(
        cls, ready: Mapping[str, Any], version: Mapping[str, Any], metrics: str | None
    ) -> "MeshView":
        """From three answers of the gateway, each of which may be empty."""
        samples = list(_samples(metrics or ""))
        checks = ready.get("checks") or {}
        return cls(
            parts=[_part(name, ready, version, samples) for name in SERVICES],
            figures=_figures(samples),
            stages=_stages(samples),
            checks=[(name, bool(ok)) for name, ok in checks.items()],
            versions=list(_versions(version)),
            measured=bool(samples),
        )


def _samples(text: str) -> Iterable[Sample]:
    try:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                yield sample.name, sample.labels, sample.value
    except ValueError:
        return


def _total(samples: Sequence[Sample], name: str, **labels: str) -> float:
    return sum(
        value
        for found, has, value in samples
        if found == name and all(has.get(k) == v for k, v in labels.items())
    )


def _part(
    name: str,
    ready: Mapping[str, Any],
    version: Mapping[str, Any],
    samples: Sequence[Sample],
) -> Part:
    calls = _total(samples, "fraud_dependency_calls_total", dependency=name)
    good = _total(
        samples, "fraud_dependency_calls_total", dependency=name, outcome="ok"
    )
    is_open = _total(samples, "fraud_dependency_breaker_open", dependency=name) > 0
    ejected = _total(samples, "fraud_dependency_address_ejected", dependency=name)
    status, detail = _status(name, ready, version)
    if not status:
        status = "down" if is_open else ("ready" if calls else "unknown")
    return Part(
        name=name,
        status=status,
        calls=int(calls),
        failed=1 - good / calls if calls else None,
        breaker="open" if is_open else ("closed" if samples else "unknown"),
        ejected=int(ejected),
        detail=detail,
    )


def _status(
    name: str, ready: Mapping[str, Any], version: Mapping[str, Any]
) -> tuple[str, str]:
    """What the verbose probe says of a service; else what the versions say."""
    parts = ready.get("parts") or ready.get("services") or ()
    if isinstance(parts, Mapping):
        parts = [
            {
                "name": key,
                **(value if isinstance(value, Mapping) else {"status": value}),
            }
            for key, value in parts.items()
        ]
    for one in parts:
        if isinstance(one, Mapping) and one.get("name") == name:
            said = one.get("status", one.get("ready"))
            text = {True: "ready", False: "down", "ok": "ready"}.get(said, str(said))
            return text, str(one.get("detail") or "")
    if name in (version.get("unavailable") or ()):
        return "down", "gives no description of its models"
    return "", ""


def _figures(samples: Sequence[Sample]) -> list[tuple[str, str, str]]:
    """Name, figure, and a remark."""
    if not samples:
        return []
    made = _total(samples, "fraud_decisions_total")
    count = _total(samples, "fraud_decision_duration_seconds_count")
    spent = _total(samples, "fraud_decision_duration_seconds_sum")
    age = _total(samples, "fraud_outbox_oldest_age_seconds")
    degraded = _total(samples, "fraud_decisions_degraded_total")
    return [
        ("Decisions", number(made), "since the gateway started"),
        (
            "Mean time",
            milliseconds(1000 * spent / count if count else None),
            "a payment",
        ),
        ("Degraded", percent(degraded / made if made else None), "gaps per decision"),
        ("Outbox", span(age), "age of the oldest event"),
        (
            "In flight",
            number(_total(samples, "fraud_http_requests_in_flight")),
            "requests",
        ),
        ("Limited", number(_total(samples, "fraud_requests_limited_total")), "by rate"),
        ("Wrong keys", number(_total(samples, "fraud_wrong_keys_total")), "refused"),
        (
            "Missed",
            number(_total(samples, "fraud_online_missed_total")),
            "by the online store",
        ),
    ]


def _stages(samples: Sequence[Sample]) -> list[tuple[str, int, float]]:
    """Stage, how often, and its mean in milliseconds."""
    name = "fraud_stage_duration_seconds"
    stages = {has["stage"] for found, has, _ in samples if found == f"{name}_count"}
    rows = []
    for stage in sorted(stages):
        count = _total(samples, f"{name}_count", stage=stage)
        spent = _total(samples, f"{name}_sum", stage=stage)
        if count:
            rows.append((stage, int(count), 1000 * spent / count))
    return rows


def _versions(version: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    if version.get("version"):
        yield "gateway", str(version["version"])
    features = version.get("features")
    if isinstance(features, Mapping):
        yield "feature set", f"{features.get('name')} {features.get('version')}"
    models = version.get("models")
    for name, ref in models.items() if isinstance(models, Mapping) else ():
        if isinstance(ref, Mapping):
            yield name, str(ref.get("version"))
