"""What a check says about rules that load and are odd."""

import pytest

from fraud_engines.rules.analysis import analyse
from fraud_engines.rules.register import Register
from fraud_engines.rules.ruleset import load
from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_shared.contracts.entries import Marker

HEAD = (
    "name: t\nversion: 1\nlists:\n  some: {description: d, entries: ['5732', '5944']}\n"
    "  none: {description: d, entries: ['6051']}\nrules:\n"
)


def ruleset(*rules):
    rows = []
    for number, rule in enumerate(rules, 1):
        fields = {"state": "live", "effect": "FLAG", "severity": "high", "when": rule}
        if isinstance(rule, dict):
            fields |= rule
        quoted = {**fields, "when": f"'{fields['when']}'"}
        text = ", ".join(f"{name}: {value}" for name, value in quoted.items())
        rows.append(f"- {{id: R-{number:03}, version: 1, reason: odd, {text}}}\n")
    return load((HEAD + "".join(rows)).encode(), PAYMENT_FEATURES)


def findings(*rules, register=None):
    found = analyse(ruleset(*rules), register or Register())
    return {(each.rule, each.kind) for each in found}


class TestUnreachable:
    @pytest.mark.parametrize(
        "when",
        [
            "amount_minor < 0",
            "amount_minor > 5 && amount_minor < 5",
            "account_count_5m > 5 && account_count_5m < 6",
            'kind == "card"',
            'channel == "pos" && channel == "atm"',
            "is_pos && !is_pos",
            "in_some(mcc) && in_none(mcc)",
            'in_some(mcc) && mcc == "7995"',
            'in_some(mcc) && !(mcc in ["5732", "5944"])',
            "false",
            "(is_pos || is_atm) && !is_pos && !is_atm",
            "(is_pos ? amount_minor > 9 : false) && amount_minor < 5",
            'os.matches("a") && !os.matches("a")',
        ],
    )
    def test_a_rule_that_no_payment_meets_is_named(self, when):
        assert findings(when) == {("R-001@1", "unreachable")}

    @pytest.mark.parametrize(
        "when",
        [
            "amount_minor > 5 && amount_minor < 7",
            "speed_kmh > 5.0 && speed_kmh < 6.0",
            'kind == "transfer"',
            'in_some(mcc) && mcc == "5732"',
            "account_count_5m > 5 || account_count_5m < 3",
            'os.matches("a") && !os.matches("b")',
            "amount_minor + 1 < 0",
        ],
    )
    def test_a_rule_that_some_payment_may_meet_is_not(self, when):
        assert findings(when) == set()


class TestAlwaysTrue:
    @pytest.mark.parametrize(
        "when",
        [
            "amount_minor >= 0",
            "is_pos || !is_pos",
            "account_count_5m > 5 || account_count_5m < 9",
            "true",
            'mcc != "5732" || mcc != "5944"',
        ],
    )
    def test_a_rule_that_every_payment_meets_is_named(self, when):
        assert findings(when) == {("R-001@1", "always_true")}


class TestDuplicates:
    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("is_pos && amount_minor > 5", "5 < amount_minor && is_pos"),
            ("amount_minor > 5", "amount_minor >= 6"),
            ("!(is_pos || is_atm)", "!is_atm && !is_pos"),
            ("in_some(mcc)", 'mcc in ["5944", "5732"]'),
        ],
    )
    def test_the_later_of_two_equal_rules_is_named(self, one, other):
        assert findings(one, other) == {("R-002@1", "duplicate")}

    def test_rules_that_differ_are_not(self):
        assert findings("is_pos", "is_atm", "amount_minor > 5") == set()


class TestShadowed:
    def test_by_a_wider_rule_of_no_less_weight(self):
        assert findings("amount_minor > 900 && is_pos", "amount_minor > 500") == {
            ("R-001@1", "shadowed")
        }

    @pytest.mark.parametrize(
        "wider",
        [
            {"when": "amount_minor > 500", "severity": "low"},
            {"when": "amount_minor > 500", "state": "shadow"},
            {"when": "amount_minor > 500 && !is_pos"},
        ],
    )
    def test_never_by_one_of_less_weight_or_not_live(self, wider):
        assert findings("amount_minor > 900 && is_pos", wider) == set()

    def test_a_block_is_not_shadowed_by_a_flag(self):
        block = {"when": "amount_minor > 900", "effect": "BLOCK"}
        assert findings(block, "amount_minor > 500") == set()


class TestContradictingAList:
    @pytest.mark.parametrize(
        ("when", "on"),
        [
            ("in_allow_account(account_id) && is_pos", None),
            ("in_deny_device(device_id)", None),
            ('merchant_id == "mer-1"', "deny"),
            ('merchant_id == "mer-1" && is_pos', "allow"),
        ],
    )
    def test_a_rule_that_a_list_decides_before_it_is_named(self, when, on):
        register = Register()
        if on is not None:
            entry = Marker(marker_id="e-1", on=on, kind="merchant", value="mer-1", expires_at=None, ended=False)  # fmt: skip
            register.apply([entry], 1)
        assert findings(when, register=register) == {("R-001@1", "contradicts_list")}

    def test_a_rule_that_asks_for_more_than_the_list_is_not(self):
        assert findings("in_watch_account(account_id) || is_pos") == set()
        assert findings('merchant_id == "mer-2"') == set()
        hard = "in_allow_account(account_id)"
        assert findings({"when": hard, "effect": "BLOCK", "tier": "hard"}) == set()


class TestManyAlternatives:
    def test_a_rule_with_too_many_is_left_aside(self):
        parts = [f"(amount_minor == {n} || account_count_5m == {n})" for n in range(9)]
        assert findings(" && ".join(parts)) == set()
