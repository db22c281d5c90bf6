"""From a raw score to the figure on the wire: knots, applied by bisection and a line."""

import math
from bisect import bisect_right
from dataclasses import dataclass
from typing import Any, Literal

Method = Literal["isotonic", "percentile"]


@dataclass(frozen=True, slots=True)
class Calibrator:
    """A monotone curve through knots (x strictly rising, y in [0, 1] never falling).

    `isotonic`: the probability of fraud. `percentile`: the share of reference payments
    that look less anomalous. Outside the knots the end value holds, as scikit-learn's
    `IsotonicRegression(out_of_bounds="clip")` does.
    """

    method: Method
    x: tuple[float, ...]
    y: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.x) < 2 or len(self.x) != len(self.y):
            raise ValueError("a calibrator needs at least two knots, x and y alike")
        if not all(map(math.isfinite, (*self.x, *self.y))):
            raise ValueError("calibrator knots must be finite")
        if any(b <= a for a, b in zip(self.x, self.x[1:], strict=False)):
            raise ValueError("calibrator x must rise strictly")
        if any(b < a for a, b in zip(self.y, self.y[1:], strict=False)):
            raise ValueError("calibrator y must never fall")
        if self.y[0] < 0.0 or self.y[-1] > 1.0:
            raise ValueError("calibrator y must lie in [0, 1]")

    def __call__(self, raw: float) -> float:
        """The calibrated value of one finite raw score."""
        xs, ys = self.x, self.y
        right = bisect_right(xs, raw)
        if right == 0:
            return ys[0]
        if right == len(xs):
            return ys[-1]
        x0, y0, y1 = xs[right - 1], ys[right - 1], ys[right]
        # Clamped: the line may leave [y0, y1] by one rounding.
        value = y0 + (raw - x0) / (xs[right] - x0) * (y1 - y0)
        return y0 if value < y0 else min(value, y1)

    def to_dict(self) -> dict[str, Any]:
        """The content of `calibrator.json`."""
        return {"method": self.method, "x": list(self.x), "y": list(self.y)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Calibrator":
        """Read `calibrator.json`; raises ValueError on anything else."""
        if set(data) != {"method", "x", "y"} or data["method"] not in (
            "isotonic",
            "percentile",
        ):
            raise ValueError("not a calibrator")
        return cls(
            data["method"],
            tuple(float(v) for v in data["x"]),
            tuple(float(v) for v in data["y"]),
        )
