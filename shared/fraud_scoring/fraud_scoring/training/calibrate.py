"""Fitting calibrators: isotonic for probabilities, percentiles for anomalies."""

import numpy as np

from fraud_scoring.artifacts.calibration import Calibrator
from fraud_scoring.serving.scorer import Floats64
from fraud_scoring.training.dataset import Flags

# Dense in the tail: a policy asks about the worst thousandth, not about the median.
_PERCENTILES = np.unique(
    np.concatenate(
        [
            np.linspace(0.0, 0.9, 91),
            np.linspace(0.9, 0.99, 91),
            np.linspace(0.99, 0.999, 91),
            np.linspace(0.999, 1.0, 21),
        ]
    )
)


def isotonic(raw: Floats64, fraud: Flags, weight: Floats64) -> Calibrator:
    """The monotone curve nearest to the observed fraud rate (pool adjacent violators).

    The ends are pulled off 0 and 1 by Laplace's rule: a block without a fraud has shown
    that fraud is rare there, not that it is impossible.
    """
    from sklearn.isotonic import IsotonicRegression

    fitted = IsotonicRegression(out_of_bounds="clip").fit(raw, fraud, weight)
    x = np.asarray(fitted.X_thresholds_, dtype=np.float64)
    y = np.asarray(fitted.y_thresholds_, dtype=np.float64)
    lowest = (raw <= x[y <= y[0]].max()).sum()
    highest = (raw >= x[y >= y[-1]].min()).sum()
    y = np.clip(y, min(1 / (lowest + 2), y.max()), 1 - 1 / (highest + 2))
    return _knots("isotonic", x, np.maximum.accumulate(y))


def percentile(raw: Floats64) -> Calibrator:
    """The share of the reference payments that look less anomalous."""
    x = np.quantile(raw, _PERCENTILES)
    return _knots("percentile", x, _PERCENTILES)


def _knots(method: str, x: Floats64, y: Floats64) -> Calibrator:
    """Strictly rising x: of knots at the same place, the last."""
    keep = np.append(np.diff(x) > 0, True)
    x, y = x[keep], y[keep]
    if len(x) < 2:
        raise ValueError("the scores are constant: nothing to calibrate")
    return Calibrator.from_dict(
        {"method": method, "x": x.tolist(), "y": np.clip(y, 0, 1).tolist()}
    )
