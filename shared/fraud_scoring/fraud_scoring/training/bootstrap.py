"""How sure a figure is: accounts are drawn again with all their payments (cluster
bootstrap), since the payments of one account are anything but independent."""

from collections.abc import Iterator

import numpy as np

from fraud_scoring.serving.scorer import Floats64
from fraud_scoring.training.dataset import Flags, Integers

CONFIDENCE = 95.0


def account_draws(
    fraud: Flags, account: Integers, draws: int, seed: int
) -> Iterator[Floats64]:
    """How often each account is drawn, with as many draws as accounts. A draw without any
    fraud says nothing about average precision and is drawn again."""
    rng = np.random.default_rng(seed)
    accounts = int(account.max()) + 1
    victims = np.unique(account[fraud])
    made = 0
    while made < draws:
        chosen = rng.integers(0, accounts, accounts)
        weight = np.bincount(chosen, minlength=accounts).astype(np.float64)
        if weight[victims].any():
            made += 1
            yield weight


def interval(drawn: Floats64, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The middle of the draws: 95 % of them unless told otherwise."""
    tail = (100.0 - confidence) / 2
    low, high = np.percentile(drawn, [tail, 100 - tail]).tolist()
    return low, high
