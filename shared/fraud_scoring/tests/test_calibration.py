import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud_scoring.artifacts.calibration import Calibrator

unit = st.floats(0, 1)


@st.composite
def calibrators(draw):
    x = draw(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30, unique=True))
    y = draw(st.lists(unit, min_size=len(x), max_size=len(x)))
    return Calibrator("isotonic", tuple(sorted(x)), tuple(sorted(y)))


class TestCurve:
    @given(calibrators(), st.lists(st.floats(-2e6, 2e6), min_size=2, max_size=20))
    def test_never_falls_and_stays_between_its_ends(self, calibrate, raws):
        values = [calibrate(raw) for raw in sorted(raws)]
        assert values == sorted(values)
        assert all(calibrate.y[0] <= v <= calibrate.y[-1] for v in values)

    @given(calibrators(), st.floats(-2e6, 2e6))
    def test_is_linear_interpolation(self, calibrate, raw):
        expected = np.interp(raw, calibrate.x, calibrate.y)
        assert calibrate(raw) == pytest.approx(expected, abs=1e-9)

    @given(calibrators())
    def test_meets_every_knot(self, calibrate):
        assert [calibrate(x) for x in calibrate.x] == pytest.approx(calibrate.y)

    @given(calibrators())
    def test_survives_its_file(self, calibrate):
        assert Calibrator.from_dict(calibrate.to_dict()) == calibrate


class TestRefusal:
    @pytest.mark.parametrize(
        ("x", "y"),
        [
            ((0.0,), (0.0,)),
            ((0.0, 1.0), (0.0,)),
            ((0.0, 0.0), (0.0, 1.0)),
            ((1.0, 0.0), (0.0, 1.0)),
            ((0.0, 1.0), (1.0, 0.0)),
            ((0.0, 1.0), (-0.1, 1.0)),
            ((0.0, 1.0), (0.0, 1.1)),
            ((0.0, float("nan")), (0.0, 1.0)),
            ((0.0, float("inf")), (0.0, 1.0)),
        ],
    )
    def test_of_knots_that_are_no_curve(self, x, y):
        with pytest.raises(ValueError, match="calibrator"):
            Calibrator("isotonic", x, y)

    def test_of_an_unknown_method(self):
        with pytest.raises(ValueError, match="not a calibrator"):
            Calibrator.from_dict({"method": "magic", "x": [0, 1], "y": [0, 1]})
