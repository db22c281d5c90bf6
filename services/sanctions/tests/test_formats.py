"""Every published format gives the same records; damage in any of them is refused."""

import io
import json
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fraud_sanctions.lists.records import ListedIdentifier
from fraud_sanctions.lists.sources import formats
from fraud_sanctions.lists.sources.documents import objects
from fraud_sanctions.lists.sources.fields import identifier, kind_of_name, slashed_date
from fraud_sanctions.lists.sources.refusal import ListRefused

# Columns and elements are those of the published files; the content is invented.
SAMPLES = Path(__file__).parent / "samples"
FILES = sorted(path.name for path in SAMPLES.iterdir())


def load(data):
    return formats.load(io.BytesIO(data), list_id="it")


def sample(name):
    entities, dated = load((SAMPLES / name).read_bytes())
    return {entity.entity_id: entity for entity in entities}, dated


def refusal(data):
    with pytest.raises(ListRefused) as caught:
        load(data)
    return caught.value.code


def names(entity, quality):
    return [name.text for name in entity.names if name.quality == quality]


class TestOfacXml:
    def test_a_person_has_names_by_strength_and_every_fact(self):
        entities, dated = sample("sdn.xml")
        person = entities["it-80001"]
        assert dated.isoformat() == "2026-02-13"
        assert names(person, "primary") == ["BAZHUKHANOV, Aldemar Ivanovich"]
        assert names(person, "alias") == ["BAZHUHANOV, Aldemar"]
        assert names(person, "weak") == ["BAZHA"]
        assert names(person, "former") == ["KRASNOVODOV, Aldemar"]
        assert person.birth_dates == ("1985-11-15",)
        assert person.countries == ("RU", "AE")
        assert person.programs == ("FICT-RU", "FICT-CYBER")
        assert person.identifiers == (ListedIdentifier("passport", "751234567"),)

    def test_organisations_and_vessels(self):
        entities, _ = sample("sdn.xml")
        assert entities["it-80002"].kind == "organisation"
        vessel = entities["it-80003"]
        assert (vessel.kind, vessel.countries) == ("vessel", ("PA",))
        assert [i.value for i in vessel.identifiers] == ["9000001"]

    def test_fewer_entries_than_announced_is_a_cut(self):
        data = (SAMPLES / "sdn.xml").read_bytes()
        assert refusal(data.replace(b">3</Record", b">4</Record")) == "LIST_TRUNCATED"

    def test_an_older_namespace_is_the_same_list(self):
        data = (SAMPLES / "sdn.xml").read_bytes()
        old = data.replace(
            b"https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports/XML",
            b"http://tempuri.org/sdnList.xsd",
        )
        assert load(old) == load(data)


class TestEu:
    def test_xml_separates_strong_from_weak_and_skips_false_documents(self):
        entities, dated = sample("eu_fsf.xml")
        person = entities["it-9001"]
        assert dated.isoformat() == "2026-02-13"
        assert person.caption == "Zoltarin V. Krandalov"
        assert names(person, "weak") == ["Vesper"]
        assert person.birth_dates == ("1957-07-21",)
        assert person.identifiers == (ListedIdentifier("passport", "AD001095"),)
        assert person.listed_on == "2022-04-08"
        assert entities["it-9002"].countries == ("BY",)
        assert entities["it-9002"].listed_on == "2023-01-15"

    def test_csv_gives_the_same_entities_without_the_strength(self):
        of_xml, _ = sample("eu_fsf.xml")
        of_csv, dated = sample("eu_fsf.csv")
        assert dated.isoformat() == "2026-02-13"
        assert of_csv.keys() == of_xml.keys()
        for key, entity in of_csv.items():
            known = of_xml[key]
            assert entity.caption == known.caption
            assert set(entity.names) <= set(known.names)
            for fact in (
                "kind",
                "birth_dates",
                "countries",
                "identifiers",
                "listed_on",
            ):
                assert getattr(entity, fact) == getattr(known, fact), fact


