import hashlib
import os
import pickle
from datetime import timedelta

import orjson
import pytest

from fraud_scoring.artifacts import artifact
from fraud_scoring.artifacts.artifact import MANIFEST, SIGNATURE
from fraud_scoring.artifacts.keys import Signer, Verifier, generate_keys
from fraud_scoring.errors import (
    ArtifactRefused,
    ContentMismatch,
    FeatureMismatch,
    MalformedArtifact,
    MissingFile,
    NotSigned,
    RolledBack,
    SignatureInvalid,
    TooLarge,
    UnexpectedEntry,
    UnsafeFormat,
    WrongIdentity,
)
from fraud_scoring.testing import FEATURES, NOW, linear_draft

KEYS = generate_keys()
WHO = {"name": "xgboost", "version": "20260302.2"}


def signed(files=None, keys=KEYS, **overrides):
    facts = {**WHO, "counter": 2, "bundle": "b-1", "created_at": NOW, **overrides}
    content = linear_draft().files if files is None else files
    return artifact.sign(content, Signer(keys.private_pem), **facts)


def verify(files, **options):
    return artifact.verify(files, Verifier(KEYS.public_pem), **{**WHO, **options})


class TestGenuine:
    def test_gives_its_parts(self):
        found = verify(signed())
        assert found.metadata.features == FEATURES
        assert found.calibrator(0.5) == 0.2
        assert len(found.golden.rows) == 4
        assert found.ref.model_dump() == {
            "name": "xgboost",
            "version": "20260302.2",
            "hash": hashlib.sha256(signed()[MANIFEST]).hexdigest(),
            "bundle": "b-1",
        }

    def test_survives_a_folder(self, tmp_path):
        artifact.write_folder(signed(), tmp_path / "m" / "v")
        assert artifact.read_folder(tmp_path / "m" / "v") == signed()
        assert [p.name for p in (tmp_path / "m").iterdir()] == ["v"]


def tampered(name, change):
    files = dict(signed())
    files[name] = change(files[name])
    return files


def without(name):
    return {entry: data for entry, data in signed().items() if entry != name}


class TestTampering:
    @pytest.mark.parametrize("name", sorted(linear_draft().files))
    def test_a_flipped_bit_in_any_file(self, name):
        def flip(data):
            return bytes([data[0] ^ 1]) + data[1:]

        with pytest.raises(ContentMismatch):
            verify(tampered(name, flip))

    @pytest.mark.parametrize("name", sorted(linear_draft().files))
    def test_a_truncated_file(self, name):
        with pytest.raises(ContentMismatch):
            verify(tampered(name, lambda data: data[:-1]))

    def test_two_files_swapped(self):
        files = signed()
        files["golden.json"], files["metadata.json"] = (
            files["metadata.json"],
            files["golden.json"],
        )
        with pytest.raises(ContentMismatch):
            verify(files)

    @pytest.mark.parametrize("position", [0, 40, -2])
    def test_any_change_of_the_manifest(self, position):
        def flip(data):
            changed = bytearray(data)
            changed[position] ^= 1
            return bytes(changed)

        with pytest.raises(SignatureInvalid):
            verify(tampered(MANIFEST, flip))

    def test_a_manifest_that_lists_the_changed_file_anew(self):
        files = signed()
        files["weights.json"] = b"[9, 9, 9]"
        manifest = orjson.loads(files[MANIFEST])
        manifest["files"]["weights.json"] = {
            "sha256": hashlib.sha256(b"[9, 9, 9]").hexdigest(),
            "size": 9,
        }
        files[MANIFEST] = orjson.dumps(manifest)
        with pytest.raises(SignatureInvalid):
            verify(files)

    def test_a_missing_file(self):
        with pytest.raises(MissingFile):
            verify(without("weights.json"))

    def test_an_extra_file(self):
        with pytest.raises(UnexpectedEntry):
            verify({**signed(), "extra.json": b"{}"})

    @pytest.mark.parametrize("name", [MANIFEST, SIGNATURE])
    def test_no_manifest_or_signature(self, name):
        with pytest.raises(NotSigned):
            verify(without(name))

    def test_another_key_is_refused(self):
        with pytest.raises(SignatureInvalid):
            verify(signed(keys=generate_keys()))

    def test_a_huge_manifest_is_not_parsed(self):
        with pytest.raises(TooLarge):
            verify(tampered(MANIFEST, lambda data: data + b" " * 70_000))


