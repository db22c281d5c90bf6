"""How sure a figure is: Wilson's interval for shares, a bootstrap over accounts for money.

All payments of an account come and go together, since they are anything but independent.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

# The middle 95 % of a normal distribution.
Z = 1.959963984540054
DRAWS = 400
Interval = tuple[float, float]


def wilson(hits: float, n: float) -> Interval:
    """The interval of a share (Wilson 1927): good for few and for none; all of [0, 1] for
    none at all."""
    if n <= 0:
        return 0.0, 1.0
    share = hits / n
    centre = share + Z * Z / (2 * n)
    spread = Z * math.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
    scale = 1 + Z * Z / n
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def share(hits: float, n: float) -> dict[str, Any]:
    """A share with its interval, as commands print it; None where there is none."""
    low, high = wilson(hits, n)
    value = None if n <= 0 else round(hits / n, 6)
    return {"value": value, "interval": [round(low, 6), round(high, 6)], "of": int(n)}


@dataclass(frozen=True)
class Accounts:
    """Payments by account, with how often each bootstrap draw takes each account."""

    code: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, accounts: Any, seed: int, draws: int = DRAWS) -> Self:
        """Number the accounts and draw them again, so many times."""
        names, code = np.unique(accounts, return_inverse=True)
        chance = np.random.default_rng(seed)
        n = len(names)
        drawn = chance.multinomial(n, np.full(n, 1 / max(n, 1)), size=draws)
        return cls(code, drawn.astype(np.float64))

    def sums(self, values: np.ndarray) -> np.ndarray:
        """The sum of the values in each draw."""
        by_account = np.bincount(
            self.code,
            weights=values.astype(np.float64),
            minlength=self.weights.shape[1],
        )
        drawn: np.ndarray = self.weights @ by_account
        return drawn

    def total(self, values: np.ndarray) -> dict[str, Any]:
        """A sum with its interval."""
        return {
            "value": float(values.sum()),
            "interval": list(middle(self.sums(values))),
        }

    def ratio(self, part: np.ndarray, whole: np.ndarray) -> dict[str, Any]:
        """A ratio of two sums with its interval; None where the whole is nothing."""
        below = float(whole.sum())
        if below <= 0:
            return {"value": None, "interval": [0.0, 1.0]}
        sums = self.sums(whole)
        drawn = self.sums(part)[sums > 0] / sums[sums > 0]
        return {"value": float(part.sum()) / below, "interval": list(middle(drawn))}


def middle(drawn: np.ndarray) -> Interval:
    """The middle 95 % of draws."""
    low, high = np.percentile(drawn, [2.5, 97.5]).tolist()
    return low, high


def shown(figure: Mapping[str, Any], scale: float = 1.0, form: str = ".2%") -> str:
    """A figure and its interval as a table shows them."""
    if figure["value"] is None:
        return "-"
    low, high = (format(v * scale, form) for v in figure["interval"])
    return f"{format(figure['value'] * scale, form)} ({low} to {high})"