class TestUk:
    def test_rows_of_one_id_are_one_entity(self):
        entities, dated = sample("uk_sanctions_list.csv")
        person = entities["it-FIC0001"]
        assert dated.isoformat() == "2026-02-13"
        assert person.caption == "BOHUMIRA EVA TELCHANSKÁ"
        assert names(person, "alias") == ["BOHUMIRA TELCHANSKA", "Богумира Телчанска"]
        assert names(person, "weak") == ["BOHA"]
        assert person.birth_dates == ("1982-02-12", "1983")
        assert person.listed_on == "2021-01-25"
        assert {i.value for i in person.identifiers} == {"A1234567", "8252120001"}

    def test_ships_and_organisations(self):
        entities, _ = sample("uk_sanctions_list.csv")
        assert entities["it-FIC0003"].kind == "vessel"
        assert entities["it-FIC0003"].countries == ("GA",)
        assert len(entities["it-FIC0002"].identifiers) == 2


class TestScreeningList:
    def test_csv_and_json_give_the_same(self):
        of_csv, _ = sample("us_csl.csv")
        of_json, _ = sample("us_csl.json")
        assert of_csv == of_json
        person = of_csv["it-80001"]
        assert person.kind == "person"
        assert person.programs[:2] == ("FICT-RU", "FICT-CYBER")
        assert person.identifiers == (ListedIdentifier("passport", "751234567"),)

    def test_where_the_list_does_not_say_the_name_decides(self):
        entities, _ = sample("us_csl.csv")
        kinds = {entity.caption: entity.kind for entity in entities.values()}
        assert kinds["Qasim Barazghani"] == "person"
        assert kinds["Amaranth Electronics Research Institute"] == "organisation"


class TestOpenSanctions:
    def test_simple_targets_skip_what_is_no_party(self):
        entities, _ = sample("targets.simple.csv")
        assert sorted(entities) == ["it-NK-fict1", "it-NK-fict2", "it-NK-fict4"]
        assert entities["it-NK-fict1"].countries == ("RU", "UA")
        assert entities["it-NK-fict4"].kind == "organisation"

    def test_entities_get_programme_and_day_from_their_sanction(self):
        entities, _ = sample("entities.ftm.json")
        assert sorted(entities) == ["it-NK-fict1", "it-NK-fict2"]
        person = entities["it-NK-fict1"]
        assert person.caption == "Zoltarin Krandalov"
        assert names(person, "weak") == ["Vesper"]
        assert names(person, "former") == ["Zoltarin Petrov"]
        assert person.listed_on == "2022-04-08"
        assert "FICT-RU" in person.programs


class TestDamage:
    @pytest.mark.parametrize("name", FILES)
    def test_nothing_but_spaces_is_empty(self, name):
        assert refusal(b" \n") == "LIST_EMPTY"

    @pytest.mark.parametrize("name", FILES)
    def test_a_file_cut_in_the_middle_is_refused(self, name):
        data = (SAMPLES / name).read_bytes()
        at = int(len(data) * 0.8)
        assert refusal(data[:at]) == "LIST_TRUNCATED"

    @settings(max_examples=80, deadline=None)
    @given(st.sampled_from(FILES), st.floats(0.0, 1.0))
    def test_no_cut_passes_for_the_whole(self, name, share):
        data = (SAMPLES / name).read_bytes()
        part = data[: int(share * len(data))]
        try:
            kept, _ = load(part)
        except ListRefused:
            return
        # Only between two records, or behind the last, can a cut not be seen; what is
        # lost is caught by the number of entities.
        assert part.rstrip(b"}").endswith((b"\n", b">", b"]"))
        assert len(kept) <= len(load(data)[0])

    @settings(max_examples=80, deadline=None)
    @given(st.sampled_from(FILES), st.integers(0), st.binary(min_size=1, max_size=8))
    def test_a_loader_answers_or_refuses_whatever_the_bytes(self, name, at, noise):
        data = (SAMPLES / name).read_bytes()
        at %= len(data)
        damaged = data[:at] + noise + data[at + len(noise) :]
        try:
            entities, _ = load(damaged)
        except ListRefused:
            return
        assert entities

    def test_id_given_twice_keeps_the_names_of_both_and_is_counted(self):
        data = (SAMPLES / "sdn.xml").read_bytes().replace(b"80002", b"80001")
        skipped = []
        entities, _ = formats.load(io.BytesIO(data), list_id="it", skipped=skipped)
        both = {entity.entity_id: entity for entity in entities}["it-80001"]
        assert len(both.names) > 4
        assert [(bad.row, bad.code) for bad in skipped] == [("80001", "ROW_DUPLICATE")]

    @pytest.mark.parametrize(
        "data",
        [
            b'<!DOCTYPE x [<!ENTITY a "b">]><export>&a;</export>',
            b'<!DOCTYPE x SYSTEM "http://example.org/x.dtd"><sdnList/>',
        ],
    )
    def test_entities_and_document_types_are_refused(self, data):
        assert refusal(data) == "LIST_CORRUPT"

    @pytest.mark.parametrize(
        ("data", "code"),
        [
            (b"<html><body>Maintenance</body></html>", "LIST_UNKNOWN_FORMAT"),
            (b"<Sanctions xmlns='x'><DateOfIssue/></Sanctions>", "LIST_UNKNOWN_FORMAT"),
            (b"a,b\n1,2\n", "LIST_CORRUPT"),
            (b"{}\n", "LIST_TRUNCATED"),
            (b'{"results": []}\n', "LIST_EMPTY"),
        ],
    )
    def test_what_is_no_list_is_refused(self, data, code):
        assert refusal(data) == code

    def test_an_endless_line_is_refused_without_reading_it_all(self):
        data = b'{"schema": "' + b"x" * (9 * 1024 * 1024)
        assert refusal(data) == "LIST_CORRUPT"


