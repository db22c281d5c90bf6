"""Models made elsewhere score here as they did there, or are refused with a reason."""

import os
import pickle
from datetime import UTC, datetime

import joblib
import numpy as np
import polars as pl
import pytest

from fraud_ops.models.importing import isolate
from fraud_ops.models.importing.assemble import ENGINES, Naming
from fraud_ops.models.importing.command import import_model
from fraud_ops.models.importing.plain import NotImportable
from fraud_scoring.testing import memory_registry

NOW = datetime(2026, 3, 2, tzinfo=UTC)
WIDTH = 6
COLUMNS = tuple(f"V{i}" for i in range(WIDTH))
NAMING = Naming("credit_card", "imported", "cards", "1")


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(5)
    x = np.round(rng.normal(size=(1500, WIDTH)), 1).astype(np.float32)
    y = (x[:, 0] + x[:, 1] * x[:, 2] + rng.normal(size=1500) > 2.0).astype(int)
    return x, y


@pytest.fixture(scope="module")
def with_gaps(data):
    x, y = data
    holes = np.random.default_rng(6).random(x.shape) < 0.1
    return np.where(holes, np.float32(np.nan), x), y


@pytest.fixture
def bring(tmp_path, data):
    """Import a file with the sample; the served scores beside the artefact."""

    def bring(what, table=data, naming=NAMING):
        x, y = table
        frame = pl.DataFrame({c: x[:, i] for i, c in enumerate(COLUMNS)})
        frame.with_columns(fraud=pl.Series(y)).write_parquet(tmp_path / "rows.parquet")
        registry = memory_registry()
        made = import_model(
            str(what), tmp_path / "rows.parquet", "fraud", naming, registry, now=NOW
        )
        engine = ENGINES[made.artifact.metadata.source]
        version = made.artifact.manifest.version
        stored = registry.load(naming.name, version)
        return stored, engine.load(stored)

    return bring


def forest(data, **options):
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(60, random_state=1, n_jobs=1, **options).fit(*data)


def same(scorer, x, expected):
    assert np.abs(scorer.score(x) - expected).max() <= 1e-6


class TestForests:
    def test_a_joblib_forest_scores_the_same(self, bring, data, tmp_path):
        model = forest(data, class_weight="balanced")
        joblib.dump(model, tmp_path / "m.joblib", compress=3)
        stored, scorer = bring(tmp_path / "m.joblib")
        same(scorer, data[0], model.predict_proba(data[0])[:, 1])
        assert stored.metadata.features == COLUMNS
        assert set(stored.files) >= {"model.onnx", "model.ubj", "feature_registry.json"}

    def test_so_do_ties_and_gaps(self, bring, with_gaps, tmp_path):
        model = forest(with_gaps)
        (tmp_path / "m.pkl").write_bytes(pickle.dumps(model))
        _, scorer = bring(tmp_path / "m.pkl", with_gaps)
        x = with_gaps[0].copy()
        thresholds = np.concatenate([e.tree_.threshold for e in model.estimators_])
        thresholds = thresholds[np.isfinite(thresholds)]
        x[:, 0] = np.random.default_rng(0).choice(thresholds, len(x)).astype(np.float32)
        same(scorer, x, model.predict_proba(x)[:, 1])

    def test_its_contributions_add_up_to_the_probability(self, bring, data, tmp_path):
        from xgboost import DMatrix

        joblib.dump(forest(data), tmp_path / "m.joblib")
        _, scorer = bring(tmp_path / "m.joblib")
        rows = data[0][:50]
        whole = scorer._booster.predict(DMatrix(data[0]))
        same(scorer, data[0], whole)
        base = scorer.score(rows) - [scorer.explain(row).sum() for row in rows]
        assert np.ptp(base) <= 1e-5

    @pytest.mark.parametrize("kind", ["ExtraTreesClassifier", "DecisionTreeClassifier"])
    def test_other_trees_are_imported(self, bring, data, tmp_path, kind):
        import sklearn.ensemble
        import sklearn.tree

        made = getattr(sklearn.ensemble, kind, None) or getattr(sklearn.tree, kind)
        model = made(random_state=2, max_depth=6).fit(*data)
        joblib.dump(model, tmp_path / "m.joblib")
        _, scorer = bring(tmp_path / "m.joblib")
        same(scorer, data[0], model.predict_proba(data[0])[:, 1])


