"""Fetching from a real HTTP server on this machine."""

import hashlib
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from typer.testing import CliRunner

from fraud_ops.cli import app
from fraud_ops.lists.config import SHIPPED, ListSource, expanded, read_sources
from fraud_ops.lists.fetch import fetch, new_client
from fraud_ops.lists.shelf import Shelf
from fraud_sanctions.catalogue import load
from fraud_sanctions.settings import SAMPLE_LISTS

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=5)
LIST = (SAMPLE_LISTS / "fictional.csv").read_bytes()
NEXT = LIST + b"N-1,Quandrilo Vexwhistle,person,,,\n"


@dataclass
class Publisher:
    """What the server answers, and what it was asked."""

    body: bytes = LIST
    files: dict[str, bytes] = field(default_factory=dict)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int = 0
    sha256: str | None = None
    url: str = ""
    asked: list[dict[str, str]] = field(default_factory=list)

    @property
    def etag(self) -> str:
        return self.etag_of(self.body)

    def etag_of(self, body: bytes) -> str:
        return f'"{hashlib.sha256(body).hexdigest()[:8]}"'


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    publisher = Publisher()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/hash":
                return self._send(200, (publisher.sha256 or "").encode(), {})
            publisher.asked.append({k.lower(): v for k, v in self.headers.items()})
            body = publisher.files.get(self.path, publisher.body)
            etag = publisher.etag_of(body)
            if self.headers.get("if-none-match") == etag:
                return self._send(304, b"", {"etag": etag})
            marks = {"etag": etag, **publisher.headers}
            return self._send(publisher.status, body, marks)

        def _send(self, status, body, headers):
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if "content-length" not in headers:
                self.send_header("content-length", str(len(body) + publisher.cut))
            self.end_headers()
            if status != 304:
                self.wfile.write(body)

        def log_message(self, *_):
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.01}
    )
    thread.start()
    publisher.url = f"http://127.0.0.1:{server.server_port}/list"
    yield publisher
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path / "lists")


@pytest.fixture
def get(publisher, shelf):
    def run(now=NOW, **changes):
        source = ListSource(file="own.csv", url=publisher.url, **changes)
        with new_client() as client:
            return fetch(source, shelf, client, now)

    return run


def content(shelf):
    return (shelf.folder / "own.csv").read_bytes()


def left_over(shelf):
    return [path.name for path in shelf.folder.iterdir() if path.name.endswith(".part")]


