import math
import subprocess
import sys

import pytest

from fraud_isolation_forest.app import create_app
from fraud_isolation_forest.settings import Settings
from fraud_scoring.testing import memory_registry
from fraud_shared.contracts.features import FeatureVector
from fraud_shared.contracts.signal import ScoreRequest, Signal
from fraud_shared.testing.asgi import TEST_TOKEN_KEY, client


@pytest.fixture
def app(registry, published, keys, tmp_path):
    return create_app(_settings(keys, tmp_path), registry=registry)


def _settings(keys, tmp_path):
    return Settings(
        token_key=TEST_TOKEN_KEY, public_key=keys.public_pem, var_dir=tmp_path
    )


def request(published, row, **fields):
    feature_set = published.artifact.metadata.feature_set
    vector = FeatureVector(
        feature_set=feature_set.name,
        version=feature_set.version,
        hash=feature_set.hash,
        values=tuple(None if math.isnan(v) else float(v) for v in row),
    )
    made = ScoreRequest(transaction_id="tx-1", features=vector, **fields)
    return made.model_dump_json()


class TestService:
    async def test_livez_before_a_model_readyz_after(self, app, keys, tmp_path):
        empty = create_app(_settings(keys, tmp_path / "e"), registry=memory_registry())
        async with client(empty) as http:
            assert (await http.get("/livez")).status_code == 200
            assert (await http.get("/readyz")).status_code == 503
        async with client(app) as http:
            assert (await http.get("/readyz")).status_code == 200

    async def test_scores_as_the_training_library_does(
        self, app, published, fitted, data
    ):
        rows = data.test.x[:20]
        expected = fitted.reference(rows)
        async with client(app) as http:
            for row, raw in zip(rows, expected, strict=True):
                reply = await http.post("/score", content=request(published, row))
                signal = Signal.model_validate_json(reply.content)
                assert signal.source == "isolation_forest"
                found = signal.raw[fitted.engine.raw_name]
                assert found == pytest.approx(raw, rel=2e-5, abs=1e-6)
                assert signal.score == published.artifact.calibrator(found)

    async def test_explains_on_demand(self, app, published, data):
        content = request(published, data.test.x[0])
        async with client(app) as http:
            reply = await http.post("/explain", content=content)
        top = reply.json()["top_features"]
        sizes = [abs(part["contribution"]) for part in top]
        assert sizes == sorted(sizes, reverse=True)
        assert {part["feature"] for part in top} <= set(data.features)


SERVING = """
import sys

BARRED = {"torch", "sklearn", "joblib", "pandas", "onnx", "skl2onnx", "cloudpickle"}


class Bar:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in BARRED:
            raise ModuleNotFoundError(name)


def unpickled(event, arguments):
    if event == "pickle.find_class":
        raise SystemExit("something was unpickled")


sys.meta_path.insert(0, Bar())
sys.addaudithook(unpickled)

import numpy as np

import fraud_isolation_forest.app
from fraud_isolation_forest.scorer import ENGINE
from fraud_scoring.admission import admit
from fraud_scoring.folder import open_registry
from fraud_scoring.keys import Verifier

uri, version, public_key = sys.argv[1:]
artifact = open_registry(uri, Verifier(public_key)).load("isolation_forest", version)
model = admit(ENGINE, artifact, limit_ms=1000.0)
row = np.zeros((1, len(model.features)), dtype=np.float32)
assert model.signal(model.score(row)[0]).outcome == "scored"
model.explain(row[0])
assert not BARRED & set(sys.modules), BARRED & set(sys.modules)
assert not any(name.endswith(".train") for name in sys.modules)
assert not any(name.startswith("fraud_scoring.training") for name in sys.modules)
"""


class TestServingAlone:
    def test_needs_no_training_library_and_unpickles_nothing(
        self, published, keys, tmp_path
    ):
        from fraud_scoring.artifact import MANIFEST, SIGNATURE
        from fraud_scoring.folder import FolderRegistry
        from fraud_scoring.keys import Signer, Verifier
        from fraud_scoring.registry import Draft
        from fraud_scoring.training.synthetic import NOW

        folder = FolderRegistry(
            str(tmp_path), Verifier(keys.public_pem), Signer(keys.private_pem)
        )
        files = {
            name: data
            for name, data in published.artifact.files.items()
            if name not in (MANIFEST, SIGNATURE)
        }
        made = folder.publish(Draft("isolation_forest", "bundle", files), now=NOW)
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                SERVING,
                str(tmp_path),
                made.manifest.version,
                keys.public_pem,
            ],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
