"""The watch under which the scorers are tested does see what it watches for."""

import pytest

from fraud_scoring.testing.contract import UNPICKLED, serve_watched


class TestWatch:
    @pytest.mark.parametrize(
        "offence",
        [
            "import pickle, fractions; pickle.loads(pickle.dumps(fractions.Fraction(1)))",
            "from pickle import _loads; _loads(b'cos\\nsystem\\n.')",
            "import joblib",
            "import torch",
        ],
    )
    def test_ends_the_process(self, offence):
        assert serve_watched(first=offence).returncode == UNPICKLED

    def test_is_quiet_otherwise(self):
        assert serve_watched(first="raise SystemExit(0)").returncode == 0