class TestAnUpdate:
    def test_the_first_fetch_puts_the_list_in_the_folder(self, get, shelf):
        outcome = get()
        assert outcome.result == "updated"
        assert outcome.taken.previous is None
        assert len(outcome.taken.watch.entities) == len(LIST.splitlines()) - 1
        assert content(shelf) == LIST

    def test_a_changed_list_comes_with_what_changed(self, get, publisher, shelf):
        get()
        publisher.body = NEXT.replace(b"1957-07-21", b"1958-07-21")
        outcome = get(LATER)
        assert outcome.taken.delta.added == ("own-N-1",)
        assert outcome.taken.delta.changed == ("own-FP-0001",)
        assert content(shelf) == publisher.body

    def test_what_did_not_change_is_not_sent_again_and_is_as_young_as_now(
        self, get, publisher, shelf
    ):
        get()
        outcome = get(LATER)
        assert outcome.result == "unchanged"
        assert publisher.asked[-1]["if-none-match"] == publisher.etag
        assert (shelf.folder / "own.csv").stat().st_mtime == LATER.timestamp()

    def test_a_server_without_etags_is_asked_by_date(self, get, publisher, shelf):
        publisher.headers = {
            "etag": "",
            "last-modified": "Mon, 02 Mar 2026 10:00:00 GMT",
        }
        get()
        assert get(LATER).result == "unchanged"
        asked = publisher.asked[-1]
        assert asked["if-modified-since"] == "Mon, 02 Mar 2026 10:00:00 GMT"

    def test_a_file_that_was_tampered_with_is_fetched_whole(
        self, get, publisher, shelf
    ):
        get()
        (shelf.folder / "own.csv").write_bytes(LIST[:-40])
        assert get(LATER).result == "updated"
        assert "if-none-match" not in publisher.asked[-1]
        assert content(shelf) == LIST

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
            ({"body": LIST.replace(b"person", b"ghost", 1)}, "LIST_CORRUPT"),
            ({"body": b"<html>Maintenance</html>"}, "LIST_UNKNOWN_FORMAT"),
            ({"status": 503, "body": NEXT}, "LIST_UNREACHABLE"),
            ({"body": NEXT, "cut": 50}, "LIST_TRUNCATED"),
            ({"body": NEXT, "sha256": "0" * 64}, "LIST_CHECKSUM"),
            ({"body": NEXT, "sha256": "none"}, "LIST_CHECKSUM"),
            ({"body": NEXT * 20}, "LIST_TOO_LARGE"),
        ],
    )
    def test_the_old_list_stays_and_nothing_is_left_behind(
        self, get, publisher, shelf, change, code
    ):
        get()
        for name, value in change.items():
            setattr(publisher, name, value)
        more = {"max_mb": 0.05}
        if publisher.sha256:
            more["sha256_url"] = publisher.url.replace("/list", "/hash")
        outcome = get(LATER, **more)
        assert (outcome.result, outcome.failed) == (code, True)
        assert content(shelf) == LIST
        assert left_over(shelf) == []
        assert shelf.notes()["own.csv"].outcome == code

    def test_after_a_refusal_the_next_good_version_is_taken(
        self, get, publisher, shelf
    ):
        get()
        publisher.body = NEXT[:-9]
        get(LATER)
        publisher.body = NEXT
        assert get(LATER).result == "updated"
        assert content(shelf) == NEXT

    def test_nobody_there(self, shelf):
        source = ListSource(file="own.csv", url="http://127.0.0.1:9/list")
        with new_client() as client:
            assert fetch(source, shelf, client, NOW).result == "LIST_UNREACHABLE"

    def test_unencrypted_addresses_elsewhere_are_not_fetched(
        self, get, publisher, shelf
    ):
        source = ListSource(file="own.csv", url="http://example.org/list")
        with new_client() as client:
            assert fetch(source, shelf, client, NOW).result == "LIST_INSECURE"
        publisher.status = 302
        publisher.headers = {"location": "http://example.org/list"}
        assert get().result == "LIST_INSECURE"

    def test_a_small_reply_that_unpacks_into_a_large_file(self, get, publisher, shelf):
        import gzip

        publisher.body = gzip.compress(LIST + b" " * 1_000_000)
        publisher.headers = {"content-encoding": "gzip"}
        assert len(publisher.body) < 50_000
        assert get(max_mb=0.05).result == "LIST_TOO_LARGE"
        assert left_over(shelf) == []


OFAC = {
    path.name: path.read_bytes()
    for path in (SAMPLE_LISTS / "fictional_ofac").iterdir()
    if path.suffix == ".csv"
}