class TestBoosters:
    def test_an_mlflow_xgboost_model(self, bring, with_gaps, tmp_path):
        import xgboost

        x, y = with_gaps
        booster = xgboost.train(
            {"objective": "binary:logistic", "nthread": 1}, xgboost.DMatrix(x, y), 20
        )
        booster.save_model(tmp_path / "model.ubj")
        saved(tmp_path, xgboost={"data": "model.ubj", "model_format": "ubj"})
        stored, scorer = bring(tmp_path, with_gaps)
        same(scorer, x, booster.predict(xgboost.DMatrix(x)))
        assert stored.metadata.source == "xgboost"

    def test_an_mlflow_lightgbm_model(self, bring, with_gaps, tmp_path):
        import lightgbm

        x, y = with_gaps
        booster = lightgbm.train(
            {"objective": "binary", "verbose": -1, "num_threads": 1},
            lightgbm.Dataset(x, y),
            20,
        )
        booster.save_model(tmp_path / "model.lgb")
        saved(tmp_path, lightgbm={"data": "model.lgb"})
        stored, scorer = bring(tmp_path, with_gaps)
        same(scorer, x, booster.predict(x))
        assert stored.metadata.source == "lightgbm"

    def test_an_mlflow_sklearn_model(self, bring, data, tmp_path):
        model = forest(data)
        (tmp_path / "model.pkl").write_bytes(pickle.dumps(model))
        flavor = {"pickled_model": "model.pkl", "serialization_format": "cloudpickle"}
        saved(tmp_path, sklearn=flavor)
        _, scorer = bring(tmp_path)
        same(scorer, data[0], model.predict_proba(data[0])[:, 1])

    def test_another_objective_is_refused(self, bring, data, tmp_path):
        import xgboost

        booster = xgboost.train(
            {"objective": "reg:squarederror", "nthread": 1}, xgboost.DMatrix(*data), 2
        )
        booster.save_model(tmp_path / "m.ubj")
        with pytest.raises(NotImportable, match="reg:squarederror"):
            bring(tmp_path / "m.ubj")


def saved(folder, **flavors):
    import yaml

    (folder / "MLmodel").write_text(yaml.safe_dump({"flavors": flavors}))


