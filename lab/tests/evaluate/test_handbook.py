import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from fraud_lab.evaluate import boosters, detectors, plots
from fraud_lab.evaluate.handbook import evaluate_handbook_command
from fraud_lab.evaluate.judge import gain, judge, summary
from fraud_lab.evaluate.learners import Blend, Columns
from fraud_lab.evaluate.protocol import TEST_FOLDS, VALIDATION_FOLDS
from fraud_lab.handbook.inputs import Inputs, load
from fraud_scoring.training.boosting import Boosting
from fraud_scoring.training.dataset import Rows
from fraud_scoring.training.metrics import card_precision, measure

# Ten trees are enough to see the whole way; the real settings take minutes.
SMALL = Blend(
    {
        "lightgbm": Boosting(10, None, {"min_data_in_leaf": 5}),
        "xgboost": Boosting(10, None, {"min_child_weight": 0.5}),
    },
    seeds=(1,),
)


@pytest.fixture(scope="module")
def inputs(folder: Path) -> Inputs:
    return load(folder)


@dataclass(frozen=True)
class Column:
    """Scores by the first column alone; keeps what it was given."""

    seen: list[tuple[int, int]]

    def __call__(self, x, fraud, others, *, threads):
        self.seen.append((len(x), len(others)))
        return others[:, 0].astype(np.float64)


class TestJudging:
    def test_figures_are_those_of_scikit_learn(self, inputs: Inputs):
        fold = VALIDATION_FOLDS[0]
        found = judge(SMALL, fold, inputs, calibrated=True, threads=1)
        fraud = found.rows.fraud
        assert found.figures["roc_auc"] == roc_auc_score(fraud, found.score)
        expected = average_precision_score(fraud, found.score)
        assert found.figures["average_precision"] == expected
        assert expected > 3 * fraud.mean()

    def test_a_learner_of_some_columns_sees_only_those(self, inputs: Inputs):
        column = inputs.names.index("amount_over_typical")
        seen: list[tuple[int, int]] = []
        learner = Columns(Column(seen), [column])
        found = judge(learner, VALIDATION_FOLDS[1], inputs, calibrated=False, threads=1)
        assert np.array_equal(found.score, found.rows.x[:, column].astype(float))
        day = inputs.payments.day
        first = VALIDATION_FOLDS[1].first
        trained = ((day >= first) & (day < first + 7)).sum()
        assert seen == [(trained, len(found.rows))]

    def test_mean_and_deviation_are_over_folds(self, inputs: Inputs):
        judged = [
            judge(Columns(Column([]), [0]), fold, inputs, calibrated=False, threads=1)
            for fold in TEST_FOLDS[:2]
        ]
        one, two = (found.figures["roc_auc"] for found in judged)
        both = summary(judged)
        assert both.mean["roc_auc"] == pytest.approx((one + two) / 2)
        assert both.std["roc_auc"] == pytest.approx(abs(one - two) / 2)

    def test_a_gain_is_taken_fold_by_fold(self, inputs: Inputs):
        ours, theirs = (
            [
                judge(Columns(Column([]), [c]), f, inputs, calibrated=False, threads=1)
                for f in TEST_FOLDS[:2]
            ]
            for c in (inputs.names.index("amount_over_typical"), 0)
        )
        found = gain(ours, theirs)
        first = ours[0].figures["roc_auc"] - theirs[0].figures["roc_auc"]
        assert found.folds[0]["roc_auc"] == first != 0
        assert gain(ours, ours).mean["roc_auc"] == gain(ours, ours).std["roc_auc"] == 0

    def test_detectors_are_given_no_label(self, inputs: Inputs):
        plan = detectors.ISOLATION_FOREST
        learner = detectors.detector(plan, inputs)
        x, some = inputs.x[:500], inputs.x[500:600]
        labelled = learner(x, np.ones(500, dtype=bool), some, threads=1)
        assert np.array_equal(
            labelled, learner(x, np.zeros(500, dtype=bool), some, threads=1)
        )


class TestCardPrecision:
    @given(
        st.lists(
            st.tuples(
                st.integers(0, 3), st.integers(0, 5), st.booleans(), st.integers(0, 9)
            ),
            min_size=1,
            max_size=40,
        ),
        st.integers(1, 3),
    )
    def test_equals_the_handbooks_definition_step_by_step(self, payments, most):
        day, card, fraud, score = (
            np.array(column) for column in zip(*payments, strict=True)
        )
        # Distinct scores: which of two equal cards comes first is nobody's business.
        score = score + np.arange(len(score)) / 1000
        rows = Rows(
            np.zeros((len(day), 1), dtype=np.float32),
            fraud,
            np.ones(len(day)),
            day,
            card,
        )
        detected: set[int] = set()
        daily = []
        for on in sorted(set(day.tolist())):
            cards = {
                who: (
                    max(
                        s
                        for d, c, _, s in zip(day, card, fraud, score, strict=True)
                        if (d, c) == (on, who)
                    ),
                    any(
                        f
                        for d, c, f in zip(day, card, fraud, strict=True)
                        if (d, c) == (on, who)
                    ),
                )
                for d, who in zip(day.tolist(), card.tolist(), strict=True)
                if d == on and who not in detected
            }
            if not cards:
                continue
            top = sorted(cards, key=lambda who: -cards[who][0])[:most]
            hits = [who for who in top if cards[who][1]]
            daily.append(len(hits) / most)
            detected.update(hits)
        assert card_precision(rows, score, most) == pytest.approx(np.mean(daily))


class TestCommand:
    def test_from_files_to_figures_gates_and_plots(
        self, folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
    ):
        with pytest.raises(typer.Exit):
            evaluate_handbook_command(
                folder,
                plots_dir=tmp_path,
                history_days=14,
                threads=1,
                as_json=True,
                enforce=True,
                blend=SMALL,
            )
        found = json.loads(capfd.readouterr().out.splitlines()[-1])
        assert found["command"] == "evaluate handbook"
        assert len(found["prequential_test"]["folds"]) == 4
        assert found["handbook_inputs"]["unexplained"] == 0
        gates = {gate["name"]: gate for gate in found["gates"]}
        assert gates["4 test folds: average_precision"]["bar"] == 0.72
        assert gates["4 test folds: card_precision_100"]["bar"] == 0.306
        assert gates["4 test folds: roc_auc"]["bar"] == 0.88
        # The small copy is not the handbook: that alone must keep the gates shut.
        assert not gates["handbook's inputs: payments compared"]["holds"]
        assert sorted(file.name for file in tmp_path.iterdir()) == [
            "calibration.png",
            "card_precision_100.png",
            "precision_recall.png",
        ]
        assert found["single_split"] == found["prequential_test"]["folds"][-1]

    def test_the_chosen_settings_are_among_those_that_were_compared(self):
        assert boosters.CHOSEN.boosters in [
            candidate.boosters for candidate in boosters.CANDIDATES.values()
        ]


class TestReliability:
    def test_honest_probabilities_lie_on_the_line(self):
        rng = np.random.default_rng(3)
        score = rng.random(100_000) ** 3
        said, seen = plots.reliability(rng.random(100_000) < score, score)
        assert np.allclose(said, seen, rtol=0.1)

    def test_measure_agrees_that_they_are(self):
        rng = np.random.default_rng(3)
        score = rng.random(50_000)
        fraud = rng.random(50_000) < score
        ids = np.arange(len(score))
        rows = Rows(
            np.zeros((len(ids), 1), dtype=np.float32),
            fraud,
            np.ones(len(ids)),
            ids % 7,
            ids,
        )
        assert measure(rows, score, score)["calibration_error"] < 0.02
