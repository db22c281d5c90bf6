"""What somebody who can write to the registry, but not sign, can do to a scorer: nothing.

Each attack is made on the registry of a running service. The new artefact is refused before
anything of it is parsed or tried, the old model answers on, and a metric and a log line say
why.
"""

import hashlib
import io
import pickle
import time
from datetime import timedelta

import fsspec
import numpy as np
import orjson
import pytest

from fraud_scoring.artifacts import artifact
from fraud_scoring.artifacts.artifact import MANIFEST
from fraud_scoring.artifacts.keys import Signer, Verifier, generate_keys
from fraud_scoring.registry.aliases import AliasTarget, seal
from fraud_scoring.registry.file import FolderRegistry
from fraud_scoring.serving.scorer import ScorerEngine
from fraud_scoring.testing import (
    NOW,
    LinearScorer,
    linear_draft,
    linear_engine,
    linear_request,
    release,
)
from fraud_shared.mesh.metrics import REGISTRY


@pytest.fixture
def memory(keys, tmp_path):
    """On disk, since a link is one of the attacks."""
    return FolderRegistry(
        str(tmp_path / "registry"), Verifier(keys.public_pem), Signer(keys.private_pem)
    )


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "registry" / "models" / "xgboost"


def files_of(folder, version):
    return folder / version / "weights.json"


def tampered(folder, old, new, keys):
    file = files_of(folder, new)
    file.write_bytes(file.read_bytes().replace(b"0.7", b"0.9"))


def truncated(folder, old, new, keys):
    file = files_of(folder, new)
    file.write_bytes(file.read_bytes()[:-1])


def swapped(folder, old, new, keys):
    """The genuine artefact of another model, in its place."""
    other = release_of("lightgbm", new, keys)
    for name, data in other.items():
        (folder / new / name).write_bytes(data)


def older(folder, old, new, keys):
    """The genuine older artefact, in place of the newer."""
    for file in (folder / old).iterdir():
        (folder / new / file.name).write_bytes(file.read_bytes())


def wrong_key(folder, old, new, keys):
    for name, data in release_of("xgboost", new, generate_keys()).items():
        (folder / new / name).write_bytes(data)


def extra_file(folder, old, new, keys):
    (folder / new / "extra.json").write_bytes(b"{}")


def symlink(folder, old, new, keys):
    """A link to a file with the very same bytes."""
    file = files_of(folder, new)
    copy = folder.parent / "copy.json"
    file.rename(copy)
    file.symlink_to(copy)


def pickled(folder, old, new, keys):
    """A pickle under a harmless name, signed by us by mistake, and ordered."""
    content = {"weights.json": pickle.dumps([0.5, 1.0, -0.25])}
    resigned(folder, new, content, keys)


def pickled_in_arrays(folder, old, new, keys):
    """A pickle inside the arrays of an .npz, signed by us by mistake, and ordered."""
    stream = io.BytesIO()
    np.savez(stream, weights=np.array([{"a": 1}], dtype=object))
    resigned(folder, new, {"weights.npz": stream.getvalue()}, keys)


def release_of(name, version, keys):
    return artifact.sign(
        linear_draft((9.0, 9.0, 9.0), name=name).files,
        Signer(keys.private_pem),
        name=name,
        version=version,
        counter=int(version.rpartition(".")[2]),
        bundle="bundle-1",
        created_at=NOW,
    )


def resigned(folder, new, content, keys):
    files = artifact.sign(
        {**linear_draft().files, **content},
        Signer(keys.private_pem),
        name="xgboost",
        version=new,
        counter=2,
        bundle="bundle-1",
        created_at=NOW,
    )
    for name, data in files.items():
        (folder / new / name).write_bytes(data)