class TestAFamily:
    @pytest.fixture
    def fetch_family(self, publisher, shelf):
        publisher.files = {f"/{name}": body for name, body in OFAC.items()}
        base = publisher.url.removesuffix("/list")
        files = [{"file": name, "url": f"{base}/{name}"} for name in sorted(OFAC)]
        source = ListSource(list="us", files=files)

        def run(now=NOW):
            with new_client() as client:
                return fetch(source, shelf, client, now)

        return run

    def there(self, shelf):
        return {
            path.name: path.read_bytes() for path in (shelf.folder / "us").iterdir()
        }

    def test_its_files_come_together(self, fetch_family, shelf):
        outcome = fetch_family()
        assert (outcome.list_id, outcome.result) == ("us", "updated")
        assert self.there(shelf) == OFAC
        (loaded,) = load(shelf.folder, {}, NOW).lists
        assert loaded.list_id == "us"
        assert loaded.version == outcome.taken.watch.version

    def test_only_what_changed_is_sent_again_and_all_are_replaced(
        self, fetch_family, publisher, shelf
    ):
        fetch_family()
        assert fetch_family(LATER).result == "unchanged"
        changed = OFAC["alt.csv"].replace(b"BAZHU", b"BAZHOU")
        publisher.files["/alt.csv"] = changed
        outcome = fetch_family(LATER)
        assert outcome.result == "updated"
        assert len(outcome.taken.delta.changed) == 1
        assert self.there(shelf) == {**OFAC, "alt.csv": changed}
        assert all("if-none-match" in asked for asked in publisher.asked[3:])

    def test_if_one_is_refused_the_others_stay_as_well(
        self, fetch_family, publisher, shelf
    ):
        fetch_family()
        publisher.files["/sdn.csv"] = OFAC["sdn.csv"].replace(b"BAZHU", b"BAZHOU")
        publisher.files["/alt.csv"] = OFAC["alt.csv"][:-30]
        assert fetch_family(LATER).failed
        assert self.there(shelf) == OFAC
        assert left_over(shelf) == []
        notes = shelf.notes()
        assert {notes[f"us/{name}"].outcome for name in OFAC} == {"LIST_TRUNCATED"}

    def test_another_source_of_the_list_is_not_doubled(self, fetch_family, shelf):
        (shelf.folder / "us.csv").write_bytes(LIST)
        outcome = fetch_family()
        assert outcome.result == "LIST_DUPLICATE"
        assert outcome.detail == "also in us.csv"
        assert not (shelf.folder / "us").exists()

    @pytest.mark.parametrize(
        "fields",
        [
            {},
            {"file": "a.csv"},
            {"list": "us", "file": "a.csv", "url": "https://x/"},
            {"list": "us", "files": [{"file": "a.csv", "url": "https://x/"}]},
            {"list": "us", "files": [{"file": "alt.csv", "url": "https://x/"}]},
            {"list": "us", "files": [{"file": "sdn.csv", "url": "https://x/"}] * 2},
            {"file": "a.csv", "files": [{"file": "sdn.csv", "url": "https://x/"}]},
        ],
    )
    def test_a_source_has_one_form(self, fields):
        with pytest.raises(ValueError, match="file"):
            ListSource(**fields)


class TestConfiguration:
    def test_the_shipped_file_is_valid_and_encrypted(self):
        lists = read_sources(SHIPPED).lists
        assert len({source.list_id for source in lists}) == len(lists) >= 6
        urls = [part.url for source in lists for part in source.parts]
        assert all(url.startswith("https://") for url in urls)

    def test_a_list_whose_variable_is_not_set_is_left_out(self, shelf):
        assert expanded("https://x/?t=${A}&u=${B}", {"A": "1"}) is None
        assert expanded("https://x/?t=${A}", {"A": "1"}) == "https://x/?t=1"
        source = ListSource(file="a.xml", url="https://x/?t=${FRAUD_TEST_UNSET}")
        with httpx.Client() as client:
            assert fetch(source, shelf, client, NOW).result == "skipped"

    @pytest.mark.parametrize("file", ["../a.xml", ".a.xml", "a", "a/b.csv", "a.exe"])
    def test_files_stay_in_the_folder(self, file):
        with pytest.raises(ValueError, match="file"):
            ListSource(file=file, url="https://x/")


