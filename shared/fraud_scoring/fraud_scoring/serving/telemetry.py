"""Instruments of the scorer runtime, by service and model."""

from collections.abc import Iterable

from prometheus_client import Counter, Gauge, Histogram

from fraud_shared.mesh.metrics import REGISTRY

MODEL_INFO = Gauge(
    "fraud_model_info",
    "1 for the model that serves.",
    ["service", "model", "version", "hash", "bundle", "alias"],
    registry=REGISTRY,
)
MODEL_TRAINED = Gauge(
    "fraud_model_trained_timestamp_seconds",
    "When the serving model was trained.",
    ["service", "model"],
    registry=REGISTRY,
)
SCORES = Histogram(
    "fraud_model_score",
    "Calibrated scores or anomaly percentiles, 0 to 1.",
    ["service", "model"],
    buckets=(
        0.001,
        0.003,
        0.01,
        0.03,
        0.1,
        0.2,
        0.3,
        0.4,
        0.5,
        0.6,
        0.7,
        0.8,
        0.9,
        0.95,
        0.99,
        0.999,
        1.0,
    ),
    registry=REGISTRY,
)
INFERENCE = Histogram(
    "fraud_model_inference_seconds",
    "Time to score the rows of one request, without explanation.",
    ["service", "model"],
    buckets=(
        0.00003,
        0.00005,
        0.0001,
        0.0002,
        0.0005,
        0.001,
        0.002,
        0.005,
        0.01,
        0.05,
        0.2,
    ),
    registry=REGISTRY,
)
OUTCOMES = Counter(
    "fraud_model_signals",
    "Signals by outcome.",
    ["service", "model", "outcome"],
    registry=REGISTRY,
)
OUT_OF_DISTRIBUTION = Counter(
    "fraud_model_out_of_distribution",
    "Scored rows with at least one value outside what the model was taught.",
    ["service", "model"],
    registry=REGISTRY,
)
EXPLANATIONS = Counter(
    "fraud_model_explanations",
    "Explanations asked for in line: done, late or skipped.",
    ["service", "model", "result"],
    registry=REGISTRY,
)
SWAPS = Counter(
    "fraud_model_swaps",
    "Attempts to change the serving model: swapped or refused.",
    ["service", "model", "result"],
    registry=REGISTRY,
)
REFUSALS = Counter(
    "fraud_model_refusals",
    "Models that were refused, by the code of the reason.",
    ["service", "model", "problem"],
    registry=REGISTRY,
)
ROLLBACKS = Counter(
    "fraud_model_rollbacks",
    "Returns to the predecessor because the live error or degraded rate was too high.",
    ["service", "model", "reason"],
    registry=REGISTRY,
)


def begin(
    service: str, model: str, *, problems: Iterable[str], reasons: Iterable[str]
) -> None:
    """Let the counters that alerts watch stand at zero: of a series that appears with its
    first count, an increase is not seen."""
    for result in ("swapped", "refused"):
        SWAPS.labels(service, model, result)
    for problem in problems:
        REFUSALS.labels(service, model, problem)
    for reason in reasons:
        ROLLBACKS.labels(service, model, reason)