ATTACKS = {
    tampered: "content-mismatch",
    truncated: "content-mismatch",
    swapped: "wrong-identity",
    older: "wrong-identity",
    wrong_key: "signature-invalid",
    extra_file: "unexpected-entry",
    symlink: "unexpected-entry",
}
MISTAKES = {pickled: "unsafe-format", pickled_in_arrays: "unsafe-format"}


def refusals(problem):
    labels = {"service": "xgboost", "model": "xgboost", "problem": problem}
    return REGISTRY.get_sample_value("fraud_model_refusals_total", labels) or 0.0


class Watched:
    """Counts what was parsed or tried."""

    def __init__(self):
        self.loaded = []
        engine = linear_engine()

        def load(found):
            self.loaded.append(found.manifest.version)
            return engine.load(found)

        self.engine = ScorerEngine("xgboost", "fraud_score", load)

    def trial(self, found):
        self.loaded.append(found.manifest.version)


async def refused(http, problem, watched, old, capsys):
    """Nothing was parsed or tried, and it is `assert_refused`."""
    before = list(watched.loaded)
    await assert_refused(http, problem, old, capsys)
    assert watched.loaded == before


async def assert_refused(http, problem, old, capsys):
    """The refresh is refused, metric and log line say why, the old model serves on."""
    counted = refusals(problem)
    capsys.readouterr()
    reply = (await http.post("/v1/refresh")).json()
    [result] = reply["results"]
    assert (result["status"], result["problem"]) == ("refused", problem)
    assert result["after"]["version"] == old
    assert refusals(problem) == counted + 1
    logs = [orjson.loads(line) for line in capsys.readouterr().out.splitlines()]
    [line] = [line for line in logs if line["event"] == "model_refused"]
    assert (line["level"], line["problem"]) == ("error", problem)
    assert line["why"]
    scored = (await http.post("/score", json=linear_request(1.0, 2.0, 0.0))).json()
    assert (scored["outcome"], scored["model"]["version"]) == ("scored", old)


class TestAttacks:
    @pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
    async def test_wrong_artefacts_are_refused(
        self, memory, start, folder, keys, capsys, attack
    ):
        old = release(memory).manifest.version
        watched = Watched()
        async with start(watched.engine, trial=watched.trial, watch_seconds=60) as http:
            new = release(memory, (0.7, 1.0, -0.25), hours=1).manifest.version
            attack(folder, old, new, keys)
            await refused(http, ATTACKS[attack], watched, old, capsys)

    async def test_are_refused_as_long_as_they_last(
        self, memory, start, folder, keys, capsys
    ):
        old = release(memory).manifest.version
        watched = Watched()
        async with start(watched.engine, trial=watched.trial, watch_seconds=60) as http:
            new = release(memory, (0.7, 1.0, -0.25), hours=1).manifest.version
            genuine = files_of(folder, new).read_bytes()
            tampered(folder, old, new, keys)
            for _ in range(2):
                await refused(http, "content-mismatch", watched, old, capsys)
            files_of(folder, new).write_bytes(genuine)
            [result] = (await http.post("/v1/refresh")).json()["results"]
            assert (result["status"], result["after"]["version"]) == ("swapped", new)

    async def test_an_older_order_put_back(self, memory, start, folder, capsys):
        old = release(memory).manifest.version
        order = (folder / "aliases.json").read_bytes()
        new = release(memory, (0.7, 1.0, -0.25), hours=1).manifest.version
        watched = Watched()
        async with start(watched.engine, trial=watched.trial, watch_seconds=60) as http:
            (folder / "aliases.json").write_bytes(order)
            await refused(http, "rolled-back", watched, new, capsys)
            assert old not in watched.loaded

    async def test_an_older_order_put_back_while_the_service_was_down(
        self, memory, start, folder
    ):
        release(memory)
        order = (folder / "aliases.json").read_bytes()
        release(memory, (0.7, 1.0, -0.25), hours=1)
        async with start() as http:
            assert (await http.get("/readyz")).status_code == 200
        (folder / "aliases.json").write_bytes(order)
        watched = Watched()
        async with start(watched.engine, trial=watched.trial) as http:
            assert (await http.get("/readyz")).status_code == 503
            info = (await http.get("/v1/model")).json()["models"][0]
            assert info["problem"] == "rolled-back"
        assert watched.loaded == []

    async def test_an_order_of_another_key(self, memory, start, folder, keys, capsys):
        old = release(memory).manifest.version
        watched = Watched()
        async with start(watched.engine, trial=watched.trial, watch_seconds=60) as http:
            stranger = generate_keys()
            theirs = FolderRegistry(
                f"memory://{folder.name}-{id(self)}",
                Verifier(stranger.public_pem),
                Signer(stranger.private_pem),
            )
            release(theirs, hours=2)
            fs, root = fsspec.url_to_fs(theirs.uri)
            order = fs.cat_file(f"{root}/models/xgboost/aliases.json")
            (folder / "aliases.json").write_bytes(order)
            await refused(http, "signature-invalid", watched, old, capsys)


