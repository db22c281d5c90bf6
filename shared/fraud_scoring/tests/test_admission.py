import time

import numpy as np
import pytest

from fraud_scoring.admission import admit
from fraud_scoring.errors import (
    DegenerateScores,
    GoldenMismatch,
    LibraryMismatch,
    MalformedArtifact,
    TooSlow,
)
from fraud_scoring.libraries import check, installed
from fraud_scoring.scorer import ScorerEngine
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
    def test_are_admitted(self):
        assert admit(linear_engine(), artifact()).ref.name == "xgboost"


class TestBadModels:
    def test_other_scores_than_in_training(self):
        with pytest.raises(GoldenMismatch):
            admit(linear_engine(), artifact(golden_raw=(0.1, 0.2, 0.3, 0.4)))

    def test_nan(self):
        broken = engine(lambda _: LinearScorer(np.array([np.nan, 0.0, 0.0])))
        with pytest.raises(DegenerateScores):
            admit(broken, artifact())

    def test_constant(self):
        with pytest.raises(DegenerateScores):
            admit(linear_engine(), artifact(weights=(0.0, 0.0, 0.0)))

    def test_inverted(self):
        with pytest.raises(DegenerateScores):
            admit(linear_engine(), artifact(weights=(-0.5, -1.0, 0.25)))

    def test_wrong_width(self):
        with pytest.raises(MalformedArtifact):
            admit(engine(lambda _: _raise(ValueError("shapes"))), artifact())

    def test_slow(self):
        class Slow(LinearScorer):
            def score(self, rows):
                until = time.perf_counter() + 0.002 * (len(rows) == 1)
                while time.perf_counter() < until:
                    pass
                return super().score(rows)

        slow = engine(lambda _: Slow(np.array([0.5, 1.0, -0.25])))
        with pytest.raises(TooSlow):
            admit(slow, artifact(), limit_ms=1.0)
        assert admit(slow, artifact(), limit_ms=1000.0)


class TestLibraries:
    def test_another_minor_is_refused_naming_both(self):
        fitted = artifact(libraries={"numpy": "1.19.5"})
        needs_numpy = engine(linear_engine().load, ("numpy",))
        with pytest.raises(
            LibraryMismatch, match=r"numpy: trained with 1\.19\.5, inst"
        ):
            admit(needs_numpy, fitted)

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
