"""What a card's and a terminal's past says beyond the online store's windows.

Exact windows over the whole table at once, with the store's contract: a window of length w
at time t is (t - w, t], payments of one instant count in order of arrival, and a label is
known one label delay after its payment. These columns exist offline only; a caller who
keeps such a history sends them in a transaction's `features`.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fraud_features.store.schema import DAY, LABEL_DELAY
from fraud_lab.handbook.payments import Integers, Payments

Floats = npt.NDArray[np.float64]
Columns = dict[str, Floats]

_DELAYED_DAYS = (2, 3, 5, 10, 14, 21, 28, 60)
_ORDINARY_DAYS = (1, 3, 7, 14, 21, 28, 60)
_CARD_DAYS = (3, 14)
_UNUSUAL_DAYS = (1, 3, 7, 14, 30)
_LARGEST_DAYS = (3, 7, 14)
# An amount this many times the card's mean so far is unusual; below the second it is
# ordinary, so a labelled fraud of that size says something about the terminal.
_UNUSUAL, _ORDINARY = 2.5, 2.0
_FEWEST = 5


@dataclass(frozen=True, slots=True)
class Timeline:
    """Payments by owner and time: windows are stretches of this order.

    `order` lists the rows, `place` says where each row stands, `first` where its owner
    begins.
    """

    owner: Integers
    at: Integers
    order: Integers
    place: Integers
    first: Integers
    _key: Integers

    @classmethod
    def of(cls, owner: Integers, at: Integers) -> "Timeline":
        """`at` rises. Owners become small numbers first: a moment and its owner must fit
        one integer."""
        owner = np.unique(owner, return_inverse=True)[1].astype(np.int64)
        at = at - at[0]
        order = np.argsort(owner, kind="stable").astype(np.int64)
        place = np.empty(len(owner), dtype=np.int64)
        place[order] = np.arange(len(owner))
        first = np.searchsorted(owner[order], owner).astype(np.int64)
        # One sorted key for both: windows of one owner never reach into another's.
        return cls(owner, at, order, place, first, _key(owner, at)[order])

    def begin(self, length: int) -> Integers:
        """For each row, where the payments later than `length` ago begin."""
        since = np.maximum(self.at - length, -1)
        wanted = _key(self.owner, since, int(self.at[-1]))
        return np.searchsorted(self._key, wanted, side="right").astype(np.int64)

    def running(self, values: npt.NDArray[np.generic]) -> Floats:
        """Sums of the first n values in this order, for n from 0 on."""
        sums = np.zeros(len(values) + 1)
        np.cumsum(values[self.order].astype(np.float64), out=sums[1:])
        return sums


def _key(owner: Integers, at: Integers, last: int | None = None) -> Integers:
    # Room for -1, the moment before all: no key of the owner before reaches it.
    stride = (int(at[-1]) if last is None else last) + 2
    if (int(owner.max()) + 1) * stride > np.iinfo(np.int64).max:
        raise OverflowError("too many owners over too long a time for one integer key")
    return owner * stride + at + 1


def columns(payments: Payments) -> Columns:
    """All columns, one value per payment, NaN where unknown."""
    cards = Timeline.of(payments.card, payments.at)
    amount = payments.amount.astype(np.float64)
    typical, relative = _typical(cards, amount)
    found = _card(cards, amount, typical, relative)
    terminals = Timeline.of(payments.terminal, payments.at)
    found |= _terminal(terminals, payments.fraud, relative)
    found |= _labelled(terminals, payments.fraud)
    pairs = payments.card * (int(payments.terminal.max()) + 1) + payments.terminal
    together = Timeline.of(pairs, payments.at)
    found["card_terminal_count"] = (together.place - together.first).astype(np.float64)
    return found


def _typical(cards: Timeline, amount: Floats) -> tuple[Floats, Floats]:
    """The card's mean amount before each payment, and the payment's over it (1 for the
    first payments of a card)."""
    sums = cards.running(amount)
    earlier = cards.place - cards.first
    mean = _ratio(sums[cards.place] - sums[cards.first], earlier)
    relative = amount / mean
    return mean, np.where(earlier >= _FEWEST, relative, 1.0)


def _card(
    cards: Timeline, amount: Floats, typical: Floats, relative: Floats
) -> Columns:
    found: Columns = {}
    sums, end = cards.running(amount), cards.place + 1
    for days in (1, *_CARD_DAYS, 7):
        start = cards.begin(days * DAY)
        mean = (sums[end] - sums[start]) / (end - start)
        found[f"card_mean_{days}d_over_typical"] = mean / typical
        if days in _CARD_DAYS:
            found[f"card_count_{days}d"] = (end - start).astype(np.float64)
            found[f"card_mean_{days}d"] = mean
    unusual = cards.running(relative > _UNUSUAL)
    for days in _UNUSUAL_DAYS:
        start = cards.begin(days * DAY)
        # Of the payments before this one: its own size is told by other columns.
        found[f"card_unusual_before_{days}d"] = unusual[cards.place] - unusual[start]
    largest = _Maxima(relative[cards.order])
    for days in _LARGEST_DAYS:
        start = cards.begin(days * DAY)
        found[f"card_largest_before_{days}d"] = largest.between(start, cards.place)
    start, stop = cards.begin(60 * DAY), cards.begin(14 * DAY)
    older = _ratio(sums[stop] - sums[start], stop - start)
    found["card_mean_before_14d"] = older
    found["amount_over_mean_before_14d"] = amount / older
    return found


def _terminal(
    terminals: Timeline, fraud: npt.NDArray[np.bool_], relative: Floats
) -> Columns:
    found: Columns = {}
    frauds = terminals.running(fraud)
    ordinary = terminals.running(fraud & (relative < _ORDINARY))
    end = terminals.begin(LABEL_DELAY)
    for days in _DELAYED_DAYS:
        start = terminals.begin(LABEL_DELAY + days * DAY)
        count, known = end - start, frauds[end] - frauds[start]
        found[f"terminal_delayed_count_{days}d"] = count.astype(np.float64)
        found[f"terminal_delayed_frauds_{days}d"] = known
        found[f"terminal_delayed_risk_{days}d"] = _ratio(known, count)
    for days in _ORDINARY_DAYS:
        start = terminals.begin(LABEL_DELAY + days * DAY)
        found[f"terminal_ordinary_frauds_{days}d"] = ordinary[end] - ordinary[start]
    sums, now = terminals.running(relative), terminals.place + 1
    for days in (1, 7, 30):
        start = terminals.begin(days * DAY)
        found[f"terminal_mean_over_typical_{days}d"] = (sums[now] - sums[start]) / (
            now - start
        )
    return found


def _labelled(terminals: Timeline, fraud: npt.NDArray[np.bool_]) -> Columns:
    """Days since the newest labelled payment of each sort, and the run of frauds that the
    labelled payments end with."""
    at, bad = terminals.at[terminals.order], fraud[terminals.order]
    places = np.arange(len(at))
    newest = terminals.begin(LABEL_DELAY) - 1
    first = terminals.first

    def latest(sort: npt.NDArray[np.bool_]) -> Integers:
        before = np.maximum.accumulate(np.where(sort, places, -1))
        return np.where(newest >= first, before[np.maximum(newest, 0)], -1)

    def days_since(place: Integers) -> Floats:
        days = (terminals.at - at[np.clip(place, 0, len(at) - 1)]) / DAY
        return np.where(place >= first, days, np.nan)

    genuine = latest(~bad)
    run_from = np.maximum(genuine + 1, first)
    run = np.maximum(newest - run_from + 1, 0)
    return {
        "terminal_days_since_labelled": days_since(newest),
        "terminal_days_since_genuine": days_since(genuine),
        "terminal_days_since_fraud": days_since(latest(bad)),
        "terminal_fraud_run": run.astype(np.float64),
        "terminal_fraud_run_days": np.where(run > 0, days_since(run_from), np.nan),
    }


class _Maxima:
    """Largest value of any stretch: maxima of all stretches of 1, 2, 4, ... values."""

    def __init__(self, values: Floats) -> None:
        self._steps = [values]

    def between(self, start: Integers, end: Integers) -> Floats:
        """The largest of each [start, end); NaN where that is empty."""
        length = end - start
        step = np.where(length > 0, np.log2(np.maximum(length, 1)).astype(np.int64), 0)
        found = np.full(len(start), np.nan)
        for k in range(int(step.max(initial=0)) + 1):
            here = (length > 0) & (step == k)
            values = self._step(k)
            found[here] = np.maximum(values[start[here]], values[end[here] - (1 << k)])
        return found

    def _step(self, k: int) -> Floats:
        while len(self._steps) <= k:
            last, half = self._steps[-1], 1 << (len(self._steps) - 1)
            wider = last.copy()
            wider[:-half] = np.maximum(last[:-half], last[half:])
            self._steps.append(wider)
        return self._steps[k]


def _ratio(part: npt.NDArray[np.generic], whole: npt.NDArray[np.generic]) -> Floats:
    """part / whole; NaN where the whole is nothing."""
    found = np.full(len(part), np.nan)
    np.divide(part, whole, out=found, where=whole != 0)
    return found
