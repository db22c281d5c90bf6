import io
from datetime import UTC, datetime, timedelta
from functools import partial

import numpy as np
import pytest
from rich.console import Console

import fraud_xgboost.train
from fraud_engines.policy.policy import DEFAULT_POLICY, load
from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_ops.retrain.run import Retraining, retrain
from fraud_ops.train.command import Plan
from fraud_ops.train.from_data import open_recorded
from fraud_ops.train.stages import Stages
from fraud_post_auth.dataset import DatasetStore
from fraud_scoring.artifacts.keys import Signer, Verifier, development_keys
from fraud_scoring.errors import AliasMissing
from fraud_scoring.registry.file import open_registry
from fraud_scoring.training.boosting import Boosting

NOW = datetime(2026, 4, 1, tzinfo=UTC)
POLICY = load(DEFAULT_POLICY.read_bytes())
QUICK = partial(fraud_xgboost.train.train, boosting=Boosting(15, None, {"eta": 0.3}))
PLANS = {"xgboost": Plan("xgboost", QUICK, "champion")}
NIGHT = PAYMENT_FEATURES.index["is_night"]


@pytest.fixture(scope="module")
def rows(make_rows):
    return make_rows(1600, fraud_rate=0.12)


@pytest.fixture
def learn(tmp_path, make_version):
    """Retrain on rows, as of a day; each call is another version and a later run."""
    keys = development_keys(tmp_path)
    registry = open_registry(
        str(tmp_path / "registry"), Verifier(keys.public_pem), Signer(keys.private_pem)
    )
    clock = iter(NOW + timedelta(days=n) for n in range(100))
    numbers = iter(range(100))

    def run(rows):
        folder = tmp_path / f"data-{next(numbers)}"
        make_version(folder, rows)
        now = next(clock)
        work = Retraining(
            registry, POLICY, PLANS, 1, draws=60, limit_ms=1e6, now=lambda: now
        )
        data = open_recorded(DatasetStore(str(folder)), "newest", 1, now)
        with Stages(Console(file=io.StringIO())) as stages:
            record, _ = retrain(work, data, "test", stages)
        return record

    run.registry = registry
    return run


def blind(rows):
    """The same payments with the telling features switched off, as before a new rule of
    thumb: what a model can learn from them is less."""
    telling = [
        PAYMENT_FEATURES.index[name]
        for name in ("amount_over_typical", "hour_unusualness", "km_from_last_payment")
    ]
    rng = np.random.default_rng(5)
    return [
        type(row)(
            row.columns,
            [
                float(rng.normal()) if place in telling else value
                for place, value in enumerate(row.features)
            ],
        )
        for row in rows
    ]


def aliases(learn):
    book = learn.registry.aliases("xgboost")
    return {name: alias.target.version for name, alias in book.aliases.items()}


class TestRetraining:
    def test_first_sound_models_are_promoted(self, learn, rows):
        record = learn(rows)
        assert (record.outcome, record.reasons) == ("promoted", ())
        assert record.champion == {}
        assert aliases(learn) == {"champion": record.challenger["xgboost"]}

    def test_model_that_learned_more_replaces_the_champion(self, learn, rows):
        first = learn(blind(rows[: len(rows) * 3 // 4]))
        second = learn(rows)
        assert (second.outcome, second.reasons) == ("promoted", ())
        assert second.champion == first.challenger
        assert aliases(learn)["champion"] == second.challenger["xgboost"]
        assert {check["name"] for check in second.checks} >= {
            "better average precision beyond noise",
            "cheaper beyond noise",
            "no segment is worse",
            "no feature knows the label",
        }

    def test_model_that_is_not_better_is_kept_with_the_reasons(self, learn, rows):
        champion = learn(rows[: len(rows) * 4 // 5]).challenger["xgboost"]
        record = learn(rows)
        assert record.outcome == "kept"
        assert any("beyond noise" in reason for reason in record.reasons)
        assert aliases(learn) == {
            "champion": champion,
            "challenger": record.challenger["xgboost"],
        }

    def test_flipped_labels_are_refused_and_nothing_points_at_them(self, learn, rows):
        champion = learn(rows[: len(rows) * 3 // 4]).challenger["xgboost"]
        upside_down = [
            type(row)({**row.columns, "label": 1 - row.columns["label"]}, row.features)
            for row in rows
        ]
        record = learn(upside_down)
        assert record.outcome == "refused"
        assert "rate of frauds" in record.reasons[0]
        assert aliases(learn) == {"champion": champion}

    def test_leaking_feature_is_refused_before_anything_is_trained(self, learn, rows):
        announced = []
        for row in rows:
            values = list(row.features)
            if row.columns["label"]:
                values[NIGHT] = 77.0
            announced.append(type(row)(row.columns, values))
        record = learn(announced)
        assert record.outcome == "refused"
        assert "is_night" in record.reasons[0]
        assert record.challenger == {}
        with pytest.raises(AliasMissing):
            learn.registry.aliases("xgboost").target("champion")
