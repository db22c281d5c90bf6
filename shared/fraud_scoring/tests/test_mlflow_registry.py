"""The MLflow registry: the same contract, and what MLflow adds to it."""

import os
import shutil
import socket
import subprocess
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest

pytest.importorskip("mlflow")

from mlflow import MlflowClient

from fraud_scoring.artifacts.keys import Verifier
from fraud_scoring.errors import (
    AliasUnsigned,
    NotSigned,
    RegistryUnavailable,
    RolledBack,
    UnexpectedEntry,
    WrongIdentity,
)
from fraud_scoring.registry.cache import ArtifactCache
from fraud_scoring.registry.file import open_registry
from fraud_scoring.registry.mlflow import BOOK, EXPERIMENT
from fraud_scoring.testing import NOW
from fraud_scoring.testing.registries import (
    KEYS,
    AliasContract,
    PublishingContract,
    TamperingContract,
    publish,
    registry,
)

__all__ = ["registry"]

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    # MLflow leaves the engine of its database to the collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


class MlflowHome:
    """A tracking store, and the folder that its artefacts are in."""

    def __init__(self, uri, artefacts):
        self.uri = uri
        self.client = MlflowClient(uri, uri)
        self._artefacts = artefacts

    def open(self, verifier, signer):
        return open_registry(f"mlflow+{self.uri}", verifier, signer)

    def folder(self, name, version):
        number = version.rpartition(".")[2]
        source = urlsplit(self.client.get_model_version(name, number).source)
        if source.scheme == "mlflow-artifacts":
            return self._artefacts / source.path.lstrip("/")
        return Path(source.path)

    def read(self, name, version, file):
        return (self.folder(name, version) / file).read_bytes()

    def write(self, name, version, file, data):
        (self.folder(name, version) / file).write_bytes(data)

    def remove(self, name, version, file):
        (self.folder(name, version) / file).unlink()

    def book(self, name):
        return self.client.get_registered_model(name).tags[BOOK].encode()

    def set_book(self, name, data):
        self.client.set_registered_model_tag(name, BOOK, data.decode())


@pytest.fixture(scope="session")
def new_database(tmp_path_factory):
    """Made once: creating the tables takes seconds, copying them does not."""
    folder = tmp_path_factory.mktemp("mlflow")
    uri = f"sqlite:///{folder}/mlflow.db"
    MlflowClient(uri, uri).search_registered_models()
    return folder / "mlflow.db"


@pytest.fixture
def sqlite_home(new_database, tmp_path):
    shutil.copy(new_database, tmp_path / "mlflow.db")
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    home = MlflowHome(uri, tmp_path)
    home.client.create_experiment(EXPERIMENT, str(tmp_path / "artefacts"))
    return home


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """A real tracking server, where there is an installation of all of MLflow."""
    command = os.environ.get("TEST_MLFLOW") or "var/peers/bin/mlflow"
    if not Path(command).exists():
        pytest.skip("no MLflow server: TEST_MLFLOW names the command `mlflow`")
    folder = tmp_path_factory.mktemp("server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    arguments = [
        "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
        "--backend-store-uri", f"sqlite:///{folder}/s.db",
        "--artifacts-destination", str(folder / "artefacts"), "--serve-artifacts",
    ]  # fmt: skip
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(
            [command, *arguments],
            stdout=log,
            stderr=log,
            env={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
            start_new_session=True,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url, process)
        yield url, folder / "artefacts"
    finally:
        os.killpg(process.pid, 15)
        process.wait()


def _wait(url, process):
    until = time.monotonic() + 120
    while True:
        try:
            urllib.request.urlopen(f"{url}/health", timeout=1).close()
        except OSError:
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.1)
        else:
            return


@pytest.fixture
def server_home(server):
    url, artefacts = server
    home = MlflowHome(url, artefacts)
    for model in home.client.search_registered_models():
        home.client.delete_registered_model(model.name)
    return home


@pytest.fixture(
    params=["sqlite", pytest.param("server", marks=pytest.mark.slow)],
)
def home(request):
    return request.getfixturevalue(f"{request.param}_home")


class TestPublishing(PublishingContract):
    def test_people_see_figures_in_mlflow(self, registry, home):
        version = publish(registry)
        known = home.client.get_model_version("xgboost", "1")
        assert known.tags["fraud.version"] == version
        run = home.client.get_run(known.run_id)
        assert run.data.metrics["roc_auc"] == 0.9


class TestAliases(AliasContract):
    def test_mlflow_s_own_aliases_follow(self, registry, home):
        one, two = publish(registry), publish(registry)
        registry.promote("xgboost", one, "champion", now=NOW)
        registry.promote("xgboost", two, "champion", now=NOW)
        aliases = home.client.get_registered_model("xgboost").aliases
        assert {name: str(number) for name, number in aliases.items()} == {
            "champion": "2"
        }


class TestTampering(TamperingContract):
    pass


@pytest.fixture
def artifact_cache(registry, tmp_path):
    return ArtifactCache(
        registry, Verifier(KEYS.public_pem), tmp_path / "artifact_cache"
    )


