import numpy as np
import polars as pl
import pytest

from fraud_lab.demo.learning import recorder
from fraud_lab.demo.learning.quarter import BEGINS, simulate_quarter
from fraud_post_auth.dataset import DatasetStore


@pytest.fixture(scope="module")
def quarter():
    return simulate_quarter(3000, 1)


def known(quarter, days):
    scores = np.full(len(quarter), np.nan)
    return recorder.known_rows(quarter, scores, quarter.after(days))


def test_new_fraud_begins_on_its_day_and_not_before(quarter):
    assert quarter.new.any()
    assert quarter.day[quarter.new].min() >= BEGINS
    assert quarter.day[quarter.fraud & ~quarter.new].min() < BEGINS


def test_rows_of_a_day_hold_no_later_payment_and_no_later_report(quarter):
    early, late = known(quarter, 50), known(quarter, 90)
    assert early["occurred_at"].max() < quarter.after(50)
    assert early["labelled_at"].max() <= quarter.after(50)
    together = early.join(late, on="decision_id", suffix="_late")
    assert (together["label_late"] >= together["label"]).sum() > 0
    assert together["label_late"].sum() > together["label"].sum()


def test_version_holds_what_was_known(quarter, tmp_path):
    store = DatasetStore(str(tmp_path))
    rows = known(quarter, 60)
    version = recorder.write(store, rows, quarter.after(60))
    assert store.read(version).equals(rows.sort("occurred_at", "decision_id"))


def test_flipped_labels_keep_the_number_of_frauds(quarter):
    rows = known(quarter, 90)
    spoilt = recorder.flipped(rows, 0.5, 1)
    assert spoilt["label"].sum() == rows["label"].sum()
    assert (spoilt["label"] != rows["label"]).sum() > 0


def test_leak_is_in_frauds_only(quarter):
    rows = recorder.leaking(known(quarter, 90), "device_risk_30d", 0.8, 1)
    reported = rows.filter(pl.col("f_device_risk_30d") == 1e6)
    assert reported.height > 0
    assert set(reported["label"].to_list()) == {1}
