"""Teaching a model what *unknown* looks like.

When the online store does not answer, every velocity, profile and risk feature of a
payment is None at once. Training data never shows that by itself, and a tree would send
such rows wherever its few natural gaps went. So a small random share of the training rows
forgets all of them.
"""

from collections.abc import Sequence

import numpy as np

from fraud_scoring.serving.scorer import Floats32

UNKNOWN_SHARE = 0.04
FORGETTABLE = frozenset({"velocity", "profile", "risk"})


def forget(x: Floats32, sources: Sequence[str], *, share: float, seed: int) -> Floats32:
    """A copy in which that share of rows lacks everything the online store knows."""
    columns = forgettable(sources)
    rows = np.random.default_rng(seed).random(len(x)) < share
    forgotten = x.copy()
    forgotten[np.flatnonzero(rows)[:, None], columns] = np.nan
    return forgotten


def forgettable(sources: Sequence[str]) -> list[int]:
    """Positions of the features that come from the online store."""
    return [i for i, source in enumerate(sources) if source in FORGETTABLE]
