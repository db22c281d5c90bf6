"""Rows of a file of names, in batches, into a report."""

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud_ops.screen.batches import Screened, batches, screened
from fraud_ops.screen.report import HEADER, write_report
from fraud_ops.screen.rows import FileUnreadable, Named, Refused, read_rows
from fraud_shared.contracts.screening import (
    PartyQuery,
    ScreeningHit,
    ScreeningRequest,
    ScreeningResult,
)


@pytest.fixture
def file(tmp_path):
    """Writes a CSV and gives its path."""

    def write(text, encoding="utf-8"):
        path = tmp_path / "names.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return write


def named(at, name="Jane Smith"):
    return Named(at, f"id-{at}", PartyQuery(role="row", name=name))


def hit(role, name="Zoltarin", status="match"):
    return ScreeningHit(
        role=role,
        entity_id="e-1",
        list="own",
        name=name,
        similarity=0.9,
        strength=0.8,
        status=status,
        reasons=("a = a: same", "b = b: same"),
    )


def answer(request: ScreeningRequest) -> ScreeningResult:
    """Everybody called Zoltarin is listed."""
    hits = tuple(hit(p.role) for p in request.parties if p.name == "Zoltarin")
    return ScreeningResult(status="match" if hits else "clear", hits=hits)


class TestReading:
    def test_a_row_becomes_a_question_with_all_that_qualifies(self, file):
        path = file(
            "\ufeffid,name,kind,birth_date,country,identifier,note\n"
            'c-1,"Krandalov, Zoltarin",Person,1957-07-21,ru,AB-1; CD 2,x\n'
        )
        (row,) = read_rows(path)
        assert (row.line, row.row_id) == (2, "c-1")
        assert row.query.model_dump(mode="json") == {
            "role": "row",
            "name": "Krandalov, Zoltarin",
            "account": None,
            "birth_date": "1957-07-21",
            "country": "RU",
            "entity_type": "person",
            "identifiers": ["AB-1", "CD 2"],
        }

    def test_only_the_name_is_needed(self, file):
        (row,) = read_rows(file("name\nGabrielle Zoltarin\n"))
        assert row == Named(2, "", PartyQuery(role="row", name="Gabrielle Zoltarin"))

    @pytest.mark.parametrize(
        ("cells", "field"),
        [
            ("c-1,SECRET,person,21.07.1957,,", "birth_date"),
            ("c-1,SECRET,martian,,,", "kind"),
            ("c-1,SECRET,,,Russia,", "country"),
            ("c-1,???,,,,", "name"),
            ("c-1,,,,,", "name"),
            ("c-1,SECRET\x07,,,,", "name"),
            ("c-1," + "S" * 300 + ",,,,", "name"),
            ("=SECRET(),Jane,,,,", "id"),
            ("c-1,Jane,,,," + "9" * 70, "identifier"),
            ("c-1,Jane,,,,,SECRET", "row"),
        ],
    )
    def test_a_bad_row_is_named_by_line_and_field_and_not_repeated(
        self, file, cells, field
    ):
        header = "id,name,kind,birth_date,country,identifier\n"
        good, bad = read_rows(file(f"{header}c-0,Jane,,,,\n{cells}\n"))
        assert isinstance(good, Named)
        assert isinstance(bad, Refused)
        assert (bad.line, bad.field) == (3, field)
        assert "SECRET" not in bad.problem
        assert "Russia" not in bad.problem
        assert "99999" not in bad.problem

    @pytest.mark.parametrize(
        ("text", "encoding", "problem"),
        [
            ("id,label\n1,SECRET\n", "utf-8", "no column `name`"),
            ("", "utf-8", "no column `name`"),
            ("name,name\nSECRET,b\n", "utf-8", "two columns"),
            ('name\nJane\n"SECRET\n', "utf-8", "not CSV"),
            ("name\nSECRÉT\n", "latin-1", "not UTF-8"),
        ],
    )
    def test_a_file_that_is_no_list_of_names_is_refused(
        self, file, text, encoding, problem
    ):
        with pytest.raises(FileUnreadable) as caught:
            list(read_rows(file(text, encoding)))
        assert problem in caught.value.problem
        assert "SECR" not in caught.value.problem

    def test_a_file_that_is_not_there_is_refused(self, tmp_path):
        with pytest.raises(FileUnreadable):
            list(read_rows(tmp_path / "nothing.csv"))


