"""Rules that could cost a payment its time are refused when they are loaded."""

import pytest
from pydantic import ValidationError

from fraud_engines.rules.bounds import MAX_BYTES, MAX_ENTRIES
from fraud_engines.rules.ruleset import RulesetError, load
from fraud_engines.rules.ruleset_schema import RulesetDocument
from fraud_features.definitions.registry import PAYMENT_FEATURES

AT = "'2026-01-02T00:00:00Z'"


def body(when: str, lists: str = "", reason: str = "odd") -> bytes:
    return (
        f"name: test\nversion: 1\n{lists}rules:\n"
        f"  - id: R-001\n    version: 1\n    state: live\n    effect: FLAG\n"
        f"    severity: high\n    reason: '{reason}'\n    when: >-\n      {when}\n"
    ).encode()


def problem(text: bytes) -> tuple[str, str]:
    with pytest.raises(RulesetError) as caught:
        load(text, PAYMENT_FEATURES)
    return caught.value.problems[0]


class TestRefusedWithLineAndReason:
    @pytest.mark.parametrize(
        ("when", "reason"),
        [
            ("amuont_minor > 5", "undeclared reference to 'amuont_minor'"),
            ("amount_minor > 'x'", "no matching overload"),
            ("[1].all(x, [1].all(y, [1].all(z, x == z)))", "macros nested 3 deep"),
            (f"[{'1,' * 200}].all(x, x + 1 + 1 + 1 > 0)", "steps"),
            (f"[{'1,' * 40}].all(x, [{'1,' * 40}].all(y, x < y))", "steps"),
            (f"os.matches('{'a' * 101}')", "regular expression of 101 characters"),
            ("os.matches('(a{1000}){1000}')", "not a valid regular expression"),
            ("os.matches(device_id)", "written as a text"),
            (f"{'(' * 60}is_pos{')' * 60}", "nested more than 24 deep"),
            (f"{'!' * 60}is_pos", "nested more than 24 deep"),
            ("is_pos.foo", "fields have no parts"),
            ("is_pos && ", "Syntax error"),
            ("os.reverse() == 'x'", "undeclared reference to 'reverse'"),
            ("{1: 2}[1] == 2", "Syntax error"),
        ],
    )
    def test_the_expression_of_a_rule(self, when, reason):
        place, what = problem(body(when))
        assert place == "R-001"
        assert what.startswith("line 10: ")
        assert reason in what

    def test_an_expression_of_a_megabyte(self):
        place, what = problem(body(f"os == '{'x' * 1_000_000}'"))
        assert (place, "at most 1000 characters" in what) == ("rules.0.when", True)
        assert what.startswith("line 10: ")

    def test_a_reason_that_would_run_something(self):
        for reason in ("{amount_minor.__class__}", "{account_id}", "{amount_minor!r}"):
            place, what = problem(body("is_pos", reason=reason))
            assert place == "R-001"
            assert what.startswith("line 10: reason")

    def test_lists_beyond_the_bound(self):
        # Not as YAML: reading so much of it takes seconds.
        row = {"description": "d", "entries": ("x",) * (MAX_ENTRIES // 2 + 1)}
        rule = {"id": "R-001", "version": 1, "state": "live", "effect": "FLAG", "severity": "low", "reason": "odd", "when": "is_pos"}  # fmt: skip
        document = {"name": "t", "version": 1, "lists": {"a": row}, "rules": (rule,)}
        assert RulesetDocument.model_validate(document)
        with pytest.raises(ValidationError, match="at most 100000 entries together"):
            RulesetDocument.model_validate(document | {"lists": {"a": row, "b": row}})

    def test_a_list_of_ten_million_before_it_is_read(self):
        text = b"name: test\nlists: {x: {entries: [" + b"1," * 10_000_000
        assert problem(text) == ("body", f"more than {MAX_BYTES} bytes")

    def test_a_list_with_the_name_of_an_edited_one(self):
        lists = "lists:\n  deny_account: {description: d, entries: [a]}\n"
        assert problem(body("is_pos", lists))[0] == "lists.deny_account"

    @pytest.mark.parametrize(
        ("more", "reason"),
        [
            ("tier: hard", "only a BLOCK can be hard"),
            ("on_error: BLOCK", "does not block when it fails"),
            (f"valid_from: {AT}\n    valid_until: {AT}", "valid_from < valid_until"),
        ],
    )
    def test_a_rule_that_contradicts_itself(self, more, reason):
        place, what = problem(
            body("is_pos").replace(b"    state", f"    {more}\n    state".encode())
        )
        assert (place, reason in what) == ("rules.0", True)


class TestJustWithinTheBounds:
    @pytest.mark.parametrize(
        "when",
        [
            f"[{'1,' * 100}].all(x, x == account_count_5m)",
            "[1, 2].all(x, [1, 2].all(y, x + y > account_count_5m))",
            f"os.matches('{'a' * 100}')",
            f"{'(' * 23}is_pos{')' * 23}",
            "is_pos " + "&& is_pos " * 80,
        ],
    )
    def test_a_rule_loads(self, when):
        assert load(body(when), PAYMENT_FEATURES).rules
