"""How good a model is, on a slice it has never seen."""

import numpy as np

from fraud_scoring.serving.scorer import Floats64
from fraud_scoring.training.dataset import Flags, Integers, Rows

_BINS = 15


def measure(rows: Rows, raw: Floats64, score: Floats64 | None) -> dict[str, float]:
    """All figures for one slice; `score` is the probability, None for anomaly models. Where
    rows have weights, areas and calibration count them; the rest counts payments."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    found = {
        "roc_auc": float(roc_auc_score(rows.fraud, raw, sample_weight=rows.weight)),
        "average_precision": float(
            average_precision_score(rows.fraud, raw, sample_weight=rows.weight)
        ),
        "card_precision_100": card_precision(rows, raw, 100),
        "card_precision_100_best": card_precision(rows, rows.fraud.astype(float), 100),
        "recall_at_1_fpr": recall_at(rows.fraud, raw, 0.01),
        "fraud_rate": float(rows.fraud.mean()),
    }
    if score is not None:
        found["calibration_error"] = calibration_error(rows.fraud, score, rows.weight)
        found["brier"] = float(np.mean((score - rows.fraud) ** 2))
    return found


def recall_at(fraud: Flags, raw: Floats64, false_positive_rate: float) -> float:
    """Share of frauds above the score that only this share of good payments exceeds."""
    limit = np.quantile(raw[~fraud], 1.0 - false_positive_rate)
    return float((raw[fraud] > limit).mean()) if fraud.any() else 0.0


def card_precision(rows: Rows, raw: Floats64, most: int) -> float:
    """Card Precision@k: of the k most suspicious cards a day, the share compromised.

    Cards found on an earlier day are out, as they would be blocked (Le Borgne et al.,
    Reproducible Machine Learning for Credit Card Fraud Detection).
    """
    daily = list(daily_card_precision(rows, raw, most).values())
    return float(np.mean(daily)) if daily else 0.0


def daily_card_precision(rows: Rows, raw: Floats64, most: int) -> dict[int, float]:
    """The same by day, in order; a day on which no card is left is left out."""
    found: set[int] = set()
    daily: dict[int, float] = {}
    for day in np.unique(rows.day):
        on_day = rows.day == day
        cards, worst, compromised = _by_card(
            rows.card[on_day], raw[on_day], rows.fraud[on_day]
        )
        open_cards = np.array(
            [card not in found for card in cards.tolist()], dtype=bool
        )
        cards, worst = cards[open_cards], worst[open_cards]
        compromised = compromised[open_cards]
        top = np.argsort(-worst, kind="stable")[:most]
        if len(top) == 0:
            continue
        daily[int(day)] = float(compromised[top].sum()) / most
        found.update(cards[top][compromised[top]].tolist())
    return daily


def _by_card(
    cards: Integers, raw: Floats64, fraud: Flags
) -> tuple[Integers, Floats64, Flags]:
    names, place = np.unique(cards, return_inverse=True)
    worst = np.full(len(names), -np.inf)
    np.maximum.at(worst, place, raw)
    compromised = np.zeros(len(names), dtype=bool)
    np.logical_or.at(compromised, place, fraud)
    return names, worst, compromised


def calibration_error(
    fraud: Flags, score: Floats64, weight: Floats64 | None = None
) -> float:
    """Expected calibration error over 15 bins with as many rows each: probability minus
    rate. `weight` says how many payments each row stands for."""
    each = np.ones(len(fraud)) if weight is None else weight
    order = np.argsort(score, kind="stable")
    error = 0.0
    for bin_ in np.array_split(order, _BINS):
        if len(bin_):
            said = np.average(score[bin_], weights=each[bin_])
            seen = np.average(fraud[bin_], weights=each[bin_])
            error += abs(float(said - seen)) * float(each[bin_].sum())
    return error / float(each.sum())
