import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud_engines.policy.bands import Band, Bands
from fraud_shared.contracts.decision import Verdict

A, C, D = Verdict.APPROVE, Verdict.CHALLENGE, Verdict.DECLINE
BANDS = Bands([Band(0.0, (A,)), Band(0.02, (A, C)), Band(0.1, (C,)), Band(0.6, (D,))])


class TestThresholdsAreHalfOpen:
    @pytest.mark.parametrize(
        ("risk", "allow"),
        [
            (0.0, (A,)),
            (0.0199999, (A,)),
            (0.02, (A, C)),
            (0.1, (C,)),
            (0.5999999, (C,)),
            (0.6, (D,)),
            (1.0, (D,)),
        ],
    )
    def test_a_threshold_belongs_to_the_band_above_it(self, risk, allow):
        assert BANDS.at(risk).allow == allow


class TestBandsThatAreRefused:
    @pytest.mark.parametrize(
        "bands",
        [
            [],
            [Band(0.1, (A,))],
            [Band(0.0, (A,)), Band(0.0, (C,))],
            [Band(0.0, (A,)), Band(0.5, (C,)), Band(0.4, (D,))],
            [Band(0.0, (A,)), Band(1.1, (C,))],
            [Band(0.0, (C,)), Band(0.5, (A, C))],
            [Band(0.0, (A, C)), Band(0.5, (A,))],
            [Band(0.0, (A, D))],
            [Band(0.0, (C, A))],
            [Band(0.0, ())],
        ],
    )
    def test_gaps_falling_thresholds_and_milder_bands(self, bands):
        with pytest.raises(ValueError, match=r"band"):
            Bands(bands)


class TestTightening:
    def test_moves_challenge_thresholds_and_leaves_decline(self):
        tight = BANDS.tightened(0.5)
        assert [band.lower for band in tight.bands] == [0.0, 0.01, 0.05, 0.6]

    @given(risk=st.floats(0, 1), factor=st.floats(0.01, 1))
    def test_never_makes_a_band_milder(self, risk, factor):
        loose, tight = BANDS.at(risk), BANDS.tightened(factor).at(risk)
        assert tight.allow[0].severity >= loose.allow[0].severity
        assert tight.allow[-1].severity >= loose.allow[-1].severity