class TestIdentity:
    @pytest.mark.parametrize("other", [{"name": "lightgbm"}, {"version": "20260302.1"}])
    def test_a_genuine_artefact_under_another_name(self, other):
        with pytest.raises(WrongIdentity):
            verify(signed(**other))

    def test_a_genuine_artefact_with_another_hash(self):
        again = signed(created_at=NOW + timedelta(seconds=1))
        with pytest.raises(WrongIdentity):
            verify(again, expected_hash=verify(signed()).hash)

    def test_an_older_version(self):
        assert verify(signed(), at_least=2)
        with pytest.raises(RolledBack):
            verify(signed(), at_least=3)


class TestUnsafeContent:
    @pytest.mark.parametrize("protocol", [2, 3, 4, 5])
    def test_a_signed_pickle_under_a_harmless_name(self, protocol):
        content = {"weights.json": pickle.dumps([1.0], protocol=protocol)}
        with pytest.raises(UnsafeFormat):
            verify(signed(content))

    def test_a_signed_file_of_another_kind(self):
        with pytest.raises(UnsafeFormat):
            verify(signed({"model.pkl": b"harmless"}))

    @pytest.mark.parametrize("name", ["../up.json", "a/b.json", "/etc.json", ".x.json"])
    def test_a_name_that_leaves_the_folder_cannot_even_be_signed(self, name):
        with pytest.raises(ValueError, match="files"):
            signed({name: b"{}"})


class TestUnreadableParts:
    @pytest.mark.parametrize(
        ("name", "content", "reason"),
        [
            ("metadata.json", b"[]", MalformedArtifact),
            ("calibrator.json", b'{"method":"isotonic"}', MalformedArtifact),
            ("calibrator.json", b"\xff", MalformedArtifact),
            ("golden.json", b'{"rows": 1}', MalformedArtifact),
            (
                "golden.json",
                (
                    b'{"rows":[[1],[2]],"raw":[0,1],"score":[0,1],'
                    b'"labels":[false,true],"tolerance":1e-6}'
                ),
                FeatureMismatch,
            ),
        ],
    )
    def test_unreadable_parts_are_refused(self, name, content, reason):
        found = verify(signed({**linear_draft().files, name: content}))
        with pytest.raises(reason):
            getattr(found, name.removesuffix(".json"))

    def test_a_part_that_is_not_there(self):
        with pytest.raises(MalformedArtifact):
            verify(signed({"a.json": b"{}"})).metadata.name  # noqa: B018


class TestFolders:
    @pytest.fixture
    def folder(self, tmp_path):
        artifact.write_folder(signed(), tmp_path / "v")
        return tmp_path / "v"

    def test_a_symlink_is_refused_unread(self, folder, tmp_path):
        secret = tmp_path / "elsewhere.json"
        secret.write_bytes((folder / "weights.json").read_bytes())
        (folder / "weights.json").unlink()
        (folder / "weights.json").symlink_to(secret)
        with pytest.raises(UnexpectedEntry):
            artifact.read_folder(folder)

    def test_a_sub_folder_is_refused(self, folder):
        (folder / "more").mkdir()
        with pytest.raises(UnexpectedEntry):
            artifact.read_folder(folder)

    def test_a_named_pipe_does_not_hang(self, folder):
        os.mkfifo(folder / "pipe.json")
        with pytest.raises(UnexpectedEntry):
            artifact.read_folder(folder)

    def test_too_many_files(self, folder):
        for i in range(40):
            (folder / f"f{i}.json").write_bytes(b"{}")
        with pytest.raises(UnexpectedEntry):
            artifact.read_folder(folder)

    def test_too_large_a_file_is_refused_unread(self, folder):
        os.truncate(folder / "weights.json", artifact.MAX_BYTES + 1)
        with pytest.raises(TooLarge):
            artifact.read_folder(folder)


class TestReasons:
    def test_each_has_its_own_code(self):
        def tree(cls):
            return [cls, *(c for sub in cls.__subclasses__() for c in tree(sub))]

        codes = [cls.code for cls in tree(ArtifactRefused)]
        assert len(set(codes)) == len(codes) == 17
