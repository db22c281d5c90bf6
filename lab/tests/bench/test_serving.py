"""What `fraud bench serving` makes of its measurements."""

import numpy as np
import pytest

from fraud_lab.bench.serving import command, engines, plots
from fraud_lab.bench.serving.closed_loop import Lap
from fraud_lab.bench.serving.peers import Peers
from fraud_lab.bench.serving.servers import GATEWAY, SCORER, SCORER_BY_NAME, Measured
from fraud_lab.bench.serving.target import Target


def measured(name, per_lap, ms):
    """Two laps of a second with so many answers of so many milliseconds."""
    target = Target.of(name, 1, 1, "/", [], len)
    laps = [Lap([ms] * count, 0, 1.0) for count in per_lap]
    return Measured(
        target, laps, cpu_s=sum(per_lap) * ms / 1000, largest_difference=0.0
    )


@pytest.fixture
def both():
    found = [
        measured(GATEWAY, (500, 700), 2.0),
        measured(SCORER, (800, 800), 1.0),
        measured("MLflow, 1 process", (100, 100), 9.0),
        measured("BentoML, 1 process", (100, 200), 1.5),
    ]
    return {one.target.name: one for one in found}


def server_gates(named):
    gates = command._server_gates(named, command._ratios(named))
    return {gate.name: gate for gate in gates}


class TestGates:
    def test_throughput_is_the_median_of_the_laps_own_ratios(self, both):
        gates = server_gates(both)
        assert gates["gateway over MLflow, throughput"].value == 6.0
        assert gates["gateway over MLflow, throughput"].holds
        assert gates["gateway over BentoML, throughput"].value == 4.25
        assert not gates["gateway over BentoML, throughput"].holds

    def test_the_tail_must_be_shorter(self, both):
        gates = server_gates(both)
        assert gates["gateway over MLflow, p99"].holds
        assert not gates["gateway over BentoML, p99"].holds

    def test_peers_that_are_not_there_are_red_and_not_skipped(self, both):
        ours = {name: both[name] for name in (GATEWAY, SCORER)}
        gates = server_gates(ours)
        assert gates["scorer over MLflow, throughput"].value is None
        assert not gates["scorer over MLflow, throughput"].holds

    def test_rows_with_names_are_judged_against_rows_with_names(self, both):
        both |= {
            one.target.name: one
            for one in (
                measured(SCORER_BY_NAME, (500, 500), 1.0),
                measured("MLflow, 1 process, named columns", (100, 100), 9.0),
            )
        }
        gates = server_gates(both)
        assert gates["scorer over MLflow, named columns, throughput"].value == 5.0
        assert not gates["scorer over MLflow, named columns, throughput"].holds
        worse = command._ratios(both)[f"{SCORER_BY_NAME} over MLflow, 1 process"]
        assert worse["throughput"] == 5.0

    def test_the_fastest_of_the_library_s_calls_is_the_one_to_beat(self):
        row = {
            "ours": {},
            "slow": {"ours_faster_by": 90.0},
            "fast": {"ours_faster_by": 7.0},
        }
        models = {
            name: {"one_row": row, "largest_difference": 0.0} for name in command.BARS
        }
        gates = {gate.name: gate for gate in command._model_gates(models)}
        assert gates["xgboost, one row, times faster"].value == 7.0
        assert not gates["xgboost, one row, times faster"].holds


class TestEngines:
    def test_ours_is_measured_beside_the_others_and_compared_with_them(self):
        x = np.ones((256, 3), dtype=np.float32)

        def many_times(rows):
            for _ in range(10):
                total = rows.sum(axis=1)
            return total * 1.001

        ways = {engines.OURS: lambda rows: rows.sum(axis=1), "many times": many_times}
        found = engines.measure(engines.Contest("sum", "sums", ways), x)
        assert found["largest_difference"] == pytest.approx(1e-3, rel=0.01)
        assert found["one_row"]["many times"]["ours_faster_by"] > 2


def test_without_their_environment_the_peers_are_absent(tmp_path):
    assert not Peers(tmp_path, tmp_path / "model.ubj", tmp_path).present


def test_plots_show_every_call_and_every_server(both, tmp_path):
    ours, theirs = {"p50_us": 9.0}, {"p50_us": 4000.0, "ours_faster_by": 444.0}
    row = {engines.OURS: ours, "score_samples": theirs}
    figures = {
        "models": {"isolation_forest": {"one_row": row, "batch_64": row}},
        "servers": {name: one.figures() for name, one in both.items()},
    }
    files = plots.draw(figures, tmp_path / "plots")
    assert [file.name for file in files] == ["engines.png", "servers.png"]
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in files)
