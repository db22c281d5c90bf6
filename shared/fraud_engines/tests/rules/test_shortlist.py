"""A shortlist is a shortcut: it must decide as asking every rule does."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fraud_engines.rules.expression import Language, Trouble
from fraud_engines.rules.fields import declared
from fraud_engines.rules.ruleset import DEFAULT_RULESET, load
from fraud_engines.rules.shortlist import REMEMBERED, TOGETHER, Shortlists
from fraud_features.definitions.registry import PAYMENT_FEATURES

RULESET = load(DEFAULT_RULESET.read_bytes(), PAYMENT_FEATURES)
LANGUAGE = Language(
    {"a": "int", "b": "int", "c": "bool", "s": "string"}, {"bad": frozenset({"x"})}
)
TRICKY = (
    "a > 1", "a > 1 && b > 1", "a > 1 || b > 1", "!(a > 1 && c)", "c ? a > 1 : b > 1",
    "c && (a > 1 || b > 1)", "10 / a > 1 && b > 1", "10 / a > 1 || c", "in_bad(s) && c",
    's == "&& a > 1 ||" && c // && a', "[a, b].exists(n, n > 3) && c", "true || a > 1",
    "false && a > 1", "(a > 1) == (b > 1)", "a > 1 && b > 1 || c", "c || a > 1 && b > 1",
)  # fmt: skip
EXPRESSIONS = [LANGUAGE.compile(source) for source in TRICKY]


def is_true(expression, values, activation):
    """Whether the rule is hit, or fails on values with which it could be hit."""
    truth = expression.truth(activation)
    return truth is True or (
        truth is Trouble.FAULT and expression.needs.issubset(values)
    )


class TestAShortlist:
    @settings(max_examples=400, deadline=None)
    @given(
        st.fixed_dictionaries(
            {},
            optional={
                "a": st.integers(-1, 5),
                "b": st.integers(-1, 5),
                "c": st.booleans(),
                "s": st.sampled_from(["x", "y"]),
            },
        )
    )
    def test_misses_nothing_that_is_true_or_fails(self, values):
        activation = LANGUAGE.activation(values)
        true_places = {
            place
            for place, expression in enumerate(EXPRESSIONS)
            if is_true(expression, values, activation)
        }
        shortlist = Shortlists(EXPRESSIONS, LANGUAGE.disjunction).of(values)
        assert true_places <= set(shortlist.places)
        if shortlist.cleared(activation):
            assert not true_places

    @settings(max_examples=200, deadline=None)
    @given(st.data())
    def test_of_the_shipped_rules_misses_nothing(self, data):
        kinds = {"bool": st.booleans(), "int": st.sampled_from([0, 1, 12, 2_000_000]),
                 "double": st.sampled_from([0.0, 1.0, 40.0, 2e6]),
                 "string": st.sampled_from(["", "6011", "FR", "transfer"]),
                 "timestamp": st.just(datetime(2026, 3, 2, tzinfo=UTC))}  # fmt: skip
        fields = declared(PAYMENT_FEATURES)
        gone = data.draw(st.frozensets(st.sampled_from(sorted(fields))))
        values = {
            name: data.draw(kinds[kind])
            for name, kind in fields.items()
            if name not in gone
        }
        activation = RULESET.language.activation(values)
        true_places = {
            place
            for place, rule in enumerate(RULESET.evaluated)
            if is_true(rule.expression, values, activation)
        }
        shortlist = RULESET.shortlists.of(values)
        assert true_places <= set(shortlist.places)
        assert not (true_places and shortlist.cleared(activation))

    def test_leaves_out_what_needs_an_absent_field(self):
        expressions = [LANGUAGE.compile("a > 1 && c"), LANGUAGE.compile("a > 1 || c")]
        found = Shortlists(expressions, LANGUAGE.disjunction).of({"c": True})
        assert found.places == (1,)

    def test_of_more_rules_than_one_program_holds_asks_several(self):
        # CEL takes 100,000 characters at most, and these are twice as many.
        long = "a > 1 && s != '" + "y" * 900 + "'"
        expressions = [LANGUAGE.compile(long)] * 199 + [LANGUAGE.compile("a > 3")]
        shortlist = Shortlists(expressions, LANGUAGE.disjunction).of({"a": 1, "s": "x"})
        assert shortlist.cleared(LANGUAGE.activation({"a": 1, "s": "x"}))
        assert not shortlist.cleared(LANGUAGE.activation({"a": 4, "s": "x"}))

    def test_that_is_unknown_clears_rules_that_cannot_fail_and_no_others(self):
        safe = [LANGUAGE.compile("a > 1 || c"), LANGUAGE.compile("b > 1")]
        fails = [LANGUAGE.compile("10 / b > 1 || c")]
        values = {"a": 1, "b": 0}
        activation = LANGUAGE.activation(values)
        assert Shortlists(safe, LANGUAGE.disjunction).of(values).open(activation) == []
        both = Shortlists([*safe, *fails], LANGUAGE.disjunction).of(values)
        assert both.open(activation) == [2]

    def test_asks_only_the_rules_beside_the_one_that_is_true(self):
        expressions = [LANGUAGE.compile(f"a == {n}") for n in range(100)]
        shortlist = Shortlists(expressions, LANGUAGE.disjunction).of({"a": 99})
        asked = shortlist.open(LANGUAGE.activation({"a": 99}))
        assert asked == list(range(100 - TOGETHER, 100))

    def test_of_no_rule_clears_everything(self):
        shortlist = Shortlists([], LANGUAGE.disjunction).of({})
        assert shortlist.cleared(LANGUAGE.activation({}))


class TestRememberedShortlists:
    def test_are_made_once_and_bounded(self):
        made = []
        names = [f"f{n}" for n in range(9)]
        language = Language(dict.fromkeys(names, "bool"), {})
        expressions = [language.compile(name) for name in (*names, "true")]
        shortlists = Shortlists(
            expressions, lambda s: made.append(s) or language.disjunction(s)
        )
        subsets = [
            {name: False for bit, name in enumerate(names) if number >> bit & 1}
            for number in range(2 * REMEMBERED)
        ]
        first = shortlists.of(subsets[0])
        assert shortlists.of(subsets[0]) is first
        for subset in subsets:
            shortlists.of(subset)
        assert len(made) == 2 * REMEMBERED
        assert shortlists.of(subsets[0]) is not first


@pytest.mark.parametrize(
    ("source", "needs"),
    [
        ("a > 1 && c", {"a", "c"}),
        ("a > 1 || c", set()),
        ("c ? a > 1 : b > 1", set()),
        ("c && (a > 1 || b > 1)", {"c"}),
        ('s == "a && b"', {"s"}),
        ("[a].exists(n, n > 3) && c", {"c"}),
    ],
)
def test_what_an_expression_needs(source, needs):
    assert LANGUAGE.compile(source).needs == needs
