from datetime import timedelta

import pytest

from fraud_scoring.artifacts.keys import Verifier, generate_keys
from fraud_scoring.errors import ArtifactRefused, RegistryUnavailable, RolledBack
from fraud_scoring.registry.cache import ArtifactCache
from fraud_scoring.testing import NOW, linear_draft, memory_registry

KEYS = generate_keys()
VERIFIER = Verifier(KEYS.public_pem)


class Switch:
    """A registry that can be switched off, and counts what was fetched."""

    def __init__(self, inner):
        self.inner = inner
        self.off = False
        self.fetched = 0

    def aliases(self, name):
        if self.off:
            raise RegistryUnavailable("off")
        return self.inner.aliases(name)

    def fetch(self, name, version):
        if self.off:
            raise RegistryUnavailable("off")
        self.fetched += 1
        return self.inner.fetch(name, version)


@pytest.fixture
def registry():
    made = memory_registry(KEYS)
    version = made.publish(linear_draft(), now=NOW).manifest.version
    made.promote("xgboost", version, "champion", now=NOW)
    return Switch(made)


@pytest.fixture
def artifact_cache(registry, tmp_path):
    return ArtifactCache(registry, VERIFIER, tmp_path / "artifact_cache")


def take(artifact_cache):
    return artifact_cache.artifact(
        "xgboost", artifact_cache.book("xgboost").target("champion")
    )


class TestReadingThrough:
    def test_an_artefact_is_fetched_once(self, artifact_cache, registry):
        assert take(artifact_cache).hash == take(artifact_cache).hash
        assert registry.fetched == 1

    def test_a_dead_registry_changes_nothing(self, artifact_cache, registry):
        before = take(artifact_cache)
        registry.off = True
        assert take(artifact_cache) == before

    def test_a_dead_registry_never_seen_is_an_error(self, artifact_cache, registry):
        registry.off = True
        with pytest.raises(RegistryUnavailable):
            artifact_cache.book("xgboost")

    def test_a_disk_that_cannot_be_written_does_not_matter(self, registry, tmp_path):
        (tmp_path / "file").write_text("in the way")
        assert (
            take(ArtifactCache(registry, VERIFIER, tmp_path / "file")).manifest.counter
            == 1
        )


class TestDistrust:
    def test_a_changed_copy_is_fetched_again(self, artifact_cache, registry, tmp_path):
        found = take(artifact_cache)
        copy = tmp_path / "artifact_cache" / "xgboost" / found.hash / "weights.json"
        copy.write_bytes(b"[9, 9, 9]")
        assert take(artifact_cache).file("weights.json") == found.file("weights.json")
        assert registry.fetched == 2

    def test_a_changed_copy_of_a_dead_registry_is_not_used(
        self, artifact_cache, registry, tmp_path
    ):
        found = take(artifact_cache)
        (
            tmp_path / "artifact_cache" / "xgboost" / found.hash / "extra.json"
        ).write_bytes(b"{}")
        registry.off = True
        with pytest.raises(RegistryUnavailable):
            take(artifact_cache)

    def test_aliases_from_before_are_refused(self, artifact_cache, registry):
        inner = registry.inner
        old = inner.aliases("xgboost")
        later = NOW + timedelta(hours=1)
        second = inner.publish(linear_draft(), now=later).manifest.version
        inner.promote("xgboost", second, "champion", now=later)
        artifact_cache.book("xgboost")
        registry.aliases = lambda name: old
        with pytest.raises(RolledBack):
            artifact_cache.book("xgboost")

    def test_a_target_with_another_hash_is_refused(self, artifact_cache, registry):
        target = artifact_cache.book("xgboost").target("champion")
        with pytest.raises(ArtifactRefused):
            artifact_cache.artifact(
                "xgboost", target.model_copy(update={"hash": "0" * 64})
            )


class TestSpace:
    def test_only_a_few_copies_are_kept(self, artifact_cache, registry, tmp_path):
        for hour in range(1, 6):
            later = NOW + timedelta(hours=hour)
            made = registry.inner.publish(linear_draft(), now=later)
            registry.inner.promote(
                "xgboost", made.manifest.version, "champion", now=later
            )
            take(artifact_cache)
        kept = [
            p for p in (tmp_path / "artifact_cache" / "xgboost").iterdir() if p.is_dir()
        ]
        assert len(kept) == 3
        assert made.hash in {p.name for p in kept}
