import numpy as np

from fraud_scoring.training.unknown import forget

SOURCES = ("transaction", "velocity", "profile", "risk", "request")


class TestForgetting:
    def test_all_that_the_store_knows_goes_together(self):
        x = np.ones((20_000, 5), dtype=np.float32)
        gone = np.isnan(forget(x, SOURCES, share=0.05, seed=1))
        assert not gone[:, [0, 4]].any()
        assert (gone[:, 1] == gone[:, 2]).all()
        assert (gone[:, 1] == gone[:, 3]).all()
        assert abs(gone[:, 1].mean() - 0.05) < 0.01

    def test_the_original_keeps_its_values(self):
        x = np.ones((100, 5), dtype=np.float32)
        forget(x, SOURCES, share=1.0, seed=1)
        assert (x == 1).all()