class TestCommand:
    def run(self, *arguments):
        result = CliRunner().invoke(app, ["lists", *map(str, arguments), "--json"])
        lines = result.output.strip().splitlines()
        found = json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {}
        return result.exit_code, found

    def test_fetch_status_load_and_diff(self, publisher, tmp_path):
        folder = tmp_path / "lists"
        config = tmp_path / "sources.yaml"
        config.write_text(f"lists:\n  - file: own.csv\n    url: {publisher.url}\n")
        asked = ("fetch", "--config", config, "--lists", folder)
        assert self.run(*asked)[1]["lists"][0]["result"] == "updated"
        assert self.run(*asked)[1]["lists"][0]["result"] == "unchanged"
        publisher.body = b""
        code, found = self.run(*asked)
        assert (code, found["lists"][0]["result"]) == (1, "LIST_EMPTY")

        code, found = self.run("status", "--lists", folder, "--gate")
        assert code == 0
        assert found["lists"][0]["list"] == "own"
        assert found["lists"][0]["last_fetch"] == "LIST_EMPTY"
        days_ago = (datetime.now(UTC) - timedelta(days=4)).timestamp()
        os.utime(folder / "own.csv", (days_ago, days_ago))
        assert self.run("status", "--lists", folder, "--gate")[0] == 1

        newer = tmp_path / "newer.csv"
        newer.write_bytes(NEXT)
        _, found = self.run("diff", folder / "own.csv", newer)
        assert found["added"] == ["list-N-1"]
        code, found = self.run("load", newer, "--name", "own", "--lists", folder)
        assert (code, found["added"]) == (0, 1)
        assert (folder / "own.csv").read_bytes() == NEXT
        newer.write_bytes(NEXT[:-20])
        assert self.run("load", newer, "--name", "own", "--lists", folder)[0] == 1
        assert (folder / "own.csv").read_bytes() == NEXT

    @pytest.mark.parametrize("given", ["sdn.csv", ""])
    @pytest.mark.parametrize("name", [None, "us"])
    def test_load_takes_the_family_of_ofac(self, tmp_path, given, name):
        folder = tmp_path / "lists"
        asked = ["load", SAMPLE_LISTS / "fictional_ofac" / given, "--lists", folder]
        code, found = self.run(*asked, *(["--name", name] if name else []))
        assert code == 0
        assert found["list"] == (name or "ofac_sdn")
        (loaded,) = load(folder, {}, NOW).lists
        assert (loaded.list_id, loaded.version) == (found["list"], found["version"])
        assert sorted(path.name for path in (folder / found["list"]).iterdir()) == [
            "add.csv",
            "alt.csv",
            "sdn.csv",
        ]
        assert (
            self.run("load", SAMPLE_LISTS / "fictional.csv", "--lists", folder)[0] == 0
        )

    def test_load_takes_every_list_of_a_folder(self, tmp_path):
        folder = tmp_path / "lists"
        code, found = self.run("load", SAMPLE_LISTS, "--lists", folder)
        names = ["fictional", "fictional_ofac", "fictional_un"]
        assert code == 0
        assert sorted(one["list"] for one in found["lists"]) == names
        assert [w.list_id for w in load(folder, {}, NOW).lists] == names
        assert self.run("load", SAMPLE_LISTS, "--name", "a", "--lists", folder)[0] == 2
        assert self.run("load", tmp_path / "nowhere", "--lists", folder)[0] == 1

    @pytest.mark.parametrize(
        ("content", "more", "said"),
        [
            (None, [], "cannot be read: No such file or directory"),
            ("lists: [", [], "is not YAML"),
            ("lists: 3", [], "is not as documented: lists: "),
            ("lists: [{file: a.csv}]", [], "lists.0: Value error, file and url"),
            ("", [], "is not as documented: the file"),
            (
                "lists: [{file: a.csv, url: 'https://x/'}]",
                ["--only", "a", "--only", "nosuch"],
                "has no list nosuch",
            ),
        ],
    )
    def test_what_cannot_be_meant_is_one_line(self, tmp_path, content, more, said):
        config = tmp_path / "c.yaml"
        if content is not None:
            config.write_text(content)
        asked = ["lists", "fetch", "--config", str(config), *more]
        result = CliRunner().invoke(app, [*asked, "--lists", str(tmp_path / "lists")])
        assert result.exit_code == 2
        assert said in " ".join(result.output.split())
        assert "Traceback" not in result.output
        assert not (tmp_path / "lists").exists()
