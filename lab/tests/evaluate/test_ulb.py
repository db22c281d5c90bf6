import itertools
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from fraud_features.definitions.registry import CREDIT_CARD
from fraud_lab.evaluate.ulb import GENUINE_WEIGHT, dataset, evaluate_ulb_command
from fraud_scoring.training.metrics import calibration_error


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of the sample's form: frauds lie aside in two components."""
    rng = np.random.default_rng(2)
    rows = 1500
    fraud = rng.random(rows) < 0.06
    components = rng.normal(size=(rows, 28))
    components[fraud, :2] += 3
    table = pl.DataFrame(
        {
            "Time": np.sort(rng.integers(0, 139_321, rows)),
            **{f"V{i + 1}": components[:, i].round(8) for i in range(28)},
            "Amount": rng.lognormal(3, 1, rows).round(2),
            "Class": fraud.astype(int),
        }
    )
    place = tmp_path_factory.mktemp("ulb")
    table.write_csv(place / "ulb_sample_time_lt_139321.csv.gz", compression="gzip")
    return place


class TestDataset:
    def test_slices_follow_in_time_and_hold_every_row(self, folder: Path):
        made = dataset(next(folder.iterdir()), seed=1)
        parts = [made.train, made.validate, made.calibrate, made.test]
        assert sum(map(len, parts)) == 1500
        time = CREDIT_CARD.names.index("Time")
        for earlier, later in itertools.pairwise(parts):
            assert earlier.x[:, time].max() <= later.x[:, time].min()

    def test_inputs_come_back_from_the_features_field_as_they_were_sent(
        self, folder: Path
    ):
        sent = pl.read_csv(next(folder.iterdir())).sort("Time", maintain_order=True)
        made = dataset(next(folder.iterdir()), seed=1)
        first = sent.select(CREDIT_CARD.names).to_numpy()[: len(made.train)]
        assert np.array_equal(made.train.x, first.astype(np.float32))

    def test_a_genuine_row_stands_for_those_left_out(self, folder: Path):
        made = dataset(next(folder.iterdir()), seed=1)
        assert set(made.test.weight[made.test.fraud]) == {1.0}
        assert set(made.test.weight[~made.test.fraud]) == {GENUINE_WEIGHT}


class TestWeightedCalibration:
    def test_a_weight_is_as_good_as_so_many_copies(self):
        score = np.linspace(0.05, 0.95, 15)
        fraud = np.arange(15) % 3 == 0
        copies = np.where(fraud, 1, 4)
        plain = calibration_error(np.repeat(fraud, 2), np.repeat(score, 2))
        assert calibration_error(fraud, score) == pytest.approx(plain)
        gap = np.abs(score - fraud)
        expected = float((gap * copies).sum() / copies.sum())
        found = calibration_error(fraud, score, copies.astype(float))
        assert found == pytest.approx(expected)


def test_the_command_prints_figures_with_their_intervals(
    folder: Path, capfd: pytest.CaptureFixture[str]
):
    evaluate_ulb_command(
        folder, seed=1, threads=1, as_json=True, enforce=True, draws=20
    )
    shown = capfd.readouterr().out
    assert '"command": "evaluate ulb"' in shown
    assert "recall_at_1_fpr" in shown
