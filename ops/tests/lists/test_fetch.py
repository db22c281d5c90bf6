"""Fetching from a real HTTP server on this machine."""

import hashlib
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from fraud_ops.lists.config import SHIPPED, ListSource, expanded, read_sources
from fraud_ops.lists.fetch import fetch, new_client
from fraud_sanctions.settings import SAMPLE_LISTS

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=5)
LIST = (SAMPLE_LISTS / "fictional.csv").read_bytes()
NEXT = LIST + b"N-1,Quandrilo Vexwhistle,person,,,\n"


def content(list_folder):
    return (list_folder.folder / "own.csv").read_bytes()


def left_over(list_folder):
    return [
        path.name
        for path in list_folder.folder.iterdir()
        if path.name.endswith(".part")
    ]


class TestAnUpdate:
    def test_the_first_fetch_puts_the_list_in_the_folder(self, get, list_folder):
        outcome = get()
        assert outcome.result == "updated"
        assert outcome.taken.previous is None
        assert len(outcome.taken.watch.entities) == len(LIST.splitlines()) - 1
        assert content(list_folder) == LIST

    def test_a_changed_list_comes_with_what_changed(self, get, publisher, list_folder):
        get()
        publisher.body = NEXT.replace(b"1957-07-21", b"1958-07-21")
        outcome = get(LATER)
        assert outcome.taken.delta.added == ("own-N-1",)
        assert outcome.taken.delta.changed == ("own-FP-0001",)
        assert content(list_folder) == publisher.body

    def test_what_did_not_change_is_not_sent_again_and_is_as_young_as_now(
        self, get, publisher, list_folder
    ):
        get()
        outcome = get(LATER)
        assert outcome.result == "unchanged"
        assert publisher.asked[-1]["if-none-match"] == publisher.etag
        assert (list_folder.folder / "own.csv").stat().st_mtime == LATER.timestamp()

    def test_a_server_without_etags_is_asked_by_date(self, get, publisher, list_folder):
        publisher.headers = {
            "etag": "",
            "last-modified": "Mon, 02 Mar 2026 10:00:00 GMT",
        }
        get()
        assert get(LATER).result == "unchanged"
        asked = publisher.asked[-1]
        assert asked["if-modified-since"] == "Mon, 02 Mar 2026 10:00:00 GMT"

    def test_a_file_that_was_tampered_with_is_fetched_whole(
        self, get, publisher, list_folder
    ):
        get()
        (list_folder.folder / "own.csv").write_bytes(LIST[:-40])
        assert get(LATER).result == "updated"
        assert "if-none-match" not in publisher.asked[-1]
        assert content(list_folder) == LIST

    def test_an_announced_hash_that_is_right_passes(self, get, publisher):
        publisher.sha256 = f"{hashlib.sha256(LIST).hexdigest()}  own.csv\n"
        hash_url = publisher.url.replace("/list", "/hash")
        assert get(sha256_url=hash_url).result == "updated"


class TestARefusal:
    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"body": b""}, "LIST_EMPTY"),
            ({"body": NEXT[:-9]}, "LIST_TRUNCATED"),
            ({"body": b"\n".join(LIST.split(b"\n")[:-8]) + b"\n"}, "LIST_SHRUNKEN"),
            ({"body": LIST.replace(b"person", b"ghost")}, "LIST_CORRUPT"),
            ({"body": b"<html>Maintenance</html>"}, "LIST_UNKNOWN_FORMAT"),
            ({"status": 503, "body": NEXT}, "LIST_UNREACHABLE"),
            ({"body": NEXT, "cut": 50}, "LIST_TRUNCATED"),
            ({"body": NEXT, "sha256": "0" * 64}, "LIST_CHECKSUM"),
            ({"body": NEXT, "sha256": "none"}, "LIST_CHECKSUM"),
            ({"body": NEXT * 20}, "LIST_TOO_LARGE"),
        ],
    )
    def test_the_old_list_stays_and_nothing_is_left_behind(
        self, get, publisher, list_folder, change, code
    ):
        get()
        for name, value in change.items():
            setattr(publisher, name, value)
        more = {"max_mb": 0.05}
        if publisher.sha256:
            more["sha256_url"] = publisher.url.replace("/list", "/hash")
        outcome = get(LATER, **more)
        assert (outcome.result, outcome.failed) == (code, True)
        assert content(list_folder) == LIST
        assert left_over(list_folder) == []
        assert list_folder.notes()["own.csv"].outcome == code

    def test_after_a_refusal_the_next_good_version_is_taken(
        self, get, publisher, list_folder
    ):
        get()
        publisher.body = NEXT[:-9]
        get(LATER)
        publisher.body = NEXT
        assert get(LATER).result == "updated"
        assert content(list_folder) == NEXT

    def test_a_publisher_that_is_away_is_named(self, list_folder):
        source = ListSource(file="own.csv", url="http://127.0.0.1:9/list")
        with new_client() as client:
            assert fetch(source, list_folder, client, NOW).result == "LIST_UNREACHABLE"

    def test_unencrypted_addresses_elsewhere_are_not_fetched(
        self, get, publisher, list_folder
    ):
        source = ListSource(file="own.csv", url="http://example.org/list")
        with new_client() as client:
            assert fetch(source, list_folder, client, NOW).result == "LIST_INSECURE"
        publisher.status = 302
        publisher.headers = {"location": "http://example.org/list"}
        assert get().result == "LIST_INSECURE"

    def test_a_small_reply_that_unpacks_into_a_large_file(
        self, get, publisher, list_folder
    ):
        import gzip

        publisher.body = gzip.compress(LIST + b" " * 1_000_000)
        publisher.headers = {"content-encoding": "gzip"}
        assert len(publisher.body) < 50_000
        assert get(max_mb=0.05).result == "LIST_TOO_LARGE"
        assert left_over(list_folder) == []


class TestConfiguration:
    def test_the_shipped_file_is_valid_and_encrypted(self):
        lists = read_sources(SHIPPED).lists
        assert len({source.list_id for source in lists}) == len(lists) >= 6
        urls = [part.url for source in lists for part in source.parts]
        assert all(url.startswith("https://") for url in urls)

    def test_a_list_whose_variable_is_not_set_is_left_out(self, list_folder):
        assert expanded("https://x/?t=${A}&u=${B}", {"A": "1"}) is None
        assert expanded("https://x/?t=${A}", {"A": "1"}) == "https://x/?t=1"
        source = ListSource(file="a.xml", url="https://x/?t=${FRAUD_TEST_UNSET}")
        with httpx.Client() as client:
            assert fetch(source, list_folder, client, NOW).result == "skipped"

    @pytest.mark.parametrize("file", ["../a.xml", ".a.xml", "a", "a/b.csv", "a.exe"])
    def test_files_stay_in_the_folder(self, file):
        with pytest.raises(ValueError, match="file"):
            ListSource(file=file, url="https://x/")