def logistic(x, y, *, zipmap):
    """A linear classifier as converters write it, with labels and, maybe, a ZipMap."""
    from onnx import TensorProto, helper
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression().fit(x, y)
    weights = np.vstack([-model.coef_[0], model.coef_[0]]).ravel().tolist()
    bias = [-float(model.intercept_[0]), float(model.intercept_[0])]
    nodes = [
        helper.make_node(
            "LinearClassifier",
            ["float_input"],
            ["label", "probability"],
            domain="ai.onnx.ml",
            coefficients=weights,
            intercepts=bias,
            post_transform="LOGISTIC",
            classlabels_ints=[0, 1],
        )
    ]
    out = helper.make_tensor_value_info("probability", TensorProto.FLOAT, [None, 2])
    if zipmap:
        nodes.append(
            helper.make_node(
                "ZipMap",
                ["probability"],
                ["maps"],
                domain="ai.onnx.ml",
                classlabels_int64s=[0, 1],
            )
        )
        kind = helper.make_map_type_proto(
            TensorProto.INT64, helper.make_tensor_type_proto(TensorProto.FLOAT, [])
        )
        out = helper.make_value_info("maps", helper.make_sequence_type_proto(kind))
    graph = helper.make_graph(
        nodes,
        "logistic",
        [
            helper.make_tensor_value_info(
                "float_input", TensorProto.FLOAT, [None, WIDTH]
            )
        ],
        [helper.make_tensor_value_info("label", TensorProto.INT64, [None]), out],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    made = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    return made, model.predict_proba(x)[:, 1]


class TestOnnx:
    @pytest.mark.parametrize("zipmap", [True, False])
    def test_a_classifier_scores_the_same(self, bring, data, tmp_path, zipmap):
        made, expected = logistic(*data, zipmap=zipmap)
        (tmp_path / "m.onnx").write_bytes(made.SerializeToString())
        stored, scorer = bring(tmp_path / "m.onnx")
        same(scorer, data[0], expected)
        assert "model.ubj" not in stored.files
        moved = np.mean([np.abs(scorer.explain(row)) for row in data[0][:100]], axis=0)
        assert moved.argmax() == 0

    def test_junk_is_refused(self, bring, tmp_path):
        (tmp_path / "m.onnx").write_bytes(b"junk")
        with pytest.raises(NotImportable, match="not an ONNX model"):
            bring(tmp_path / "m.onnx")

    def test_weights_elsewhere_are_refused(self, bring, data, tmp_path):
        from onnx import TensorProto

        made, _ = logistic(*data, zipmap=False)
        far = made.graph.initializer.add(
            name="w", data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL
        )
        far.dims.append(1)
        far.external_data.add(key="location", value="/etc/passwd")
        (tmp_path / "m.onnx").write_bytes(made.SerializeToString())
        with pytest.raises(NotImportable):
            bring(tmp_path / "m.onnx")


class Gadget:
    """Does something when it is unpickled."""

    def __init__(self, call, *arguments):
        self._what = call, arguments

    def __reduce__(self):
        return self._what


class TestMalice:
    @pytest.mark.parametrize(
        ("gadget", "names"),
        [
            (Gadget(os.system, "touch {}"), "posix.system"),
            (Gadget(eval, "1"), "builtins.eval"),
            (Gadget(open, "/etc/passwd"), "io.open"),
        ],
    )
    def test_a_pickle_that_does_things(self, bring, tmp_path, gadget, names):
        mark = tmp_path / "mark"
        data = pickle.dumps(gadget).replace(b"{}", str(mark).encode()[:2])
        (tmp_path / "m.pkl").write_bytes(data)
        with pytest.raises(NotImportable, match=f"it names {names}"):
            bring(tmp_path / "m.pkl")

    def test_a_gadget_in_an_array_of_objects(self, bring, tmp_path):
        """Which joblib reads with a pickle of its own."""
        array = np.array([Gadget(os.system, "true")], dtype=object)
        joblib.dump(array, tmp_path / "m.joblib")
        with pytest.raises(NotImportable, match=r"it names posix\.system"):
            bring(tmp_path / "m.joblib")

    def test_something_else_than_a_forest(self, bring, tmp_path):
        (tmp_path / "m.pkl").write_bytes(pickle.dumps({"weights": [1.0]}))
        with pytest.raises(NotImportable, match="dict is neither a tree nor a forest"):
            bring(tmp_path / "m.pkl")

    def test_a_pipeline_is_named(self, bring, data, tmp_path):
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        model = make_pipeline(StandardScaler(), forest(data)).fit(*data)
        joblib.dump(model, tmp_path / "m.joblib")
        with pytest.raises(NotImportable, match=r"sklearn\.pipeline\.Pipeline"):
            bring(tmp_path / "m.joblib")

    def test_three_classes_are_refused(self, bring, data, tmp_path):
        x, _ = data
        model = forest((x, np.arange(len(x)) % 3))
        joblib.dump(model, tmp_path / "m.joblib")
        with pytest.raises(NotImportable, match="two classes"):
            bring(tmp_path / "m.joblib")

    def test_another_version_of_scikit_learn(self, bring, data, tmp_path):
        import sklearn

        raw = pickle.dumps(forest(data))
        other = sklearn.__version__[:-1] + "0"
        assert other != sklearn.__version__
        (tmp_path / "m.pkl").write_bytes(
            raw.replace(sklearn.__version__.encode(), other.encode())
        )
        with pytest.raises(NotImportable, match=rf"{other}, {sklearn.__version__} is"):
            bring(tmp_path / "m.pkl")

    def test_one_that_never_ends(self, data):
        bounds = isolate.Bounds(seconds=1)
        with pytest.raises(NotImportable):
            isolate.convert("forest", b"x" * 10, data[0], bounds=bounds)

    def test_an_unknown_suffix(self, bring, tmp_path):
        (tmp_path / "m.pt").write_bytes(b"")
        with pytest.raises(NotImportable, match=r"\.pt: known are"):
            bring(tmp_path / "m.pt")
