from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from fraud_ops.cli import app
from fraud_ops.drift.report import page
from fraud_post_auth.dataset import DatasetStore
from fraud_post_auth.drift import NotEnough, measure
from fraud_post_auth.stability import categories, drifts, psi


@pytest.fixture(scope="module")
def datasets(make_rows, make_version, tmp_path_factory):
    folder = tmp_path_factory.mktemp("drift") / "datasets"
    make_version(folder, make_rows(2000))
    return folder


@pytest.fixture(scope="module")
def rows(datasets):
    store = DatasetStore(str(datasets))
    return store.read(store.find())


class TestPsi:
    def test_same_distribution_has_none_and_a_shift_has_much(self):
        rng = np.random.default_rng(1)
        before, same = rng.normal(size=5000), rng.normal(size=5000)
        assert psi(before, same) < 0.02
        assert psi(before, same + 1.0) > 0.5

    def test_values_that_went_unknown_are_a_change(self):
        rng = np.random.default_rng(1)
        before, now = rng.normal(size=2000), rng.normal(size=2000)
        now[:1000] = np.nan
        assert psi(before, now) > 0.5

    def test_column_of_zeros_that_stays_so_has_not_moved(self):
        before, now = np.zeros(1000), np.zeros(800)
        before[:20], now[:16] = 1.0, 1.0
        assert psi(before, now) < 0.01
        assert psi(np.full(500, np.nan), np.full(500, np.nan)) == 0.0

    def test_few_payments_say_nothing(self):
        few = pl.DataFrame({"f": [1.0] * 50})
        assert drifts(few, few, ["f"]) == []

    def test_text_that_nobody_had_before_is_named(self):
        before = pl.DataFrame({"kind": ["purchase", None]})
        now = pl.DataFrame({"kind": ["purchase", "crypto"]})
        assert categories(before, now, ["kind"]) == {"kind": ["crypto"]}


class TestMeasure:
    def test_steady_payments_raise_no_alarm(self, rows):
        drift = measure(rows)
        assert drift.worst < 0.25
        assert drift.new_categories == {}
        assert drift.payments_per_day[1] == pytest.approx(33, rel=0.3)

    def test_feature_that_moves_in_the_last_week_is_the_worst(self, rows):
        late = rows["occurred_at"] > rows["occurred_at"].max() - timedelta(days=7)
        moved = rows.with_columns(
            f_speed_kmh=pl.when(late).then(900.0).otherwise("f_speed_kmh")
        )
        drift = measure(moved)
        assert drift.features[0].name == "f_speed_kmh"
        assert drift.worst == drift.features[0].psi > 0.25

    def test_promise_far_from_what_came_shows_in_calibration(self, rows):
        honest = measure(rows).calibration
        broken = measure(rows.with_columns(fraud_score=pl.lit(0.9))).calibration
        assert abs(broken.deviations) > 4 * abs(honest.deviations)

    def test_no_payments_are_no_measure(self, rows):
        with pytest.raises(NotEnough):
            measure(rows.head(0))


class TestReport:
    def test_page_is_complete_and_escapes_what_it_shows(self, rows):
        strange = rows.with_columns(
            kind=pl.when(pl.int_range(pl.len()) > rows.height - 20)
            .then(pl.lit("<script>"))
            .otherwise("kind")
        )
        html = page(measure(strange), "v1")
        assert "&lt;script&gt;" in html
        assert "<script" not in html
        assert "payments a day" in html

    def test_command_writes_the_page(self, datasets, tmp_path):
        out = tmp_path / "drift.html"
        arguments = ["drift", "report", "--data", str(datasets)]
        result = CliRunner().invoke(app, [*arguments, "--out", str(out)])
        assert result.exit_code == 0, result.output
        assert out.read_text().startswith("<!doctype html>")
