"""The handbook's own 14 derived inputs against ours: an oracle that we did not write."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from fraud_features.definitions.handbook import OWN_INPUTS
from fraud_lab.handbook.payments import DERIVED, Payments, the_file

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

THEIRS = (
    "TX_DURING_WEEKEND",
    "TX_DURING_NIGHT",
    *(
        f"CUSTOMER_ID_{what}_{days}DAY_WINDOW"
        for days in (1, 7, 30)
        for what in ("NB_TX", "AVG_AMOUNT")
    ),
    *(
        f"TERMINAL_ID_{what}_{days}DAY_WINDOW"
        for days in (1, 7, 30)
        for what in ("NB_TX", "RISK")
    ),
)
# Averages and shares are stored as float32, after sums that lost digits on the way.
_RELATIVE, _ABSOLUTE = 1e-6, 1e-6


@dataclass(frozen=True, slots=True)
class Comparison:
    """How many payments were compared, how many have a differing input, and how many of
    those are not explained by the order of two payments of one card in the same second:
    there only the card's inputs may differ, and each count by one."""

    rows: int
    differing: int
    unexplained: int
    by_input: Mapping[str, int]


def compare(folder: Path, payments: Payments, ours: pl.DataFrame) -> Comparison | None:
    """Compare every payment of `features_*.parquet`; `ours` has the columns of the set
    `HANDBOOK`, one row per payment. None when the folder has no such file: the handbook
    publishes its derived inputs apart from the payments."""
    if not any(folder.glob(DERIVED)):
        return None
    theirs = pl.read_parquet(the_file(folder, DERIVED)).sort("TRANSACTION_ID")
    ids = theirs["TRANSACTION_ID"].to_numpy().astype(np.int64)
    by_id = np.argsort(payments.transaction_id, kind="stable")
    found = np.searchsorted(payments.transaction_id[by_id], ids)
    places = by_id[np.minimum(found, len(by_id) - 1)]
    if not np.array_equal(payments.transaction_id[places], ids):
        raise ValueError("the derived inputs hold a payment that the payments do not")
    differs, explained = np.zeros(len(ids), dtype=bool), same_second(payments)[places]
    by_input = {}
    for name, their in zip(OWN_INPUTS, THEIRS, strict=True):
        mine, known = _as_theirs(name, ours)[places], theirs[their].to_numpy()
        wrong = ~_close(mine, known)
        by_input[name] = int(wrong.sum())
        differs |= wrong
        if not name.startswith("account_"):
            explained &= ~wrong
        elif "_count_" in name:
            explained &= ~wrong | (np.abs(mine - known) == 1)
    return Comparison(
        rows=len(places),
        differing=int(differs.sum()),
        unexplained=int((differs & ~explained).sum()),
        by_input=by_input,
    )


def same_second(payments: Payments) -> Flags:
    """Payments that share their second with another of the same card: which of two comes
    first is not in the data, and the first does not see the second."""
    order = np.lexsort((payments.at, payments.card))
    card, at = payments.card[order], payments.at[order]
    same = (card[1:] == card[:-1]) & (at[1:] == at[:-1])
    tied = np.zeros(len(payments), dtype=bool)
    tied[order[1:][same]] = True
    tied[order[:-1][same]] = True
    return tied


def _as_theirs(name: str, ours: pl.DataFrame) -> Floats:
    """Our column in their units: euros, and 0 where nothing was known."""
    column = ours[name].fill_null(0.0).to_numpy()
    found: Floats = column / 100.0 if "_mean_" in name else column
    return found


def _close(ours: Floats, theirs: npt.NDArray[np.generic]) -> Flags:
    close: Flags = np.isclose(
        ours, theirs.astype(np.float64), rtol=_RELATIVE, atol=_ABSOLUTE
    )
    return close
