"""The scorers' instruments under the names of the source systems, made when somebody reads
them: a second set of instruments would cost every score."""

from collections.abc import Iterator

from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from fraud_scoring.serving import telemetry
from fraud_shared.mesh.metrics import REGISTRY

_ALIASES = (
    (telemetry.OUTCOMES, "fraud_model_signals", "predictions"),
    (
        telemetry.INFERENCE,
        "fraud_model_inference_seconds",
        "prediction_duration_seconds",
    ),
    (telemetry.SCORES, "fraud_model_score", "model_confidence_score"),
)


class Aliases(Collector):
    """`predictions_total`, `prediction_duration_seconds`, `model_confidence_score`."""

    def collect(self) -> Iterator[Metric]:
        """The same samples under the other name."""
        for instrument, name, alias in _ALIASES:
            for metric in instrument.collect():
                found = Metric(alias, metric.documentation, metric.type)
                for sample in metric.samples:
                    found.add_sample(
                        sample.name.replace(name, alias, 1), sample.labels, sample.value
                    )
                yield found


def register() -> None:
    """Show the aliases once."""
    global _registered
    if not _registered:
        REGISTRY.register(Aliases())
        _registered = True


_registered = False