rows_of_a_file = st.lists(
    st.sampled_from(["Jane Smith", "Zoltarin", "", "Ж" * 256]), max_size=40
).map(
    lambda names: [
        named(at, name) if name else Refused(at, "", "name", "no letter or digit")
        for at, name in enumerate(names)
    ]
)


class TestBatches:
    @given(rows_of_a_file, st.integers(1, 12))
    def test_each_row_gets_its_own_answer_in_its_place(self, rows, size):
        found = list(screened(rows, answer, size))
        assert [one.row for one in found] == rows
        for one in found:
            listed = isinstance(one.row, Named) and one.row.query.name == "Zoltarin"
            assert bool(one.hits) == listed
            assert (one.status == "refused") == isinstance(one.row, Refused)

    @given(rows_of_a_file, st.integers(1, 12))
    def test_no_batch_is_larger_than_allowed_and_no_row_is_lost(self, rows, size):
        found = list(batches(rows, size))
        assert all(0 < len(batch) <= size for batch in found)
        assert [row for batch in found for row in batch] == rows

    def test_a_request_fits_in_the_body_that_the_service_takes(self):
        rows = [named(at, '"' * 128 + "Ж" * 128) for at in range(2000)]
        for batch in batches(rows, 1000):
            request = ScreeningRequest(parties=tuple(row.query for row in batch))
            assert len(request.model_dump_json().encode()) < 512 * 1024

    def test_what_was_not_answered_in_time_is_asked_again_in_halves(self):
        asked = []

        def slow(request):
            asked.append(len(request.parties))
            if len(request.parties) > 3:
                return ScreeningResult(status="unavailable")
            return answer(request)

        rows = [named(at, "Zoltarin" if at == 5 else "Jane") for at in range(8)]
        found = list(screened(rows, slow))
        assert [one.status for one in found] == ["clear"] * 5 + ["match"] + [
            "clear"
        ] * 2
        assert asked[0] == 8

    def test_an_answer_that_may_be_cut_is_not_taken_for_all_hits(self):
        def crowded(request):
            each = 5000 // len(request.parties) if len(request.parties) > 1 else 7
            hits = [hit(p.role) for p in request.parties for _ in range(each)]
            return ScreeningResult(status="match", hits=tuple(hits))

        found = list(screened([named(at) for at in range(4)], crowded))
        assert [len(one.hits) for one in found] == [7, 7, 7, 7]

    def test_no_answer_is_never_clear(self):
        def away(_):
            return ScreeningResult(status="unavailable")

        found = list(screened([named(1), named(2)], away))
        assert [one.status for one in found] == ["unavailable"] * 2


def read(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


class TestReport:
    def test_a_line_for_each_hit_and_one_for_a_row_without(self, tmp_path):
        path = tmp_path / "deep" / "report.csv"
        found = [
            Screened(named(2), "match", (hit("row-0"), hit("row-0"))),
            Screened(named(3), "clear"),
            Screened(Refused(4, "", "name", "no letter or digit"), "refused"),
        ]
        counts = write_report(found, path)
        lines = read(path)
        assert tuple(lines[0]) == HEADER
        assert [(one["line"], one["status"]) for one in lines] == [
            ("2", "match"),
            ("2", "match"),
            ("3", "clear"),
            ("4", "refused"),
        ]
        assert lines[0]["reasons"] == "a = a: same; b = b: same"
        assert lines[3]["reasons"] == "name: no letter or digit"
        assert (counts["match"], counts["hits"], counts["refused"]) == (1, 2, 1)

    @pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@a"])
    def test_no_cell_is_a_formula(self, tmp_path, name):
        path = tmp_path / "report.csv"
        write_report([Screened(named(2), "match", (hit("row-0", name),))], path)
        (line,) = read(path)
        assert line["listed_name"] == f"'{name}"

    def test_a_report_that_breaks_off_does_not_replace_the_last_one(self, tmp_path):
        path = tmp_path / "report.csv"
        path.write_text("the last one")

        def broken():
            yield Screened(named(2), "clear")
            raise FileUnreadable("line 3")

        with pytest.raises(FileUnreadable):
            write_report(broken(), path)
        assert path.read_text() == "the last one"
        assert list(tmp_path.iterdir()) == [path]
