"""Free-text remarks: weak names, numbers of every kind, dates; and rows that are broken."""

import pytest

from fraud_sanctions.lists.records import Party
from fraud_sanctions.lists.sources import ofac, remarks
from fraud_sanctions.lists.sources.refusal import ListRefused
from fraud_sanctions.matching.index import Index
from fraud_sanctions.matching.screener import Screener


def row(key=1, name="KORVAT, Zdenek", kind="individual", text="DOB 1960."):
    return f'{key},"{name}","{kind}","X",{"-0- ," * 7}"{text}"\r\n'


def read(*rows, comments="", skipped=None):
    return ofac.parse(
        "".join(rows).encode(), comments=comments.encode(), skipped=skipped
    )


def weak(entity):
    return [name.text for name in entity.names if name.quality == "weak"]


class TestNames:
    @pytest.mark.parametrize(
        "text",
        [
            "a.k.a. 'BORDAN BURNES'",
            'a.k.a. ""BORDAN BURNES""',
            'a.k.a. "BORDAN BURNES"',
            "a.k.a. “BORDAN BURNES”",
            "alt. weak a.k.a. BORDAN BURNES",
            "Weak a.k.a. ‘BORDAN BURNES’",
            "f.k.a. BORDAN BURNES",
            "also known as BORDAN BURNES",
            "nickname: BORDAN BURNES",
        ],
    )
    def test_name_however_quoted_is_a_weak_one(self, text):
        (entity,) = read(row(text=f"DOB 28 Jul 1963; {text}; nationality Iran."))
        assert weak(entity) == ["BORDAN BURNES"]
        assert entity.birth_dates == ("1963-07-28",)
        assert entity.countries == ("IR",)

    def test_names_parted_by_commas_or_nothing_are_several(self):
        text = "a.k.a. 'ONE TWO', a.k.a. 'THREE FOUR' a.k.a. 'O'FIVE'"
        (entity,) = read(row(text=text))
        assert weak(entity) == ["ONE TWO", "THREE FOUR", "O'FIVE"]

    def test_name_of_a_linked_party_is_not_taken(self):
        (entity,) = read(row(text="Linked To: SOMEBODY ELSE, a.k.a. 'OTHER MAN'."))
        assert weak(entity) == []

    def test_weak_name_is_a_possible_match(self):
        rows = row(1, text="a.k.a. 'BORDAN BURNES'.") + row(2, "PELTSMAN, Natan")
        hits = Screener(Index(read(rows))).screen(Party("Bordan Burnes"))
        assert [hit.entity.entity_id for hit in hits] == ["ofac_sdn-1"]
        assert "weak alias" in hits[0].reasons


class TestOverflow:
    def test_text_broken_inside_a_word_goes_on_with_careless_quotes(self):
        comments = (
            '1,"hone Number 8613314257947; Identification Number 210302198701102136 '
            '(China); a.k.a. "karsten1987"; a.k.a. "velisande"; Linked To: KORVAT '
            'GROUP."\r\n'
        )
        (entity,) = read(row(text="DOB 15 Aug 1984; P"), comments=comments)
        assert weak(entity) == ["karsten1987", "velisande"]
        assert [n.value for n in entity.identifiers] == ["210302198701102136"]

    def test_number_broken_in_two_is_one(self):
        (entity,) = read(row(text="Passport A123"), comments='1,"4567 (Iran)."\r\n')
        assert [n.value for n in entity.identifiers] == ["A1234567"]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Passport A 1234567 (Iran) expires 12 Jan 2015", "A1234567"),
        ("Diplomatic Passport D9004878", "D9004878"),
        ("Identification Number 12.345.678-9", "123456789"),
        ("Tax ID No. 7707083893 (Russia)", "7707083893"),
        ("C.U.R.P. OEBS641223HSLRRN02 (Mexico)", "OEBS641223HSLRRN02"),
        ("NIT # 800123456-7 (Colombia)", "8001234567"),
        ("Cedula No. 12345678 (Colombia)", "12345678"),
        ("SSN 123-45-6789 (United States)", "123456789"),
        ("National ID No. 123 456 789", "123456789"),
        ("UK Company Number 01019769 (United Kingdom)", "01019769"),
        ("Unified Social Credit Code (USCC) 91110000100011743X", "91110000100011743X"),
        ("Legal Entity Number 549300ABC123", "549300ABC123"),
        ("SWIFT/BIC SABRRUMM", "SABRRUMM"),
        ("BIK (RU) 044525225", "044525225"),
        ("IBAN TR12 0001 0002 0003 0004 0005 67", "TR120001000200030004000567"),
        ("Identification Number IMO 9187629", "9187629"),
        ("MMSI 256845000 (Malta)", "256845000"),
        ("Aircraft Mode S Transponder Code 730012", "730012"),
        (
            "Digital Currency Address - XBT 12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h",
            "12QTD5BFWRSDNSAZY76UVE1XYCGNTOJH9H",
        ),
        (
            "alt. Digital Currency Address - ETH 0x7F367cC41522cE07553e823bf3be79A889DE",
            "0X7F367CC41522CE07553E823BF3BE79A889DE",
        ),
        ("Phone Number 8613314257947", None),
        ("Email Address a1@example.org", None),
        ("Website www.example1.org", None),
        ("Secondary sanctions risk: section 1(b) of Executive Order 13224", None),
        ("Organization Established Date 15 Jan 2005", None),
        ("Vessel Year of Build 1985", None),
    ],
)
def test_number_in_remarks_is_read_with_its_kind(text, number):
    found = [one.value for one in remarks.read(f"DOB 1960; {text}.").identifiers]
    assert found == ([number] if number else [])


class TestBrokenRows:
    GOOD = row(1, "KORVAT, Zdenek"), row(2, "PELTSMAN, Natan")

    @pytest.mark.parametrize(
        ("bad", "label"),
        [
            ("x,y,z\r\n", "line 2"),
            ('3,"OPEN QUOTE, Jan,individual,X\r\n', "line 2"),
            (row("abc"), "line 2"),
            (row(3, kind="ghost"), "3"),
            (row(3, name="-0- "), "3"),
            (row(1, name="KORVATOV, Zdenko"), "1"),
            (row(3).replace("KORVAT", "KOR\x00VAT"), "line 2"),
        ],
    )
    def test_bad_row_costs_its_row_and_is_named(self, bad, label):
        skipped = []
        found = read(self.GOOD[0], bad, self.GOOD[1], skipped=skipped)
        assert [entity.entity_id for entity in found] == ["ofac_sdn-1", "ofac_sdn-2"]
        assert [one.row for one in skipped] == [label]

    def test_quotes_not_doubled_are_mended(self):
        skipped = []
        found = read(*self.GOOD, row(3, 'JOHN "THE "X"" DOE'), skipped=skipped)
        assert len(found) == 3
        assert skipped == []

    def test_field_over_two_lines_is_one_row(self):
        found = read(row(1, text="DOB 1960;\r\nPassport A1234567."), self.GOOD[1])
        assert [one.value for one in found[0].identifiers] == ["A1234567"]

    def test_more_bad_rows_than_slips_make_refuse_the_list(self):
        bad = [row(key, kind="ghost") for key in range(10, 16)]
        with pytest.raises(ListRefused, match="LIST_CORRUPT"):
            read(*self.GOOD, *bad, *self.GOOD[:0])

    def test_last_row_cut_short_refuses_the_list(self):
        with pytest.raises(ListRefused, match="LIST_TRUNCATED"):
            read(*self.GOOD, '3,"SHO\r\n')
