"""Published results on the handbook's payments, for the table beside ours.

Single split: chapter 3, the handbook's baseline models. Prequential: chapters 5 and 6, best
rows by each figure; what a chapter does not state is None. Unsupervised: chapter 7, on the
validation week. The bars are what the issue demands of us.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Result:
    """ROC AUC, average precision, Card Precision@100."""

    model: str
    roc_auc: float | None
    average_precision: float | None
    card_precision: float | None


SINGLE_SPLIT = (
    Result("logistic regression", 0.871, 0.606, 0.291),
    Result("random forest, 100 trees", 0.867, 0.658, 0.287),
    Result("XGBoost", 0.862, 0.639, 0.273),
)
PREQUENTIAL = (
    Result("XGBoost", None, 0.687, 0.303),
    Result("random forest, 100 trees of depth 20", 0.870, 0.678, 0.299),
    Result("balanced bagging", 0.879, None, 0.305),
)
UNSUPERVISED = (
    Result("autoencoder", 0.836, 0.18, 0.217),
    Result("isolation forest", 0.808, 0.164, 0.190),
)
BARS = Result("bar", 0.880, 0.72, 0.306)
SINGLE_BEST = Result("best of each figure", 0.871, 0.658, 0.291)
