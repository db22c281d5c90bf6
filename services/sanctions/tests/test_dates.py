"""A printed date is a span with a precision; what stands for no date is no evidence."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud_sanctions.dates import span, years
from fraud_sanctions.lists.records import Party
from fraud_sanctions.lists.sources.fields import birth_dates
from fraud_sanctions.matching.qualify import qualify

MONTHS = str.split("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec")


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        # Precision, approximation, ranges.
        ("Nov 1985", ("1985-11",)),
        ("DOB circa 1960", ("1960~",)),
        ("c. 12 May 1962", ("1962-05-12~",)),
        ("1964 (approximate)", ("1964~",)),
        ("01 Jan 1960 to 31 Dec 1964", ("1960-01-01/1964-12-31",)),
        ("between 1960 and 1964", ("1960/1964",)),
        ("circa 1965-1968", ("1965~/1968~",)),
        ("1960-61", ("1960/1961",)),
        ("late 1950's", ("1956/1959",)),
        ("196?", ("1960~/1969~",)),
        ("before 1960", ("../1960",)),
        ("after 1970", ("1970/..",)),
        # Several in one cell.
        ("01/02/1962|03/04/1963", ("1962-02-01", "1963-04-03")),
        ("1966", ("1966",)),
        ("1960 or 12 May 1962; Jan 1963", ("1960", "1962-05-12", "1963-01")),
        ("1960, 1962", ("1960", "1962")),
        # Orders, languages, calendars, digits.
        ("02/13/1962", ("1962-02-13",)),
        ("Feb 1, 1962", ("1962-02-01",)),
        ("1962.02.01", ("1962-02-01",)),
        ("12.V.1962", ("1962-05-12",)),
        ("1962-02-01T00:00:00Z", ("1962-02-01",)),
        ("1er février 1962", ("1962-02-01",)),
        ("1 de agosto de 1962", ("1962-08-01",)),
        ("3. März 1962", ("1962-03-03",)),
        ("1 февраля 1962 г.", ("1962-02-01",)),
        ("2 Mayıs 1962", ("1962-05-02",)),
        ("5 maja 1962", ("1962-05-05",)),
        ("١٥ يناير ١٩٦٢", ("1962-01-15",)),
        ("1962年2月1日", ("1962-02-01",)),
        ("昭和37年2月1日", ("1962-02-01",)),
        ("พ.ศ. 2505", ("1962",)),
        ("1341 SH", ("1962/1963",)),
        # Birth and death together.
        ("born 12 May 1930, died 3 June 1999", ("1930-05-12",)),
        ("*1945 †2010", ("1945",)),
        ("(1945–2010)", ("1945",)),
        ("gest. 2001", ()),
        # Impossible days, and those that stand for an unknown one.
        ("31 Feb 1962", ()),
        ("1962-13-45", ()),
        ("29 Feb 1961", ()),
        ("01/01/1900", ()),
        ("1111-11-11", ()),
        ("9999-12-31", ()),
        ("00/00/0000", ()),
        ("00/03/1961", ("1961-03",)),
        ("2999", ()),
        ("n/a", ()),
    ],
)  # fmt: skip
def test_printed_date_gives_the_spans_it_means(text, dates):
    assert birth_dates(text) == dates


@given(st.dates(date(1901, 2, 1), date(2020, 12, 31)))
def test_printed_date_in_any_order_gives_the_same_day(day):
    month = MONTHS[day.month - 1]
    for text in (
        day.isoformat(),
        f"{day:%d/%m/%Y}",
        f"{day.day} {month} {day.year}",
        f"{month} {day.day}, {day.year}",
        f"{day:%Y%m%d}",
        f"{day.year}年{day.month}月{day.day}日",
    ):
        assert birth_dates(text) == (day.isoformat(),)


@given(st.text(max_size=80))
def test_printed_date_of_any_text_is_a_span_that_can_be_read(text):
    for found in birth_dates(text):
        assert span(found) is not None
        assert years(found)


class TestEvidence:
    @pytest.fixture
    def says(self, listed):
        def of(given, *births):
            entity = listed("A B", births=births)
            found = qualify(Party("A B", birth_date=given), entity)
            return found.shift, found.ceiling

        return of

    def test_precision_of_what_agrees_orders_the_evidence(self, says):
        day, month, year, span, about = (
            says("1962-05-12", listed)[0]
            for listed in ("1962-05-12", "1962-05", "1962", "1960/1964", "1962~")
        )
        assert day > month > year > span > 0.0
        assert year > about > 0.0

    @pytest.mark.parametrize(
        "birth",
        ["1960~", "1958~", "1966~", "1960/1961", "1963/..", "1961", "1900-01-01"],
    )
    def test_span_that_may_hold_the_day_contradicts_nothing(self, says, birth):
        shift, ceiling = says("1962-05-12", birth)
        assert shift >= 0.0
        assert ceiling == float("inf")

    @pytest.mark.parametrize("birth", ["1970~", "1950/1955", "../1950", "1980/.."])
    def test_span_that_cannot_hold_the_day_lowers_and_caps(self, says, birth):
        shift, ceiling = says("1962-05-12", birth)
        assert shift < -3.0
        assert ceiling < float("inf")

    @pytest.mark.parametrize("given", ["1900-01-01", "1111-11-11", "1970-01-01"])
    def test_placeholder_of_the_payer_is_neutral(self, says, given):
        assert says(given, "1985-11-15")[0] == 0.0

    def test_first_of_january_stands_for_its_year(self, says):
        assert says("1962-05-12", "1962-01-01")[0] == 0.0
        assert says("1962-05-12", "1962-03-01")[0] < 0.0

    def test_kindest_of_several_dates_counts(self, says):
        assert says("1962-05-12", "1950", "1962-05-12") == says(
            "1962-05-12", "1962-05-12"
        )