class TestUnsignedAliases:
    """A registry in which people move MLflow's own aliases and stages."""

    def point(self, home, alias, version):
        number = version.rpartition(".")[2]
        home.client.set_registered_model_alias("xgboost", alias, number)

    def stage(self, home, version, stage):
        number = version.rpartition(".")[2]
        home.client.transition_model_version_stage("xgboost", number, stage)

    def champion(self, reader):
        return reader("xgboost").target("champion").version

    def test_alias_then_production_then_staging(self, registry, home):
        one, two, three = (publish(registry) for _ in range(3))
        assert "champion" not in registry.aliases("xgboost").aliases
        self.stage(home, three, "Staging")
        assert self.champion(registry.aliases) == three
        self.stage(home, one, "Production")
        assert self.champion(registry.aliases) == one
        self.point(home, "champion", two)
        assert self.champion(registry.aliases) == two
        self.point(home, "challenger", three)
        assert registry.aliases("xgboost").target("challenger").version == three

    def test_move_forward_but_not_back(self, registry, home, artifact_cache):
        one, two, three = (publish(registry) for _ in range(3))
        self.point(home, "champion", two)
        assert self.champion(artifact_cache.book) == two
        self.point(home, "champion", one)
        with pytest.raises(RolledBack, match=one):
            artifact_cache.book("xgboost")
        self.point(home, "champion", three)
        assert self.champion(artifact_cache.book) == three

    def test_do_not_go_back_by_a_detour(self, registry, home, artifact_cache):
        one, two = publish(registry), publish(registry)
        self.point(home, "champion", two)
        self.point(home, "challenger", two)
        artifact_cache.book("xgboost")
        home.client.delete_registered_model_alias("xgboost", "champion")
        artifact_cache.book("xgboost")
        self.point(home, "champion", one)
        with pytest.raises(RolledBack):
            artifact_cache.book("xgboost")

    def test_count_no_more_after_the_first_order(self, registry, home, artifact_cache):
        one, two = publish(registry), publish(registry)
        self.point(home, "champion", one)
        assert self.champion(artifact_cache.book) == one
        book = registry.promote("xgboost", two, "champion", now=NOW)
        assert (
            registry.rollback("xgboost", "champion", now=NOW).revision > book.revision
        )
        self.point(home, "champion", two)
        assert self.champion(artifact_cache.book) == one

    def test_an_order_taken_away_is_noticed(self, registry, home, artifact_cache):
        one, two = publish(registry), publish(registry)
        self.point(home, "champion", two)
        registry.promote("xgboost", one, "champion", now=NOW)
        assert self.champion(artifact_cache.book) == one
        home.client.delete_registered_model_tag("xgboost", BOOK)
        with pytest.raises(RolledBack):
            artifact_cache.book("xgboost")

    def test_are_not_signed_by_the_way(self, registry, home):
        one, two = publish(registry), publish(registry)
        self.point(home, "champion", one)
        self.point(home, "challenger", one)
        with pytest.raises(AliasUnsigned):
            registry.promote("xgboost", two, "challenger", now=NOW)
        book = registry.promote("xgboost", two, "champion", now=NOW)
        assert set(book.aliases) == {"champion"}

    def test_lead_to_signed_models_only(self, registry, home, tmp_path):
        publish(registry)
        known = home.client.get_model_version("xgboost", "1")
        foreign = known.source.rsplit("/", 1)[0] + "/elsewhere"
        home.client.create_model_version("xgboost", foreign, known.run_id)
        self.point(home, "champion", "20260302.2")
        with pytest.raises(NotSigned):
            registry.aliases("xgboost")

    def test_an_old_model_under_a_new_number(self, registry, home):
        publish(registry)
        known = home.client.get_model_version("xgboost", "1")
        home.client.create_model_version("xgboost", known.source, known.run_id)
        self.point(home, "champion", "20260302.2")
        with pytest.raises(WrongIdentity):
            registry.aliases("xgboost")
        assert registry.versions("xgboost") == ("20260302.1",)


class TestSources:
    """A version's source is whatever a writer says."""

    @pytest.mark.parametrize(
        "source",
        ["http://127.0.0.1:9/x", "ftp://host/x", "s3://bucket/x", "models:/m-1"],
    )
    def test_a_local_store_leads_nowhere_else(self, source):
        local = open_registry("mlflow+sqlite:///x.db", Verifier(KEYS.public_pem))
        with pytest.raises(UnexpectedEntry):
            local._place(source)

    @pytest.mark.parametrize(
        "source", ["/etc", "file:///etc", "mlflow-artifacts://other:80/x"]
    )
    def test_a_server_leads_neither_to_our_files_nor_to_others(self, source):
        remote = open_registry("mlflow+http://127.0.0.1:9", Verifier(KEYS.public_pem))
        with pytest.raises(UnexpectedEntry):
            remote._place(source)


class TestSilentServer:
    def test_is_unavailable_and_not_empty(self, monkeypatch):
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        silent = open_registry("mlflow+http://127.0.0.1:9", Verifier(KEYS.public_pem))
        with pytest.raises(RegistryUnavailable):
            silent.aliases("xgboost")
