import numpy as np
import pytest

from fraud_scoring.artifacts.libraries import check, installed
from fraud_scoring.errors import (
    DegenerateScores,
    GoldenMismatch,
    LibraryMismatch,
    MalformedArtifact,
    TooSlow,
)
from fraud_scoring.serving.scorer import ScorerEngine
from fraud_scoring.serving.validation import Timers, validate_model
from fraud_scoring.testing import (
    NOW,
    LinearScorer,
    linear_draft,
    linear_engine,
    memory_registry,
)


def artifact(**options):
    return memory_registry().publish(linear_draft(**options), now=NOW)


def engine(load, libraries=()):
    return ScorerEngine("xgboost", "fraud_score", load, libraries)


class TestGoodModels:
    def test_good_models_are_admitted(self):
        assert validate_model(linear_engine(), artifact()).ref.name == "xgboost"


class TestBadModels:
    def test_other_scores_than_in_training(self):
        with pytest.raises(GoldenMismatch):
            validate_model(linear_engine(), artifact(golden_raw=(0.1, 0.2, 0.3, 0.4)))

    def test_nan_scores_are_refused(self):
        broken = engine(lambda _: LinearScorer(np.array([np.nan, 0.0, 0.0])))
        with pytest.raises(DegenerateScores):
            validate_model(broken, artifact())

    def test_constant_scores_are_refused(self):
        with pytest.raises(DegenerateScores):
            validate_model(linear_engine(), artifact(weights=(0.0, 0.0, 0.0)))

    def test_inverted_scores_are_refused(self):
        with pytest.raises(DegenerateScores):
            validate_model(linear_engine(), artifact(weights=(-0.5, -1.0, 0.25)))

    def test_a_wrong_width_is_refused(self):
        with pytest.raises(MalformedArtifact):
            validate_model(engine(lambda _: _raise(ValueError("shapes"))), artifact())

    def test_a_slow_model_is_refused(self, stopwatch):
        slow = engine(lambda _: Busy(stopwatch, 0.002))
        with pytest.raises(TooSlow, match=r"2\.00 ms a row, limit 1\.0 ms"):
            validate_model(slow, artifact(), limit_ms=1.0, timers=stopwatch.timers)
        assert validate_model(slow, artifact(), limit_ms=2.5, timers=stopwatch.timers)


class TestLibraries:
    def test_another_minor_is_refused_naming_both(self):
        fitted = artifact(libraries={"numpy": "1.19.5"})
        needs_numpy = engine(linear_engine().load, ("numpy",))
        with pytest.raises(
            LibraryMismatch, match=r"numpy: trained with 1\.19\.5, inst"
        ):
            validate_model(needs_numpy, fitted)

    def test_another_patch_is_not(self):
        major, minor, _ = np.__version__.split(".")
        check({"numpy": f"{major}.{minor}.999"}, ("numpy",))

    def test_unrecorded_is_refused(self):
        with pytest.raises(LibraryMismatch):
            check({}, ("numpy",))

    def test_absent_libraries_have_no_version(self):
        assert installed(["numpy", "no-such-library"]) == {"numpy": np.__version__}


def _raise(error):
    raise error


class TestOutputs:
    """What a broken model may give instead of one finite figure in range for each row."""

    @pytest.mark.parametrize(
        ("output", "refusal"),
        [
            (lambda rows: np.full((len(rows), 2), 0.5), MalformedArtifact),
            (lambda rows: np.full(len(rows) + 1, 0.5), MalformedArtifact),
            (lambda rows: np.full(len(rows), np.inf), DegenerateScores),
            (lambda rows: 2.0 + rows[:, 0], DegenerateScores),
            (lambda rows: -np.abs(np.nan_to_num(rows[:, 0])), DegenerateScores),
            (lambda rows: _raise(RuntimeError("shape")), MalformedArtifact),
        ],
        ids=["matrix", "too many", "infinite", "above 1", "below 0", "raises"],
    )
    def test_a_broken_output_is_refused(self, output, refusal):
        with pytest.raises(refusal):
            validate_model(engine(lambda _: Shaped(output)), artifact())

    def test_what_nobody_knows_anything_of_must_have_a_score(self):
        class Unsure(LinearScorer):
            def score(self, rows):
                lost = np.isnan(rows).all(axis=1)
                return np.where(lost, np.nan, super().score(rows))

        unsure = engine(lambda _: Unsure(np.array([0.5, 1.0, -0.25])))
        with pytest.raises(DegenerateScores):
            validate_model(unsure, artifact())

    def test_an_explanation_has_one_part_for_each_feature(self):
        class Short(LinearScorer):
            def explain(self, row):
                return super().explain(row)[:2]

        short = engine(lambda _: Short(np.array([0.5, 1.0, -0.25])))
        with pytest.raises(MalformedArtifact):
            validate_model(short, artifact())


class TestSlowdown:
    @pytest.fixture
    def against(self, stopwatch):
        """Validates a model that takes so long beside one that takes 1 ms a row."""

        def against(seconds):
            timers = stopwatch.timers
            serving = validate_model(
                engine(lambda _: Busy(stopwatch, 0.001)),
                artifact(),
                limit_ms=1000,
                timers=timers,
            )
            return validate_model(
                engine(lambda _: Busy(stopwatch, seconds)),
                artifact(),
                than=serving,
                limit_ms=1000,
                timers=timers,
            )

        return against

    def test_six_times_slower_than_what_serves_is_refused(self, against):
        with pytest.raises(TooSlow, match="more than 5 times the"):
            against(0.006)

    def test_four_times_slower_is_admitted(self, against):
        assert against(0.004)

    def test_waiting_hides_no_slower_work(self, against, stopwatch):
        stopwatch.elsewhere = 0.5
        with pytest.raises(TooSlow, match="more than 5 times the"):
            against(0.006)


class Stopwatch:
    """Time that passes only by work, and with it `elsewhere`, when others have the
    processor."""

    def __init__(self):
        self.worked = self.waited = self.elsewhere = 0.0

    @property
    def timers(self):
        return Timers(wall=lambda: self.worked + self.waited, work=lambda: self.worked)


@pytest.fixture
def stopwatch():
    return Stopwatch()


class Busy(LinearScorer):
    """Takes so many seconds of work a call."""

    def __init__(self, stopwatch, seconds):
        super().__init__(np.array([0.5, 1.0, -0.25]))
        object.__setattr__(self, "stopwatch", stopwatch)
        object.__setattr__(self, "seconds", seconds)

    def score(self, rows):
        self.stopwatch.worked += self.seconds
        self.stopwatch.waited += self.stopwatch.elsewhere
        return super().score(rows)


class Shaped(LinearScorer):
    """Gives whatever a function makes of the rows."""

    def __init__(self, output):
        super().__init__(np.array([0.5, 1.0, -0.25]))
        object.__setattr__(self, "output", output)

    def score(self, rows):
        return self.output(rows)
