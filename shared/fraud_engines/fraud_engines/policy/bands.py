"""Half-open bands: which verdicts a risk may lead to."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

from fraud_shared.contracts.decision import Verdict


@dataclass(frozen=True, slots=True)
class Band:
    """`[lower, next lower)`: the verdicts a risk in it may lead to, mildest first."""

    lower: float
    allow: tuple[Verdict, ...]

    @property
    def mildest(self) -> Verdict:
        """The mildest verdict this band allows."""
        return self.allow[0]


class Bands:
    """Bands from 0 to 1, each `[lower, upper)`; the last one includes 1.

    Raises `ValueError` unless the bands start at 0, rise, and never get milder: with
    that, a higher risk and a smaller threshold can only make a verdict stricter.
    """

    def __init__(self, bands: Sequence[Band]) -> None:
        self.bands = tuple(bands)
        self._lowers = tuple(band.lower for band in self.bands)
        _check(self.bands)

    def at(self, risk: float) -> Band:
        """The band `risk` (0 to 1) lies in."""
        return self.bands[bisect_right(self._lowers, risk) - 1]

    def tightened(self, factor: float) -> Self:
        """The same bands with every threshold below DECLINE multiplied by `factor`.

        DECLINE keeps its threshold: a model that is down is no evidence of fraud.
        """
        return type(self)(
            [
                band
                if Verdict.DECLINE in band.allow
                else Band(band.lower * factor, band.allow)
                for band in self.bands
            ]
        )


def _check(bands: tuple[Band, ...]) -> None:
    if not bands or bands[0].lower != 0.0:
        raise ValueError("the first band starts at 0")
    for band in bands:
        ranks = [verdict.severity for verdict in band.allow]
        if not ranks or ranks != list(range(ranks[0], ranks[0] + len(ranks))):
            raise ValueError(
                "a band allows neighbouring verdicts, mildest first, each once"
            )
    for below, above in pairwise(bands):
        if above.lower <= below.lower or above.lower > 1.0:
            raise ValueError("bands rise strictly and end at 1")
        if (
            above.allow[0].severity < below.allow[0].severity
            or above.allow[-1].severity < below.allow[-1].severity
        ):
            raise ValueError("a higher band may not be milder than a lower one")
