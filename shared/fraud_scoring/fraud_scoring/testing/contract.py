"""The contract tests of a scorer service, on a model that it trains itself.

A service's conftest imports the fixtures and adds one, `parts`; its tests subclass
`ScorerContract`, and `TreeContract` where the model is boosted trees.
"""

import math
import subprocess
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from fastapi import FastAPI

from fraud_scoring.artifacts.artifact import MANIFEST, SIGNATURE
from fraud_scoring.artifacts.keys import KeyPair, Signer, Verifier, generate_keys
from fraud_scoring.errors import FeatureMismatch, MalformedArtifact
from fraud_scoring.registry.file import FolderRegistry
from fraud_scoring.registry.port import UnpublishedModel
from fraud_scoring.serving.scorer import Floats32, Floats64, Scorer
from fraud_scoring.serving.session import OnnxGraph
from fraud_scoring.serving.settings import ScorerSettings
from fraud_scoring.testing import memory_registry
from fraud_scoring.training.assemble import Fitted, Published, publish
from fraud_scoring.training.dataset import Dataset
from fraud_scoring.training.synthetic import NOW, synthetic
from fraud_shared.contracts.features import FeatureVector
from fraud_shared.contracts.signal import ScoreRequest, Signal
from fraud_shared.testing.asgi import TEST_TOKEN_KEY, client


@dataclass(frozen=True)
class ScorerParts:
    """What a service adds to the runtime."""

    name: str
    create_app: Callable[..., FastAPI]
    settings: Callable[..., ScorerSettings]
    train: Callable[[Dataset], Fitted]

    def app(self, keys: KeyPair, var_dir: Path, registry: FolderRegistry) -> FastAPI:
        """The service over that registry."""
        settings = self.settings(
            token_key=TEST_TOKEN_KEY, public_key=keys.public_pem, var_dir=var_dir
        )
        return self.create_app(settings, registry=registry, trial=lambda _: None)


@pytest.fixture(scope="session")
def keys() -> KeyPair:
    """The keys that sign and verify."""
    return generate_keys()


@pytest.fixture(scope="session")
def data() -> Dataset:
    """What is trained on."""
    return synthetic()


@pytest.fixture(scope="session")
def fitted(parts: ScorerParts, data: Dataset) -> Fitted:
    """The trained model."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the training libraries' own
        return parts.train(data)


@pytest.fixture(scope="session")
def registry(keys: KeyPair) -> FolderRegistry:
    """Where it is published."""
    return memory_registry(keys)


@pytest.fixture(scope="session")
def published(
    parts: ScorerParts, fitted: Fitted, data: Dataset, registry: FolderRegistry
) -> Published:
    """The model in the registry, as champion."""
    made = publish(parts.name, fitted, data, registry, now=NOW)
    version = made.artifact.manifest.version
    registry.promote(parts.name, version, "champion", now=NOW)
    return made


@pytest.fixture(scope="session")
def scorer(fitted: Fitted, published: Published) -> Scorer:
    """The engine, loaded from the artefact."""
    return fitted.engine.load(published.artifact)


@pytest.fixture
def app(
    parts: ScorerParts,
    keys: KeyPair,
    tmp_path: Path,
    registry: FolderRegistry,
    published: Published,
) -> FastAPI:
    """The service with that model."""
    return parts.app(keys, tmp_path, registry)


def score_request(published: Published, row: Floats32) -> str:
    """The body of `POST /score` for one row; NaN is unknown."""
    feature_set = published.artifact.metadata.feature_set
    vector = FeatureVector(
        feature_set=feature_set.name,
        version=feature_set.version,
        hash=feature_set.hash,
        values=tuple(None if math.isnan(v) else float(v) for v in row),
    )
    return ScoreRequest(transaction_id="tx-1", features=vector).model_dump_json()


SERVING = """
import asyncio
import importlib
import os
import sys

