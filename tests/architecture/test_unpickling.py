"""Nothing is unpickled: by no call in our code, whatever it imports, and the watch under
which the scorers are tested does see what it watches for."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from fraud_scoring.testing.contract import UNPICKLED, serve_watched

ROOT = Path(__file__).resolve().parents[2]
# Loaders of others that unpickle, if asked or unasked; the imports have a contract.
CALLS = {"torch.load", "pandas.read_pickle", "pd.read_pickle", "joblib.load"}
# The importer of foreign forests, in a confined process of its own.
CONFINED = ROOT / "ops" / "fraud_ops" / "models" / "importing"


def unpickling(source: str) -> Iterator[str]:
    """Calls in a source that may unpickle."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name in CALLS:
                yield name
            for given in node.keywords:
                never = isinstance(given.value, ast.Constant) and not given.value.value
                if given.arg == "allow_pickle" and not never:
                    yield f"{name}(allow_pickle)"


class TestCalls:
    def test_no_call_unpickles(self):
        folders = (ROOT / "shared", ROOT / "services", ROOT / "ops", ROOT / "lab")
        files = [file for f in folders for file in f.glob("**/fraud_*/**/*.py")]
        found = {
            (file.name, context)
            for file in files
            if CONFINED not in file.parents
            for context in unpickling(file.read_text())
        }
        assert len(files) > 300
        assert found == set()

    @pytest.mark.parametrize(
        "source",
        [
            "torch.load(f)",
            "pd.read_pickle(f)",
            "np.load(f, allow_pickle=True)",
            "np.load(f, allow_pickle=flag)",
        ],
    )
    def test_one_that_does_is_seen(self, source):
        assert list(unpickling(source))

    def test_one_that_cannot_is_not(self):
        assert not list(unpickling("np.load(f, allow_pickle=False)"))


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