class TestMemory:
    def test_a_long_xml_list_is_read_without_holding_its_tree(self):
        head, _, rest = (
            (SAMPLES / "eu_fsf.xml").read_text("utf-8").partition("  <sanctionEntity ")
        )
        entry = "  <sanctionEntity " + rest.partition("  <sanctionEntity ")[0]
        body = "".join(
            entry.replace('logicalId="9001"', f'logicalId="{10_000 + n}"')
            for n in range(1_000)
        )
        data = (head + body + "</export>\n").encode()
        tracemalloc.start()
        entities, _ = load(data)
        held, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert len(entities) == 1_000
        # The file is over 2 MB and its tree several times that.
        assert peak - held < 2_000_000


class TestFields:
    @pytest.mark.parametrize(
        ("text", "day"),
        [
            ("01/02/1958", "1958-02-01"),
            ("00/00/1975", "1975"),
            ("dd/mm/1961", "1961"),
            ("00/03/1961", "1961-03"),
            ("circa", None),
        ],
    )
    def test_dates_with_slashes(self, text, day):
        assert slashed_date(text) == day

    @pytest.mark.parametrize(
        "kind", ["Gender", "Email Address", "Secondary sanctions risk:"]
    )
    def test_remarks_are_no_identifiers(self, kind):
        assert identifier(kind, "AB12345") is None

    def test_numbers_are_compared_without_punctuation(self):
        assert identifier("Passport", "ab 12-34/5").value == "AB12345"
        assert identifier("SWIFT/BIC", "RUDVRUMM").value == "RUDVRUMM"
        assert identifier("Passport", "n/a") is None

    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("Adrian Hernandez", "person"),
            ("TNK Trading International S.A.", "organisation"),
            ("Rosneft", "organisation"),
            ("13th Research Institute", "organisation"),
        ],
    )
    def test_kind_of_a_name(self, name, kind):
        assert kind_of_name(name) == kind


class Trickle(io.BytesIO):
    """A stream that gives a few bytes at a time, as a slow disk may."""

    def __init__(self, data, size):
        super().__init__(data)
        self._size = size

    def read(self, size=-1):
        return super().read(self._size)


@pytest.mark.parametrize("size", [1, 7, 64])
def test_json_across_reads_is_the_same(size):
    items = [{"n": n, "text": "ü" * n} for n in range(50)]
    data = json.dumps({"total": 50, "results": items}, ensure_ascii=False).encode()
    assert list(objects(Trickle(data, size), "it", "results")) == items