# Not in a scorer's image; libraries that would like to have them look for them here, too.
ABSENT = {"torch", "sklearn", "joblib", "pandas", "onnx", "skl2onnx", "cloudpickle"}
# What nobody may even look for.
UNPICKLERS = {"torch", "joblib", "cloudpickle", "dill", "skops", "mlflow"}


class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ABSENT:
            raise ModuleNotFoundError(name)


def watch(event, arguments):
    if event == "pickle.find_class" or (
        event == "import" and arguments[0].partition(".")[0] in UNPICKLERS
    ):
        # At once: an exception might be caught by whoever is being watched.
        os.write(2, f"{event} {arguments[:2]}".encode())
        os._exit(97)


sys.meta_path.insert(0, Absent())
sys.addaudithook(watch)

from pathlib import Path

name, uri, public_key, var, token_key, request = sys.argv[1:]
create_app = importlib.import_module(f"fraud_{name}.app").create_app
settings = importlib.import_module(f"fraud_{name}.settings").Settings(
    token_key=token_key,
    public_key=public_key,
    var_dir=Path(var),
    MODEL_REGISTRY_URI=uri,
    models=(name,),
    score_limit_ms=1000.0,
    start_wait_seconds=60.0,
)

from fraud_shared.testing.asgi import client


async def serve():
    async with client(create_app(settings), token_key=token_key) as http:
        assert (await http.get("/readyz")).status_code == 200
        for path, body in (
            ("/score", request),
            ("/explain", request),
            ("/score_batch", '{"rows": [' + request + "]}"),
            ("/v1/refresh", ""),
        ):
            reply = await http.post(path, content=body)
            assert reply.status_code == 200, (path, reply.text)
        assert "scored" in (await http.post("/score", content=request)).text


