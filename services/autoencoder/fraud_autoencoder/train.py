"""Training: the network learns to rebuild legitimate payments, and only those."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fraud_autoencoder.network import WAIST, Scaling, layers, parts, to_onnx
from fraud_autoencoder.scorer import ENGINE, GRAPH
from fraud_scoring.serving.scorer import Floats32, Floats64
from fraud_scoring.training.assemble import Fitted, Progress, silent
from fraud_scoring.training.dataset import Dataset
from fraud_scoring.training.unknown import forget

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long the network learns, from how many payments at once, how fast at first."""

    epochs: int = 12
    batch: int = 1024
    rate: float = 2e-3


SCHEDULE = Schedule()
# Two runtimes add up a hundred float32 terms in another order: some twenty roundings.
TOLERANCE = 1e-5
_ROWS = 120_000


def train(
    data: Dataset,
    *,
    threads: int = 1,
    progress: Progress = silent,
    schedule: Schedule = SCHEDULE,
    waist: int = WAIST,
) -> Fitted:
    """Train on the payments of the training slice that nobody reported as fraud."""
    import torch

    torch.manual_seed(data.seed)
    torch.set_num_threads(threads)
    x = _legitimate(data)
    scaling = Scaling.of(x)
    network = layers(data.width, waist)
    _learn(network, torch.from_numpy(scaling.apply(x)), schedule, data.seed, progress)

    def per_feature(rows: Floats32) -> Floats64:
        with torch.inference_mode():
            found = parts(network, torch.from_numpy(scaling.apply(rows)))
        return np.asarray(found.numpy(), dtype=np.float64)

    def reference(rows: Floats32) -> Floats64:
        found: Floats64 = per_feature(rows).sum(axis=1)
        return found

    return Fitted(
        engine=ENGINE,
        algorithm=f"Autoencoder, 48-{waist}-48, trained on legitimate payments",
        files={GRAPH: to_onnx(network, scaling)},
        reference=reference,
        parameters={
            "epochs": schedule.epochs,
            "batch": schedule.batch,
            "rate": schedule.rate,
            "waist": waist,
            "rows": len(x),
        },
        importance=_importance(per_feature(data.calibrate.x), data),
        libraries=("torch", "onnx", "onnxruntime", "numpy"),
        supervised=False,
        tolerance=TOLERANCE,
    )


def _learn(
    network: "nn.Sequential",
    z: "Tensor",
    schedule: Schedule,
    seed: int,
    progress: Progress,
) -> None:
    import torch

    optimiser = torch.optim.Adam(network.parameters(), lr=schedule.rate)
    slower = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, schedule.epochs)
    shuffler = torch.Generator().manual_seed(seed)
    for epoch in range(schedule.epochs):
        order = torch.randperm(len(z), generator=shuffler)
        for first in range(0, len(z), schedule.batch):
            optimiser.zero_grad(set_to_none=True)
            rows = z[order[first : first + schedule.batch]]
            loss = parts(network, rows).sum(dim=1).mean()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        slower.step()
        progress((epoch + 1) / schedule.epochs)
    network.eval()


def _legitimate(data: Dataset) -> Floats32:
    """A random part of the legitimate training rows, some without any history."""
    x = data.train.x[~data.train.fraud]
    rng = np.random.default_rng(data.seed)
    x = x[np.sort(rng.permutation(len(x))[:_ROWS])]
    return forget(x, data.sources, share=data.unknown_share, seed=data.seed)


def _importance(errors: Floats64, data: Dataset) -> dict[str, float]:
    """Each feature's share of the mean error on later payments."""
    mean = errors.mean(axis=0)
    total = float(mean.sum()) or 1.0
    return dict(zip(data.features, (mean / total).tolist(), strict=True))