class TestMistakes:
    """Well signed, and still not plain data."""

    @pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.__name__)
    async def test_wrong_artefacts_are_refused(
        self, memory, start, folder, keys, capsys, mistake
    ):
        old = release(memory).manifest.version
        watched = Watched()
        async with start(watched.engine, trial=watched.trial, watch_seconds=60) as http:
            new = release(memory, (0.7, 1.0, -0.25), hours=1).manifest.version
            mistake(folder, old, new, keys)
            order(memory, new, folder)
            await refused(http, MISTAKES[mistake], watched, old, capsys)


class Broken(LinearScorer):
    """A good model's figures, spoilt."""

    def __init__(self, spoil):
        super().__init__(np.array([0.7, 1.0, -0.25]))
        object.__setattr__(self, "spoil", spoil)

    def score(self, rows):
        return self.spoil(super().score(rows))


def nan(raw):
    return np.full_like(raw, np.nan)


def wrong_shape(raw):
    return np.stack([raw, raw])


def ten_times_slower(raw):
    until = time.thread_time() + 0.002
    while time.thread_time() < until:
        pass
    return raw


NEW = (0.7, 1.0, -0.25)
UNFIT = {
    "NaN": (NEW, nan, "degenerate-scores"),
    "constant": ((0.0, 0.0, 0.0), None, "degenerate-scores"),
    "inverted": ((-0.5, -1.0, 0.25), None, "degenerate-scores"),
    "wrong shape": (NEW, wrong_shape, "malformed"),
    "ten times slower": (NEW, ten_times_slower, "too-slow"),
    "other scores": (NEW, lambda raw: raw * 0.99, "golden-mismatch"),
}


class TestUnfit:
    """Well signed plain data, and still no model for payments."""

    @pytest.mark.parametrize("case", UNFIT)
    async def test_an_unfit_model_is_refused(self, memory, start, capsys, case):
        weights, spoil, problem = UNFIT[case]
        engine = linear_engine()

        def load(found):
            plain = engine.load(found)
            spoilt = spoil is not None and plain.weights[0] == weights[0]
            return Broken(spoil) if spoilt else plain

        old = release(memory).manifest.version
        broken = ScorerEngine("xgboost", "fraud_score", load)
        async with start(broken, watch_seconds=60) as http:
            release(memory, weights, hours=1)
            await assert_refused(http, problem, old, capsys)


def order(registry, version, folder):
    """A signed order for exactly these bytes; `promote` would refuse to give it."""
    digest = hashlib.sha256((folder / version / MANIFEST).read_bytes()).hexdigest()
    target = AliasTarget(version=version, hash=digest, bundle="bundle-1")
    book = registry.aliases("xgboost")
    later = NOW + timedelta(hours=3)
    ordered = book.promoted("champion", target, later)
    (folder / "aliases.json").write_bytes(seal(ordered, registry._signer))
