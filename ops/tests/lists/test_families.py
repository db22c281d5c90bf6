"""Lists of several files, and the commands that fetch and load."""

import json
import os
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from fraud_ops.cli import app
from fraud_ops.lists.config import ListSource
from fraud_ops.lists.fetch import fetch, new_client
from fraud_sanctions.lists.catalogue import load
from fraud_sanctions.settings import SAMPLE_LISTS

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=5)
LIST = (SAMPLE_LISTS / "fictional.csv").read_bytes()
NEXT = LIST + b"N-1,Quandrilo Vexwhistle,person,,,\n"
OFAC = {
    path.name: path.read_bytes()
    for path in (SAMPLE_LISTS / "fictional_ofac").iterdir()
    if path.suffix == ".csv"
}


def left_over(list_folder):
    return [
        path.name
        for path in list_folder.folder.iterdir()
        if path.name.endswith(".part")
    ]


class TestAFamily:
    @pytest.fixture
    def fetch_family(self, publisher, list_folder):
        publisher.files = {f"/{name}": body for name, body in OFAC.items()}
        base = publisher.url.removesuffix("/list")
        files = [{"file": name, "url": f"{base}/{name}"} for name in sorted(OFAC)]
        source = ListSource(list="us", files=files)

        def run(now=NOW):
            with new_client() as client:
                return fetch(source, list_folder, client, now)

        return run

    def there(self, list_folder):
        return {
            path.name: path.read_bytes()
            for path in (list_folder.folder / "us").iterdir()
        }

    def test_its_files_come_together(self, fetch_family, list_folder):
        outcome = fetch_family()
        assert (outcome.list_id, outcome.result) == ("us", "updated")
        assert self.there(list_folder) == OFAC
        (loaded,) = load(list_folder.folder, {}, NOW).lists
        assert loaded.list_id == "us"
        assert loaded.version == outcome.taken.watch.version

    def test_only_what_changed_is_sent_again_and_all_are_replaced(
        self, fetch_family, publisher, list_folder
    ):
        fetch_family()
        assert fetch_family(LATER).result == "unchanged"
        changed = OFAC["alt.csv"].replace(b"BAZHU", b"BAZHOU")
        publisher.files["/alt.csv"] = changed
        outcome = fetch_family(LATER)
        assert outcome.result == "updated"
        assert len(outcome.taken.delta.changed) == 1
        assert self.there(list_folder) == {**OFAC, "alt.csv": changed}
        assert all("if-none-match" in asked for asked in publisher.asked[3:])

    def test_if_one_is_refused_the_others_stay_as_well(
        self, fetch_family, publisher, list_folder
    ):
        fetch_family()
        publisher.files["/sdn.csv"] = OFAC["sdn.csv"].replace(b"BAZHU", b"BAZHOU")
        publisher.files["/alt.csv"] = OFAC["alt.csv"][:-30]
        assert fetch_family(LATER).failed
        assert self.there(list_folder) == OFAC
        assert left_over(list_folder) == []
        notes = list_folder.notes()
        assert {notes[f"us/{name}"].outcome for name in OFAC} == {"LIST_TRUNCATED"}

    def test_another_source_of_the_list_is_not_doubled(self, fetch_family, list_folder):
        (list_folder.folder / "us.csv").write_bytes(LIST)
        outcome = fetch_family()
        assert outcome.result == "LIST_DUPLICATE"
        assert outcome.detail == "also in us.csv"
        assert not (list_folder.folder / "us").exists()

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
