from pathlib import Path

import numpy as np
import polars as pl
import pytest

from fraud_features.definitions.handbook import OWN_INPUTS
from fraud_features.definitions.registry import HANDBOOK
from fraud_features.offline.frame import frame
from fraud_lab.handbook.inputs import Inputs, load
from fraud_lab.handbook.own_inputs import THEIRS, compare, same_second
from fraud_lab.handbook.payments import DataMissing, flat_rows, labels, read
from fraud_shared.contracts.transaction import Transaction


@pytest.fixture(scope="module")
def inputs(folder: Path) -> Inputs:
    return load(folder)


class TestReading:
    def test_the_scenario_is_never_read(self, folder: Path):
        paid = read(folder)
        assert not [name for name in paid.__slots__ if "scenario" in name]
        assert paid.day[0] == 0
        assert paid.day[-1] == 156

    def test_amounts_are_whole_cents(self, folder: Path):
        table = pl.read_parquet(next(folder.glob("transactions_*")))
        assert np.array_equal(read(folder).amount / 100, table["TX_AMOUNT"].to_numpy())

    def test_a_folder_without_the_file_is_named_as_such(self, tmp_path: Path):
        with pytest.raises(DataMissing, match="transactions"):
            read(tmp_path)

    def test_a_row_says_what_the_same_payment_says_over_http(self, folder: Path):
        row = next(flat_rows(read(folder)))
        sent = Transaction.model_validate(
            {
                "transaction_id": row["transaction_id"],
                "account_id": row["account_id"],
                "amount_minor": row["amount_minor"],
                "currency": "EUR",
                "occurred_at": pl.Series([row["occurred_at"]])
                .cast(pl.Datetime("us", "UTC"))
                .item(),
                "kind": "card_payment",
                "channel": "pos",
                "card": {"token": row["card_token"]},
                "merchant": {
                    "merchant_id": row["merchant_id"],
                    "terminal_id": row["terminal_id"],
                },
            }
        )
        assert frame([sent], features=HANDBOOK).equals(frame([row], features=HANDBOOK))


class TestOwnInputs:
    def test_our_windows_equal_the_published_inputs(self, folder: Path, inputs: Inputs):
        found = compare(folder, inputs.payments, inputs.windows)
        assert found is not None
        assert found.rows == (inputs.payments.day >= 71).sum()
        assert (found.differing, found.unexplained) == (0, 0)
        assert len(THEIRS) == len(OWN_INPUTS) == 14

    def test_compare_without_a_file_of_them_compares_nothing(
        self, folder: Path, inputs: Inputs, tmp_path: Path
    ):
        for file in folder.glob("transactions_*.parquet"):
            (tmp_path / file.name).symlink_to(file)
        assert compare(tmp_path, inputs.payments, inputs.windows) is None

    def test_the_order_within_a_second_explains_one_payment_more_or_less(
        self, folder: Path, inputs: Inputs
    ):
        last = same_second(inputs.payments)
        assert last[-2:].all()
        mine = inputs.windows.with_columns(
            account_count_1d=pl.col("account_count_1d") + pl.Series(last.astype(int))
        )
        found = compare(folder, inputs.payments, mine)
        assert (found.differing, found.unexplained) == (last.sum(), 0)

    @pytest.mark.parametrize(
        ("name", "more"), [("account_count_1d", 2), ("terminal_risk_7d", 1)]
    )
    def test_anything_else_is_unexplained(
        self, folder: Path, inputs: Inputs, name: str, more: int
    ):
        mine = inputs.windows.with_columns(pl.col(name).fill_null(0.0) + more)
        found = compare(folder, inputs.payments, mine)
        assert found.unexplained == found.rows


class TestLabels:
    def test_reports_are_in_order_and_one_delay_late(self, folder: Path):
        paid = read(folder)
        reported = [report["reported_at"] for report in labels(paid)]
        assert reported == sorted(reported)
        assert len(reported) == paid.fraud.sum()
        week = 7 * 86_400 * 1_000_000
        assert reported[0] == paid.at[paid.fraud][0] + week - 1

    def test_all_columns_are_there_and_finite_or_unknown(self, inputs: Inputs):
        assert inputs.x.shape == (len(inputs.payments), len(inputs.names))
        assert len(set(inputs.names)) == len(inputs.names)
        assert not np.isinf(inputs.x).any()
