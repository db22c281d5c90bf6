"""One contract suite for every kind of storage."""

import uuid
from datetime import timedelta
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from fraud_scoring.errors import (
    AliasMissing,
    ArtifactRefused,
    ContentMismatch,
    MalformedArtifact,
    ModelMissing,
    RegistryUnavailable,
    SignatureInvalid,
    SigningKeyMissing,
    UnexpectedEntry,
    WrongIdentity,
)
from fraud_scoring.folder import FolderRegistry
from fraud_scoring.keys import Signer, Verifier, generate_keys
from fraud_scoring.testing import NOW, linear_draft

KEYS = generate_keys()


@pytest.fixture(scope="session")
def s3_url():
    server = pytest.importorskip("moto.server")
    running = server.ThreadedMotoServer(port=0, verbose=False)
    running.start()
    yield "http://{}:{}".format(*running.get_host_and_port())
    running.stop()


@pytest.fixture(params=["file", "memory", "s3"])
def uri(request, tmp_path, monkeypatch):
    if request.param == "file":
        return str(tmp_path / "registry")
    if request.param == "memory":
        return f"memory://{uuid.uuid4().hex}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", request.getfixturevalue("s3_url"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    bucket = f"models-{uuid.uuid4().hex}"
    fsspec.filesystem("s3", skip_instance_cache=True).mkdir(bucket)
    return f"s3://{bucket}/registry"


def opened(uri, keys=KEYS, *, writable=True):
    signer = Signer(keys.private_pem) if writable else None
    return FolderRegistry(uri, Verifier(keys.public_pem), signer)


@pytest.fixture
def registry(uri):
    return opened(uri)


def publish(registry, name="xgboost", **options):
    made = registry.publish(linear_draft(name=name, **options), now=NOW)
    return made.manifest.version


class TestPublishing:
    def test_an_empty_registry_has_nothing(self, registry):
        assert registry.models() == ()
        assert registry.versions("xgboost") == ()
        assert registry.aliases("xgboost").aliases == {}

    def test_what_was_published_is_loaded_by_another_reader(self, registry, uri):
        version = publish(registry)
        found = opened(uri, writable=False).load("xgboost", version)
        assert found.files == dict(linear_draft().files)

    def test_versions_count_upwards(self, registry):
        versions = [publish(registry) for _ in range(11)]
        assert registry.versions("xgboost") == tuple(versions)
        assert versions[-1] == "20260302.11"
        assert registry.load("xgboost", versions[-1]).manifest.counter == 11

    def test_models_are_apart(self, registry):
        publish(registry, "xgboost")
        publish(registry, "lightgbm")
        assert registry.models() == ("lightgbm", "xgboost")
        assert registry.versions("lightgbm") == ("20260302.1",)

    def test_a_reader_cannot_publish(self, uri):
        with pytest.raises(SigningKeyMissing):
            publish(opened(uri, writable=False))

    @pytest.mark.parametrize("name", ["nothing", "../up", "", "A", "a/b"])
    def test_what_is_not_there_is_missing(self, registry, name):
        with pytest.raises(ModelMissing):
            registry.load(name, "20260302.1")

    def test_a_half_written_version_is_not_there(self, registry, uri):
        version = publish(registry)
        fs, root = fsspec.url_to_fs(uri)
        fs.rm_file(f"{root}/models/xgboost/{version}/manifest.sig")
        assert registry.versions("xgboost") == ()
        with pytest.raises(ModelMissing):
            registry.load("xgboost", version)


class TestAliases:
    def test_promote_then_roll_back(self, registry):
        one, two = publish(registry), publish(registry)
        registry.promote("xgboost", one, "champion", now=NOW)
        book = registry.promote("xgboost", two, "champion", now=NOW)
        assert book.target("champion").version == two
        back = registry.rollback("xgboost", "champion", now=NOW)
        assert back.target("champion").version == one
        assert back.revision > book.revision
        assert registry.aliases("xgboost") == back

    def test_promoting_the_same_changes_nothing(self, registry):
        version = publish(registry)
        first = registry.promote("xgboost", version, "champion", now=NOW)
        later = NOW + timedelta(days=1)
        assert registry.promote("xgboost", version, "champion", now=later) == first

    def test_aliases_are_independent(self, registry):
        one, two = publish(registry), publish(registry)
        registry.promote("xgboost", one, "champion", now=NOW)
        book = registry.promote("xgboost", two, "challenger", now=NOW)
        assert book.target("champion").version == one
        assert book.target("challenger").version == two

    def test_no_past_to_go_back_to(self, registry):
        registry.promote("xgboost", publish(registry), "champion", now=NOW)
        with pytest.raises(AliasMissing):
            registry.rollback("xgboost", "champion", now=NOW)
        with pytest.raises(AliasMissing):
            registry.rollback("xgboost", "challenger", now=NOW)

    def test_the_missing_cannot_be_promoted(self, registry):
        with pytest.raises(ModelMissing):
            registry.promote("xgboost", "20260302.9", "champion", now=NOW)

    def test_a_reader_cannot_promote(self, registry, uri):
        version = publish(registry)
        with pytest.raises(SigningKeyMissing):
            opened(uri, writable=False).promote("xgboost", version, "champion", now=NOW)

    def test_a_registry_made_anew_still_counts_upwards(self, registry, tmp_path):
        old = registry.promote("xgboost", publish(registry), "champion", now=NOW)
        anew = opened(str(tmp_path / "anew"))
        later = NOW + timedelta(minutes=1)
        book = anew.promote("xgboost", publish(anew), "champion", now=later)
        assert book.revision > old.revision


class TestTampering:
    def change(self, uri, path, change):
        fs, root = fsspec.url_to_fs(uri)
        data = fs.cat_file(f"{root}/models/{path}")
        fs.pipe_file(f"{root}/models/{path}", change(data))

    def test_a_changed_file(self, registry, uri):
        version = publish(registry)
        path = f"xgboost/{version}/weights.json"
        self.change(uri, path, lambda data: data.replace(b"0.5", b"0.6"))
        with pytest.raises(ContentMismatch):
            registry.load("xgboost", version)
        with pytest.raises(ContentMismatch):
            registry.promote("xgboost", version, "champion", now=NOW)

    def test_changed_aliases(self, registry, uri):
        one, two = publish(registry), publish(registry)
        registry.promote("xgboost", two, "champion", now=NOW)
        self.change(
            uri,
            "xgboost/aliases.json",
            lambda data: data.replace(two.encode(), one.encode()),
        )
        with pytest.raises(SignatureInvalid):
            registry.aliases("xgboost")

    @pytest.mark.parametrize("junk", [b"", b"[]", b"{}", b'{"signed": 1}'])
    def test_aliases_that_are_no_document(self, registry, uri, junk):
        registry.promote("xgboost", publish(registry), "champion", now=NOW)
        self.change(uri, "xgboost/aliases.json", lambda _: junk)
        with pytest.raises(MalformedArtifact):
            registry.aliases("xgboost")

    def test_aliases_of_another_model(self, registry, uri):
        publish(registry, "lightgbm")
        registry.promote("xgboost", publish(registry), "champion", now=NOW)
        fs, root = fsspec.url_to_fs(uri)
        data = fs.cat_file(f"{root}/models/xgboost/aliases.json")
        fs.pipe_file(f"{root}/models/lightgbm/aliases.json", data)
        with pytest.raises(ArtifactRefused):
            registry.aliases("lightgbm")

    def test_an_older_version_put_in_place_of_a_newer(self, registry, uri):
        one, two = publish(registry), publish(registry)
        fs, root = fsspec.url_to_fs(uri)
        for name in ("manifest.json", "manifest.sig"):
            old = fs.cat_file(f"{root}/models/xgboost/{one}/{name}")
            fs.pipe_file(f"{root}/models/xgboost/{two}/{name}", old)
        with pytest.raises(WrongIdentity):
            registry.load("xgboost", two)

    def test_a_stranger_s_versions_do_not_count(self, registry, uri):
        publish(registry)
        publish(opened(uri, generate_keys()))
        assert len(registry.versions("xgboost")) == 1


class TestLocalFolder:
    def test_a_symlink_in_a_version(self, tmp_path):
        registry = opened(str(tmp_path))
        version = publish(registry)
        file = tmp_path / "models" / "xgboost" / version / "weights.json"
        copy = tmp_path / "copy.json"
        file.rename(copy)
        file.symlink_to(copy)
        with pytest.raises(UnexpectedEntry):
            registry.load("xgboost", version)

    def test_no_staging_is_left_behind(self, tmp_path):
        registry = opened(str(tmp_path))
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
            opened("silent://models").aliases("xgboost")
