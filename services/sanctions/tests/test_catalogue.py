import hashlib
import os
import shutil
from datetime import UTC, datetime

import pytest

from fraud_sanctions.lists.catalogue import load
from fraud_sanctions.service import _signature

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def in_use(folder):
    return {watch.list_id: watch for watch in load(folder, {}, NOW).lists}


def codes(loaded):
    return {refusal.list_id: refusal.code for refusal in loaded.refused}


class TestFolder:
    def test_each_list_has_version_hash_date_and_entities(self, in_use):
        assert sorted(in_use) == ["fictional", "fictional_ofac", "fictional_un"]
        watch = in_use["fictional_un"]
        assert watch.version == f"2026-01-05+{watch.sha256[:12]}"
        assert sum(len(watch.entities) for watch in in_use.values()) > 100

    def test_the_version_follows_the_content_of_every_file(self, folder, in_use):
        side = folder / "fictional_ofac" / "alt.csv"
        side.write_bytes(side.read_bytes().replace(b"BAZHU", b"BAZHOU"))
        after = {w.list_id: w for w in load(folder, in_use, NOW).lists}
        assert after["fictional_ofac"].version != in_use["fictional_ofac"].version
        assert after["fictional"].version == in_use["fictional"].version


class TestRefusal:
    @pytest.mark.parametrize(
        ("damage", "code"),
        [
            (lambda data: b"", "LIST_EMPTY"),
            (lambda data: data[:-40], "LIST_TRUNCATED"),
            (lambda data: b"\x00\xff" + data, "LIST_CORRUPT"),
            (lambda data: b"\n".join(data.split(b"\n")[:-8]) + b"\n", "LIST_SHRUNKEN"),
        ],
    )
    def test_a_bad_file_keeps_the_list_in_use(self, folder, in_use, damage, code):
        path = folder / "fictional.csv"
        path.write_bytes(damage(path.read_bytes()))
        loaded = load(folder, in_use, NOW)
        assert codes(loaded) == {"fictional": code}
        assert {w.list_id: w for w in loaded.lists}["fictional"] is in_use["fictional"]

    def test_losing_up_to_a_tenth_is_an_update(self, folder, in_use):
        path = folder / "fictional.csv"
        lines = path.read_bytes().split(b"\n")
        path.write_bytes(b"\n".join(lines[:-5]) + b"\n")
        assert codes(load(folder, in_use, NOW)) == {}

    def test_a_wrong_checksum_is_refused(self, folder, in_use):
        right = hashlib.sha256((folder / "fictional.csv").read_bytes()).hexdigest()
        sums = folder / "SHA256SUMS"
        sums.write_text(f"{right}  fictional.csv\n")
        assert codes(load(folder, in_use, NOW)) == {}
        sums.write_text(f"{'0' * 64}  fictional.csv\n")
        assert codes(load(folder, in_use, NOW)) == {"fictional": "LIST_CHECKSUM"}

    def test_a_list_that_disappears_is_kept(self, folder, in_use):
        os.remove(folder / "fictional_un.xml")
        loaded = load(folder, in_use, NOW)
        assert codes(loaded) == {"fictional_un": "LIST_MISSING"}
        assert len(loaded.lists) == 3

    @pytest.mark.parametrize(
        ("other", "source"),
        [
            ("fictional.json", "fictional.csv"),
            ("fictional.2026.csv", "fictional.csv"),
            ("fictional/sdn.csv", "fictional_ofac/sdn.csv"),
            ("fictional/cons_prim.csv", "fictional_ofac/sdn.csv"),
        ],
    )
    def test_two_files_with_one_name_are_refused_and_named(
        self, folder, in_use, other, source
    ):
        (folder / other).parent.mkdir(exist_ok=True)
        shutil.copyfile(folder / source, folder / other)
        loaded = load(folder, in_use, NOW)
        assert codes(loaded) == {"fictional": "LIST_DUPLICATE"}
        assert set(loaded.refused[0].files) == {other, "fictional.csv"}
        assert {w.list_id: w for w in loaded.lists}["fictional"] is in_use["fictional"]
        assert "fictional" not in {w.list_id for w in load(folder, {}, NOW).lists}

    def test_two_families_in_one_folder_are_one_name(self, folder, in_use):
        family = folder / "fictional_ofac"
        shutil.copyfile(family / "sdn.csv", family / "cons_prim.csv")
        assert codes(load(folder, in_use, NOW)) == {"fictional_ofac": "LIST_DUPLICATE"}


def test_what_is_being_fetched_is_no_change_of_the_folder(folder):
    before = _signature(folder)
    part = folder / ".own.1.part"
    part.mkdir()
    (part / "own.csv").write_text("id,name\n")
    assert _signature(folder) == before
    part.rename(folder / "own")
    assert _signature(folder) != before
