import pytest

from fraud_engines.rules.expression import ExpressionError, Language, Trouble

LANGUAGE = Language(
    {"count": "int", "ratio": "double", "kind": "string", "new": "bool"},
    {"bad_kinds": frozenset({"transfer"})},
)


def truth(source, **values):
    return LANGUAGE.compile(source).truth(LANGUAGE.activation(values))


class TestTypesAreCheckedWhenCompiling:
    @pytest.mark.parametrize(
        ("source", "reason"),
        [
            ("cuont > 3", "undeclared reference to 'cuont'"),
            ("count > 'a'", "no matching overload"),
            ("ratio > 3", "written 5.0"),
            ("count + 1", "of type INT"),
            ("in_good_kinds(kind)", "undeclared reference to 'in_good_kinds'"),
            ("in_bad_kinds(count)", "no matching overload"),
            ("count >", "Syntax error"),
            ("new && kind", "no matching overload"),
            ("open('x') == 1", "undeclared"),
        ],
    )
    def test_and_the_author_sees_what_is_wrong(self, source, reason):
        with pytest.raises(ExpressionError, match=reason):
            LANGUAGE.compile(source)

    def test_long_numbers_are_not_repeated(self):
        with pytest.raises(ExpressionError) as caught:
            LANGUAGE.compile("v4111111111111111 > 3")
        assert "4111111111111111" not in str(caught.value)


class TestTruth:
    def test_of_known_values(self):
        assert truth("count >= 3 && new", count=3, new=True) is True
        assert truth("count >= 3 && new", count=2, new=True) is False
        assert truth("in_bad_kinds(kind)", kind="transfer") is True
        assert truth("in_bad_kinds(kind)", kind="refund") is False

    def test_is_unknown_when_it_hangs_on_an_unknown_value(self):
        assert truth("count >= 3 && new", count=3) is Trouble.UNKNOWN
        assert truth("count >= 3 || new", count=2) is Trouble.UNKNOWN
        assert truth("!new") is Trouble.UNKNOWN
        assert truth("in_bad_kinds(kind)") is Trouble.UNKNOWN

    def test_is_known_when_the_rest_settles_it(self):
        assert truth("count >= 3 && new", count=2) is False
        assert truth("new && count >= 3", count=2) is False
        assert truth("count >= 3 || new", count=3) is True

    def test_is_a_fault_when_the_values_break_it(self):
        assert truth("10 / count > 1", count=0) is Trouble.FAULT

    def test_is_a_fault_when_a_value_has_another_type(self):
        assert truth("ratio > 1.0", ratio="x") is Trouble.FAULT


class TestUses:
    @pytest.mark.parametrize(
        ("source", "uses"),
        [
            ("count > 3 && ratio > 1e5", {"count", "ratio"}),
            ("kind == 'count' && new", {"kind", "new"}),
            ('kind == "it\\"s count" || new', {"kind", "new"}),
            ("in_bad_kinds(kind) // count", {"kind"}),
            ("kind == '''ratio'''", {"kind"}),
            ("[1, 2].exists(x, x == count)", {"count"}),
        ],
    )
    def test_are_the_declared_fields_outside_texts(self, source, uses):
        assert LANGUAGE.compile(source).uses == uses