asyncio.run(serve())
assert not ABSENT & set(sys.modules), ABSENT & set(sys.modules)
assert not any(name.endswith(".train") for name in sys.modules)
assert not any(name.startswith("fraud_scoring.training") for name in sys.modules)
print("served")
"""
UNPICKLED = 97


def serve_watched(
    *arguments: str, first: str = ""
) -> "subprocess.CompletedProcess[str]":
    """Run a scorer in a process that dies when something is unpickled; `first` is run
    there when the watch has begun."""
    watched = SERVING.replace(
        "sys.addaudithook(watch)", f"sys.addaudithook(watch)\n{first}"
    )
    return subprocess.run(
        [sys.executable, "-c", watched, *arguments],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


class ScorerContract:
    """Every scorer service passes these."""

    async def test_livez_before_a_model_readyz_after(
        self, parts: ScorerParts, app: FastAPI, keys: KeyPair, tmp_path: Path
    ) -> None:
        empty = parts.app(keys, tmp_path / "empty", memory_registry())
        async with client(empty) as http:
            assert (await http.get("/livez")).status_code == 200
            assert (await http.get("/readyz")).status_code == 503
        async with client(app) as http:
            assert (await http.get("/readyz")).status_code == 200

    async def test_scores_as_the_training_library_does(
        self,
        parts: ScorerParts,
        app: FastAPI,
        published: Published,
        fitted: Fitted,
        data: Dataset,
    ) -> None:
        rows = data.test.x[:20]
        expected = fitted.reference(rows)
        async with client(app) as http:
            for row, raw in zip(rows, expected, strict=True):
                content = score_request(published, row)
                reply = await http.post("/score", content=content)
                signal = Signal.model_validate_json(reply.content)
                assert signal.source == parts.name
                found = signal.raw[fitted.engine.raw_name]
                assert found == pytest.approx(raw, rel=2e-5, abs=1e-6)
                assert signal.score == published.artifact.calibrator(found)

    async def test_explains_on_demand(
        self, app: FastAPI, published: Published, data: Dataset
    ) -> None:
        content = score_request(published, data.test.x[0])
        async with client(app) as http:
            reply = await http.post("/explain", content=content)
        top = reply.json()["top_features"]
        sizes = [abs(part["contribution"]) for part in top]
        assert sizes == sorted(sizes, reverse=True)
        assert {part["feature"] for part in top} <= set(data.features)

    def test_serving_needs_no_training_library_and_unpickles_nothing(
        self, parts: ScorerParts, published: Published, keys: KeyPair, tmp_path: Path
    ) -> None:
        """A whole service: it loads, tries, scores, explains and refreshes."""
        folder = FolderRegistry(
            str(tmp_path / "registry"),
            Verifier(keys.public_pem),
            Signer(keys.private_pem),
        )
        files = {
            name: data
            for name, data in published.artifact.files.items()
            if name not in (MANIFEST, SIGNATURE)
        }
        made = folder.publish(UnpublishedModel(parts.name, "bundle", files), now=NOW)
        folder.promote(parts.name, made.manifest.version, "champion", now=NOW)
        row = np.array(published.artifact.golden.rows[0], dtype=np.float32)
        done = serve_watched(
            parts.name,
            folder.uri,
            keys.public_pem,
            str(tmp_path / "var"),
            TEST_TOKEN_KEY,
            score_request(published, row),
        )
        assert (done.returncode, done.stdout.splitlines()[-1:]) == (0, ["served"]), (
            done.stderr
        )


@dataclass(frozen=True)
class TreeLibrary:
    """What the training library says: of rows, and of one row in log-odds."""

    probabilities: Callable[[Floats32], Floats64]
    log_odds: Callable[[Floats32], float]
    contributions: Callable[[Floats32], Floats64]


class TreeContract:
    """Boosted trees pass these; `library` and `rows` (of `hard_rows`) are fixtures."""

    def test_scores_equal_the_library_on_ties_gaps_and_extremes(
        self, scorer: Scorer, library: TreeLibrary, rows: Floats32
    ) -> None:
        assert len(rows) == 10_000
        assert np.isnan(rows).any()
        off = np.abs(scorer.score(rows) - library.probabilities(rows)).max()
        assert off <= 1e-6

    def test_no_row_takes_another_path(
        self, scorer: Scorer, library: TreeLibrary, rows: Floats32
    ) -> None:
        """A wrong turn moves the log-odds by far more than rounding does."""
        p = np.clip(scorer.score(rows), 1e-12, 1 - 1e-7)
        q = np.clip(library.probabilities(rows), 1e-12, 1 - 1e-7)
        sure = (q > 1e-4) & (q < 1 - 1e-4)
        here, there = np.log(p / (1 - p))[sure], np.log(q / (1 - q))[sure]
        assert np.abs(here - there).max() <= 1e-3

    def test_one_row_equals_the_same_row_in_a_batch(
        self, scorer: Scorer, rows: Floats32
    ) -> None:
        some = rows[::100]
        single = [scorer.score(row[None, :])[0] for row in some]
        assert single == scorer.score(some).tolist()

    def test_ranks_fraud_first(self, scorer: Scorer, data: Dataset) -> None:
        raw, fraud = scorer.score(data.test.x), data.test.fraud
        assert np.median(raw[fraud]) > 10 * np.median(raw[~fraud])

    def test_an_explanation_is_the_library_s_exact_shap(
        self, scorer: Scorer, library: TreeLibrary, rows: Floats32
    ) -> None:
        for row in rows[::1000]:
            expected = library.contributions(row)
            assert scorer.explain(row) == pytest.approx(expected[:-1], abs=1e-5)

    def test_parts_and_base_add_up_to_the_log_odds(
        self, scorer: Scorer, library: TreeLibrary, rows: Floats32
    ) -> None:
        for row in rows[::1000]:
            base = library.contributions(row)[-1]
            total = scorer.explain(row).sum() + base
            assert total == pytest.approx(library.log_odds(row), abs=1e-3)

    def test_a_graph_of_another_width_or_junk_is_refused(
        self, published: Published, data: Dataset
    ) -> None:
        graph = published.artifact.file("model.onnx")
        with pytest.raises(FeatureMismatch):
            OnnxGraph(graph, data.width + 1)
        with pytest.raises(MalformedArtifact):
            OnnxGraph(graph[:100], data.width)
