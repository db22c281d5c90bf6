"""Geometry of the charts."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud_console import formats, words
from fraud_console.charts import bars, graph, series, waterfall
from fraud_console.views.mesh import MeshView
from fraud_console.views.policy_view import PolicyView

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
AMOUNTS = st.lists(st.floats(-5, 5).filter(bool), min_size=1, max_size=12)


class TestWaterfall:
    @given(AMOUNTS)
    def test_bars_stay_inside_and_follow_on_each_other(self, moved: list[float]):
        parts = [(f"f{n}", 1.0, one) for n, one in enumerate(moved)]
        steps, zero = waterfall.contributions(parts)
        assert 0 <= zero <= 100
        assert all(s.start >= -0.01 and s.start <= 100.01 for s in steps)
        assert [abs(s.amount) for s in steps] == sorted(
            (abs(s.amount) for s in steps), reverse=True
        )

    def test_stages_begin_when_what_they_wait_for_has_ended(self):
        taken = {"online": 2.0, "rules": 3.0, "models": 5.0, "total": 10.0}
        steps, total = waterfall.stages(taken)
        assert total == 10.0
        assert {s.name: s.start for s in steps} == {
            "online": 0.0, "rules": 20.0, "models": 50.0,
        }  # fmt: skip

    def test_a_stage_nobody_knows_is_drawn_from_the_start(self):
        steps, total = waterfall.stages({"new_stage": 4.0})
        assert (steps[0].start, total) == (0.0, 4.0)


class TestBars:
    def test_the_marked_one_is_shown_among_many(self):
        counts = {f"d{n}": float(100 - n) for n in range(20)}
        rows = bars.shares(counts, most=5, mark="d19")
        assert [row.label for row in rows if row.mark] == ["d19"]
        assert rows[-1].label == "others"

    def test_hours_without_payments_have_no_height(self):
        columns = bars.hours([], 3)
        assert [c.length for c in columns] == [0.0] * 24
        assert columns[3].mark

    @given(st.lists(st.floats(0, 1e9), max_size=30), st.floats(0, 1e9))
    def test_amounts_are_placed_inside_the_strip(
        self, values: list[float], mark: float
    ):
        places, at = bars.strip(values, mark)
        assert all(0 <= place <= 100 for place in (*places, at))


class TestSeries:
    def test_columns_hold_what_happened_in_them(self):
        items = [(NOW - timedelta(seconds=n), "APPROVE") for n in (1, 2, 700)]
        columns = series.columns(items, NOW)
        assert columns[-1].total == 2
        assert sum(c.total for c in columns) == 2

    def test_percentiles_of_nothing_are_not_known(self):
        assert series.percentiles([], (0.5,)) == [None]
        assert series.percentiles([1.0, 2.0, 3.0], (0.5, 0.99)) == [2.0, 3.0]


class TestGraph:
    def test_links_and_their_others_are_within_the_picture(self):
        others = tuple(("account", f"a{n}", "") for n in range(9))
        links = [graph.Link("card", f"c{n}", "", False, others) for n in range(12)]
        nodes, edges = graph.around(("account", "me"), links)
        # Whoever shares all of them is there once, with a line to each.
        assert len(nodes) == 1 + graph.MOST_NEAR + graph.MOST_FAR
        assert len(edges) == graph.MOST_NEAR * (1 + graph.MOST_FAR)
        assert all(0 <= n.x <= graph.WIDTH for n in nodes)
        assert all(0 <= n.y <= graph.HEIGHT for n in nodes)


class TestFormats:
    @pytest.mark.parametrize(
        ("minor", "currency", "text"),
        [
            (1234, "EUR", "12.34 EUR"),
            (1234, "JPY", "1,234 JPY"),
            (1234, "KWD", "1.234 KWD"),
        ],
    )
    def test_money_has_the_digits_of_its_currency(
        self, minor: int, currency: str, text: str
    ):
        assert formats.money(minor, currency) == text

    def test_a_tiny_share_is_not_shown_as_none(self):
        assert formats.percent(0.0001) == "< 0.1 %"

    def test_a_name_in_a_title_is_escaped(self):
        shown = formats.short('"><script>alert(1)</script>')
        assert "<script>" not in shown

    def test_a_feature_is_said_in_words(self):
        assert (
            words.feature("is_round_amount")
            == "A whole multiple of ten units of its currency"
        )
        assert words.feature("card_n_1h") == "Card payments in 1 hour"


class TestViews:
    def test_a_policy_that_cannot_be_read_says_where(self):
        assert "line 1" in PolicyView.of("a: [").problem

    def test_breakers_and_outbox_are_read_from_metrics(self):
        text = (
            'fraud_dependency_calls_total{dependency="rules",outcome="ok"} 9.0\n'
            'fraud_dependency_calls_total{dependency="rules",outcome="timeout"} 1.0\n'
            'fraud_dependency_breaker_open{dependency="rules"} 1.0\n'
            "fraud_outbox_oldest_age_seconds 75.0\n"
        )
        view = MeshView.of({}, {}, text)
        rules = next(part for part in view.parts if part.name == "rules")
        assert (rules.calls, rules.breaker, rules.status) == (10, "open", "down")
        assert ("Outbox", "1 min", "age of the oldest event") in view.figures
