"""The contract of `ModelRegistry`, for every kind of storage behind it.

A test module adds the fixture `home`: an empty storage, opened as a registry, whose files
and alias book the tests can change behind the registry's back.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Protocol

import orjson
import pytest

from fraud_scoring.artifacts import artifact
from fraud_scoring.artifacts.artifact import MANIFEST, SIGNATURE
from fraud_scoring.artifacts.keys import KeyPair, Signer, Verifier, generate_keys
from fraud_scoring.errors import (
    AliasMissing,
    ArtifactRefused,
    ContentMismatch,
    MalformedArtifact,
    MissingFile,
    ModelMissing,
    RolledBack,
    SignatureInvalid,
    SigningKeyMissing,
    UnexpectedEntry,
    WrongIdentity,
)
from fraud_scoring.registry.cache import ArtifactCache
from fraud_scoring.registry.port import ModelRegistry
from fraud_scoring.testing import NOW, linear_draft

KEYS = generate_keys()
Change = Callable[[bytes], bytes]


class Home(Protocol):
    """What somebody with access to the storage, but without our key, can do."""

    def open(self, verifier: Verifier, signer: Signer | None) -> ModelRegistry:
        """A registry over the storage."""

    def read(self, name: str, version: str, file: str) -> bytes:
        """One file of a version."""

    def write(self, name: str, version: str, file: str, data: bytes) -> None:
        """Put one file into a version."""

    def remove(self, name: str, version: str, file: str) -> None:
        """Take one file out of a version."""

    def book(self, name: str) -> bytes:
        """The sealed alias book of a model."""

    def set_book(self, name: str, data: bytes) -> None:
        """Put another book in its place."""


def opened(home: Home, keys: KeyPair = KEYS, *, writable: bool = True) -> ModelRegistry:
    """The registry, trusting these keys."""
    signer = Signer(keys.private_pem) if writable else None
    return home.open(Verifier(keys.public_pem), signer)


def publish(registry: ModelRegistry, name: str = "xgboost", **options: Any) -> str:
    """Publish a linear model; its version."""
    made = registry.publish(linear_draft(name=name, **options), now=NOW)
    return made.manifest.version


@pytest.fixture
def registry(home: Home) -> ModelRegistry:
    """The empty registry."""
    return opened(home)


class PublishingContract:
    """What is published is there, whole, and counts upwards."""

    def test_an_empty_registry_has_nothing(self, registry: ModelRegistry) -> None:
        assert registry.models() == ()
        assert registry.versions("xgboost") == ()
        assert registry.aliases("xgboost").aliases == {}

    def test_what_was_published_is_loaded_by_another_reader(
        self, registry: ModelRegistry, home: Home
    ) -> None:
        version = publish(registry)
        found = opened(home, writable=False).load("xgboost", version)
        assert found.files == dict(linear_draft().files)

    def test_versions_count_upwards(self, registry: ModelRegistry) -> None:
        versions = [publish(registry) for _ in range(11)]
        assert registry.versions("xgboost") == tuple(versions)
        assert versions[-1] == "20260302.11"
        assert registry.load("xgboost", versions[-1]).manifest.counter == 11

    def test_models_are_apart(self, registry: ModelRegistry) -> None:
        publish(registry, "xgboost")
        publish(registry, "lightgbm")
        assert registry.models() == ("lightgbm", "xgboost")
        assert registry.versions("lightgbm") == ("20260302.1",)

    def test_a_reader_cannot_publish(self, home: Home) -> None:
        with pytest.raises(SigningKeyMissing):
            publish(opened(home, writable=False))

    @pytest.mark.parametrize("name", ["nothing", "../up", "", "A", "a/b"])
    def test_what_is_not_there_is_missing(
        self, registry: ModelRegistry, name: str
    ) -> None:
        with pytest.raises(ModelMissing):
            registry.load(name, "20260302.1")

    def test_a_half_written_version_is_not_there(
        self, registry: ModelRegistry, home: Home
    ) -> None:
        version = publish(registry)
        home.remove("xgboost", version, SIGNATURE)
        assert registry.versions("xgboost") == ()
        with pytest.raises(ModelMissing):
            registry.load("xgboost", version)


class AliasContract:
    """Aliases are moved by signed orders, and back."""

    def test_promote_then_roll_back(self, registry: ModelRegistry) -> None:
        one, two = publish(registry), publish(registry)
        registry.promote("xgboost", one, "champion", now=NOW)
        book = registry.promote("xgboost", two, "champion", now=NOW)
        assert book.target("champion").version == two
        back = registry.rollback("xgboost", "champion", now=NOW)
        assert back.target("champion").version == one
        assert back.revision > book.revision
        assert registry.aliases("xgboost") == back

    def test_promoting_the_same_changes_nothing(self, registry: ModelRegistry) -> None:
        version = publish(registry)
        first = registry.promote("xgboost", version, "champion", now=NOW)
        later = NOW + timedelta(days=1)
        assert registry.promote("xgboost", version, "champion", now=later) == first

    def test_aliases_are_independent(self, registry: ModelRegistry) -> None:
        one, two = publish(registry), publish(registry)
        registry.promote("xgboost", one, "champion", now=NOW)
        book = registry.promote("xgboost", two, "challenger", now=NOW)
        assert book.target("champion").version == one
        assert book.target("challenger").version == two

    def test_no_past_to_go_back_to(self, registry: ModelRegistry) -> None:
        registry.promote("xgboost", publish(registry), "champion", now=NOW)
        with pytest.raises(AliasMissing):
            registry.rollback("xgboost", "champion", now=NOW)
        with pytest.raises(AliasMissing):
            registry.rollback("xgboost", "challenger", now=NOW)

    def test_the_missing_cannot_be_promoted(self, registry: ModelRegistry) -> None:
        with pytest.raises(ModelMissing):
            registry.promote("xgboost", "20260302.9", "champion", now=NOW)

    def test_a_reader_cannot_promote(self, registry: ModelRegistry, home: Home) -> None:
        version = publish(registry)
        with pytest.raises(SigningKeyMissing):
            opened(home, writable=False).promote(
                "xgboost", version, "champion", now=NOW
            )


class TamperingContract:
    """What a writer without the key can do is refused, before any part is parsed."""

    def test_a_changed_file(self, registry: ModelRegistry, home: Home) -> None:
        version = publish(registry)
        self._change(home, version, "weights.json", lambda d: d.replace(b"0.5", b"0.6"))
        with pytest.raises(ContentMismatch):
            registry.load("xgboost", version)
        with pytest.raises(ContentMismatch):
            registry.promote("xgboost", version, "champion", now=NOW)

    def test_a_truncated_file(self, registry: ModelRegistry, home: Home) -> None:
        version = publish(registry)
        self._change(home, version, "weights.json", lambda data: data[:-1])
        with pytest.raises(ContentMismatch):
            registry.load("xgboost", version)

    def test_a_missing_file(self, registry: ModelRegistry, home: Home) -> None:
        version = publish(registry)
        home.remove("xgboost", version, "weights.json")
        with pytest.raises(MissingFile):
            registry.load("xgboost", version)

    def test_an_extra_file(self, registry: ModelRegistry, home: Home) -> None:
        version = publish(registry)
        home.write("xgboost", version, "extra.json", b"{}")
        with pytest.raises(UnexpectedEntry):
            registry.load("xgboost", version)

    def test_files_of_another_model(self, registry: ModelRegistry, home: Home) -> None:
        one, other = publish(registry), publish(registry, "lightgbm")
        for file in (MANIFEST, SIGNATURE, *linear_draft().files):
            data = home.read("lightgbm", other, file)
            home.write("xgboost", one, file, data)
        with pytest.raises(WrongIdentity):
            registry.load("xgboost", one)

    def test_an_older_version_put_in_place_of_a_newer(
        self, registry: ModelRegistry, home: Home
    ) -> None:
        one, two = publish(registry), publish(registry)
        for file in (MANIFEST, SIGNATURE):
            home.write("xgboost", two, file, home.read("xgboost", one, file))
        with pytest.raises(WrongIdentity):
            registry.load("xgboost", two)

    def test_a_manifest_signed_by_another_key(
        self, registry: ModelRegistry, home: Home
    ) -> None:
        version = publish(registry)
        facts = orjson.loads(home.read("xgboost", version, MANIFEST))
        forged = artifact.sign(
            linear_draft((9.0, 9.0, 9.0)).files,
            Signer(generate_keys().private_pem),
            name="xgboost",
            version=version,
            counter=facts["counter"],
            bundle="bundle-1",
            created_at=NOW,
        )
        for file, data in forged.items():
            home.write("xgboost", version, file, data)
        with pytest.raises(SignatureInvalid):
            registry.load("xgboost", version)

    def test_a_stranger_s_versions_do_not_count(
        self, registry: ModelRegistry, home: Home
    ) -> None:
        publish(registry)
        publish(opened(home, generate_keys()))
        assert len(registry.versions("xgboost")) == 1

    def test_changed_aliases(self, registry: ModelRegistry, home: Home) -> None:
        one, two = publish(registry), publish(registry)
        registry.promote("xgboost", two, "champion", now=NOW)
        data = home.book("xgboost").replace(two.encode(), one.encode())
        home.set_book("xgboost", data)
        with pytest.raises(SignatureInvalid):
            registry.aliases("xgboost")

    @pytest.mark.parametrize("junk", [b"", b"[]", b"{}", b'{"signed": 1}'])
    def test_aliases_that_are_no_document(
        self, registry: ModelRegistry, home: Home, junk: bytes
    ) -> None:
        registry.promote("xgboost", publish(registry), "champion", now=NOW)
        home.set_book("xgboost", junk)
        with pytest.raises(MalformedArtifact):
            registry.aliases("xgboost")

    def test_aliases_of_another_model(
        self, registry: ModelRegistry, home: Home
    ) -> None:
        publish(registry, "lightgbm")
        registry.promote("xgboost", publish(registry), "champion", now=NOW)
        home.set_book("lightgbm", home.book("xgboost"))
        with pytest.raises(ArtifactRefused):
            registry.aliases("lightgbm")

    def test_an_older_book_put_back_is_noticed(
        self, registry: ModelRegistry, home: Home, tmp_path: Any
    ) -> None:
        one, two = publish(registry), publish(registry)
        registry.promote("xgboost", one, "champion", now=NOW)
        old = home.book("xgboost")
        registry.promote("xgboost", two, "champion", now=NOW + timedelta(hours=1))
        artifact_cache = ArtifactCache(
            registry, Verifier(KEYS.public_pem), tmp_path / "artifact_cache"
        )
        assert artifact_cache.book("xgboost").target("champion").version == two
        home.set_book("xgboost", old)
        with pytest.raises(RolledBack):
            artifact_cache.book("xgboost")

    def _change(self, home: Home, version: str, file: str, change: Change) -> None:
        data = change(home.read("xgboost", version, file))
        home.write("xgboost", version, file, data)
