"""Short rules from labelled history: a greedy search over the fields that rules read. Pure.

Terms are thresholds at the values of frauds, truths, and kinds of payment. A rule grows term
by term, at most three, by what it would have gained on the first part of the history with
the labels known by its end; each is then measured on the part after it. A person decides.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import yaml

from fraud_engines.policy.costs import Costs
from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_lab.rules.history import History
from fraud_lab.rules.intervals import Accounts, share

MOST_TERMS = 3
# Rules that are kept at every length, and thresholds that are tried for a field.
BEAM, THRESHOLDS = 24, 8
TRAIN_SHARE = 2 / 3
# Below so many frauds a rule is an anecdote.
LEAST_FRAUDS = 5
CLOSED = ("kind", "channel", "entry_mode")


@dataclass(frozen=True)
class Term:
    """One comparison and where it holds."""

    field: str
    source: str
    holds: np.ndarray


@dataclass(frozen=True)
class Suggestion:
    """One rule as measured on the time that it was not made from.

    `gain`: what a challenge on its hits saves, minor units, less what it costs, over all
    that had been approved; `overlap`: share of its hits that were stopped anyway.
    """

    when: str
    terms: int
    hits: int
    gain_before: float
    gain: dict[str, Any]
    precision: dict[str, Any]
    friction: dict[str, Any]
    fraud_money: dict[str, Any]
    overlap: float | None

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return dict(self.__dict__)


def suggest(
    history: History, costs: Costs, *, seed: int, most: int = 10
) -> list[Suggestion]:
    """So many rules at most, each found on what the ones before it leave, best first."""
    at = history.frame["occurred_at"].dt.timestamp("us").to_numpy()
    cut = int(np.quantile(at, TRAIN_SHARE))
    early = at < cut
    known = _known(history, cut)
    worth = worths(history, costs)
    train = np.where(early & (known | history.good), worth, 0.0)
    # A fraud that nobody had reported by then looked good.
    train = np.where(early & history.fraud & ~known, _as_good(history, costs), train)
    open_ = history.decided == 0
    accounts = Accounts.of(history.frame["account_id"].to_numpy(), seed)
    found: list[Suggestion] = []
    left = open_.copy()
    for _ in range(most):
        rule = _best(history, np.where(left, train, 0.0), early & left & known)
        if rule is None:
            break
        hit = _all(rule)
        gain_before = float(np.where(open_ & early & hit, train, 0.0).sum())
        found.append(_measured(history, rule, worth, ~early, gain_before, accounts))
        left &= ~hit
    return found


def worths(history: History, costs: Costs) -> np.ndarray:
    """What a challenge instead of an approval saves on each payment with an outcome."""
    amount = history.amount.astype(np.float64)
    loss = amount * costs.loss_share + costs.loss_fee_minor
    return np.where(
        history.fraud,
        costs.challenge_stops * loss - costs.challenge_minor,
        np.where(history.good, _as_good(history, costs), 0.0),
    )


def _as_good(history: History, costs: Costs) -> np.ndarray:
    sale = history.amount * costs.false_decline_share + costs.false_decline_minor
    found: np.ndarray = -(costs.challenge_minor + costs.challenge_loses * sale)
    return found


def _known(history: History, cut: int) -> np.ndarray:
    """Frauds that were reported before this moment."""
    if "reported_at" not in history.frame.columns:
        return history.fraud
    reported_us = (
        history.frame["reported_at"].dt.timestamp("us").fill_null(cut + 1).to_numpy()
    )
    found: np.ndarray = history.fraud & (reported_us < cut)
    return found


def _best(history: History, worth: np.ndarray, frauds: np.ndarray) -> list[Term] | None:
    """The rule of the greatest gain, by beam search."""
    if frauds.sum() < LEAST_FRAUDS:
        return None
    pool = list(terms(history.frame, frauds))
    beam: list[tuple[float, list[Term]]] = [(0.0, [])]
    best: tuple[float, list[Term]] = (0.0, [])
    for _ in range(MOST_TERMS):
        grown: dict[tuple[str, ...], tuple[float, list[Term]]] = {}
        for _, rule in beam:
            inside = _all(rule) if rule else np.ones(len(worth), dtype=np.bool_)
            places = np.flatnonzero(inside & (worth != 0.0))
            own, is_fraud = worth[places], frauds[places]
            for term in pool:
                if any(term.field == other.field for other in rule):
                    continue
                here = term.holds[places]
                if is_fraud[here].sum() < LEAST_FRAUDS:
                    continue
                gain = float(own[here].sum())
                key = tuple(sorted((*(t.source for t in rule), term.source)))
                grown[key] = (gain, [*rule, term])
        beam = sorted(grown.values(), key=lambda pair: -pair[0])[:BEAM]
        if beam and beam[0][0] > best[0]:
            best = beam[0]
    return best[1] or None


def terms(frame: pl.DataFrame, frauds: np.ndarray) -> Iterator[Term]:
    """Every comparison worth trying: thresholds lie where frauds lie."""
    for name in PAYMENT_FEATURES.names:
        values = frame[name].to_numpy()
        if PAYMENT_FEATURES.types[name] == "bool":
            yield Term(name, name, values == 1.0)
            yield Term(name, f"!{name}", values == 0.0)
            continue
        inside = values[frauds]
        inside = inside[~np.isnan(inside)]
        if len(inside) < LEAST_FRAUDS:
            continue
        whole = PAYMENT_FEATURES.types[name] == "int"
        cuts = np.quantile(inside, np.linspace(0.05, 0.95, THRESHOLDS))
        for cut in sorted({_rounded(float(c), whole) for c in cuts}):
            text = f"{int(cut)}" if whole else repr(float(cut))
            yield Term(name, f"{name} >= {text}", values >= cut)
            yield Term(name, f"{name} <= {text}", values <= cut)
    for name in CLOSED:
        for value in frame[name].drop_nulls().unique().sort().to_list():
            equal = (frame[name] == value).fill_null(value=False).to_numpy()
            yield Term(name, f'{name} == "{value}"', equal)


def _rounded(value: float, whole: bool) -> float:
    """Two digits: what a person would write."""
    if value == 0 or not np.isfinite(value):
        return 0.0
    digits = 1 - int(np.floor(np.log10(abs(value))))
    rounded = round(value, digits)
    return float(round(rounded)) if whole else rounded


def _all(rule: Sequence[Term]) -> np.ndarray:
    found = rule[0].holds
    for term in rule[1:]:
        found = found & term.holds
    return found


def _measured(
    history: History,
    rule: Sequence[Term],
    worth: np.ndarray,
    late: np.ndarray,
    gain_before: float,
    accounts: Accounts,
) -> Suggestion:
    hit = _all(rule) & late
    open_ = hit & (history.decided == 0)
    fraud = hit & history.fraud
    good = hit & history.good
    seen = int((fraud | good).sum())
    return Suggestion(
        when=" && ".join(term.source for term in rule),
        terms=len(rule),
        hits=int(hit.sum()),
        gain_before=round(gain_before),
        gain=accounts.total(np.where(open_, worth, 0.0)),
        precision=share(int(fraud.sum()), seen),
        friction=share(int((good & open_).sum()), int((late & history.good).sum())),
        fraud_money=accounts.total(np.where(fraud & open_, history.amount, 0)),
        overlap=round(1 - open_.sum() / hit.sum(), 4) if hit.any() else None,
    )


def as_rules(found: Sequence[Suggestion], first: int = 900) -> str:
    """The suggestions as drafts for a ruleset, in YAML."""
    rows = [
        {
            "id": f"R-{first + number}",
            "version": 1,
            "state": "draft",
            "effect": "FLAG",
            "severity": "high",
            "reason": "Suggested from labelled history",
            "when": one.when,
        }
        for number, one in enumerate(found)
    ]
    return yaml.safe_dump({"rules": rows}, sort_keys=False)
