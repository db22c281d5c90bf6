"""The folder registry, on every storage that fsspec opens here."""

import subprocess
import sys
import uuid
from datetime import timedelta
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from fraud_scoring.errors import RegistryUnavailable, UnexpectedEntry
from fraud_scoring.registry.file import FolderRegistry
from fraud_scoring.testing import NOW
from fraud_scoring.testing.blobs import blob_server
from fraud_scoring.testing.registries import (
    AliasContract,
    PublishingContract,
    TamperingContract,
    opened,
    publish,
    registry,
)

__all__ = ["registry"]


class FolderHome:
    def __init__(self, uri):
        self.uri = uri
        self._fs, root = fsspec.url_to_fs(uri, use_listings_cache=False)
        self._root = f"{root}/models"

    def open(self, verifier, signer):
        return FolderRegistry(self.uri, verifier, signer)

    def read(self, name, version, file):
        return self._fs.cat_file(f"{self._root}/{name}/{version}/{file}")

    def write(self, name, version, file, data):
        self._fs.pipe_file(f"{self._root}/{name}/{version}/{file}", data)

    def remove(self, name, version, file):
        self._fs.rm_file(f"{self._root}/{name}/{version}/{file}")

    def book(self, name):
        return self._fs.cat_file(f"{self._root}/{name}/aliases.json")

    def set_book(self, name, data):
        self._fs.pipe_file(f"{self._root}/{name}/aliases.json", data)


@pytest.fixture(scope="session")
def s3_url():
    server = pytest.importorskip("moto.server")
    running = server.ThreadedMotoServer(port=0, verbose=False)
    running.start()
    yield "http://{}:{}".format(*running.get_host_and_port())
    running.stop()


@pytest.fixture(scope="session")
def azure():
    pytest.importorskip("adlfs")
    with blob_server() as connection:
        yield connection


@pytest.fixture(params=["file", "memory", "s3", "abfs"])
def home(request, tmp_path, monkeypatch):
    if request.param == "file":
        return FolderHome(str(tmp_path / "registry"))
    if request.param == "memory":
        return FolderHome(f"memory://{uuid.uuid4().hex}")
    if request.param == "abfs":
        connection = request.getfixturevalue("azure")
        monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", connection)
        container = f"models-{uuid.uuid4().hex}"
        fsspec.filesystem("abfs", skip_instance_cache=True).mkdir(container)
        return FolderHome(f"abfs://{container}/registry")
    monkeypatch.setenv("AWS_ENDPOINT_URL", request.getfixturevalue("s3_url"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    bucket = f"models-{uuid.uuid4().hex}"
    fsspec.filesystem("s3", skip_instance_cache=True).mkdir(bucket)
    return FolderHome(f"s3://{bucket}/registry")


class TestPublishing(PublishingContract):
    pass


class TestAliases(AliasContract):
    def test_a_registry_made_anew_still_counts_upwards(self, registry, tmp_path):
        old = registry.promote("xgboost", publish(registry), "champion", now=NOW)
        anew = opened(FolderHome(str(tmp_path / "anew")))
        later = NOW + timedelta(minutes=1)
        book = anew.promote("xgboost", publish(anew), "champion", now=later)
        assert book.revision > old.revision


class TestTampering(TamperingContract):
    """What is verified are bytes, whatever storage they came from."""

    @pytest.fixture
    def home(self, tmp_path):
        return FolderHome(str(tmp_path / "registry"))


class TestLocalFolder:
    def test_a_symlink_in_a_version(self, tmp_path):
        registry = opened(FolderHome(str(tmp_path)))
        version = publish(registry)
        file = tmp_path / "models" / "xgboost" / version / "weights.json"
        copy = tmp_path / "copy.json"
        file.rename(copy)
        file.symlink_to(copy)
        with pytest.raises(UnexpectedEntry):
            registry.load("xgboost", version)

    def test_no_staging_is_left_behind(self, tmp_path):
        registry = opened(FolderHome(str(tmp_path)))
        registry.promote("xgboost", publish(registry), "champion", now=NOW)
        assert not list(Path(tmp_path).rglob("*.tmp"))


class SilentStorage(MemoryFileSystem):
    protocol = "silent"

    def exists(self, path, **kwargs):
        raise TimeoutError


class TestSilentStorage:
    def test_is_unavailable_and_not_empty(self):
        fsspec.register_implementation("silent", SilentStorage, clobber=True)
        with pytest.raises(RegistryUnavailable):
            opened(FolderHome("silent://models")).aliases("xgboost")


class TestAddresses:
    """What can be wrong with a registry's URI, said before anything is read."""

    @pytest.mark.parametrize(
        "uri",
        [
            "s3://key:secret@bucket/registry",
            "abfs://models@account.dfs.core.windows.net/registry?sig=secret",
        ],
    )
    def test_credentials_are_refused_and_not_repeated(self, uri):
        with pytest.raises(RegistryUnavailable, match="credentials") as refused:
            opened(FolderRegistryAt(uri))
        assert "secret" not in str(refused.value)

    @pytest.mark.parametrize("uri", ["nothing://models", "abfs://models/registry"])
    def test_an_unknown_scheme_and_a_missing_account(self, uri, monkeypatch):
        for name in ("ACCOUNT_NAME", "CONNECTION_STRING"):
            monkeypatch.delenv(f"AZURE_STORAGE_{name}", raising=False)
        # fsspec keeps what it opened, whatever the environment says since.
        fsspec.get_filesystem_class("abfs").clear_instance_cache()
        with pytest.raises(RegistryUnavailable, match="environment is not set"):
            opened(FolderRegistryAt(uri))

    def test_the_account_comes_from_the_uri_its_key_from_the_environment(
        self, monkeypatch
    ):
        monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", "a2V5")
        monkeypatch.delenv("AZURE_STORAGE_CONNECTION_STRING", raising=False)
        uri = "abfs://models@company.dfs.core.windows.net/registry"
        storage = opened(FolderRegistryAt(uri))._storage
        assert storage._root == "models/registry/models"
        assert storage._fs.account_name == "company"
        assert storage._fs.account_key == "a2V5"

    @pytest.mark.parametrize(
        ("uri", "client", "extra"),
        [
            ("abfs://models/registry", "adlfs", "abfs"),
            ("s3://models/registry", "s3fs", "s3"),
            ("mlflow+http://127.0.0.1:9", "mlflow", "mlflow"),
        ],
    )
    def test_without_its_extra_it_says_which(self, uri, client, extra):
        code = (
            f"import sys; sys.modules[{client!r}] = None\n"
            "from fraud_scoring.registry.file import open_registry\n"
            f"open_registry({uri!r}, None)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False
        )
        said = done.stderr.splitlines()[-1]
        assert "RegistryUnavailable: " in said
        assert said.endswith(f"needs fraud-scoring[{extra}]")


class FolderRegistryAt:
    """Only an address: nothing is behind it."""

    def __init__(self, uri):
        self.uri = uri

    open = FolderHome.open
