"""Rule authors check and test their files at the command line."""

import json
from pathlib import Path
from typing import Any

import pytest

from fraud_engines.rules.ruleset import DEFAULT_RULESET
from fraud_ops.rules.command import cases_command, check_policy, check_rules, segment
from fraud_ops.running import CommandError

RULESET = DEFAULT_RULESET.read_text()
CASES = """\
cases:
  - name: a denied account is blocked
    payment: {account_id: acc-denied-0001}
    expect: {flag: BLOCK, hits: [R-001], not_hits: [R-014]}
  - name: card testing is flagged
    features: {card_small_amount_count_1h: 4, is_ecommerce: true}
    expect: {flag: FLAG, hits: ["R-014@1"]}
"""


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def written(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return written


def printed(capsys: Any) -> Any:
    return json.loads(capsys.readouterr().out.strip().splitlines()[-1])


class TestCheck:
    def test_names_what_is_odd(self, write: Any, capsys: Any) -> None:
        odd = RULESET.replace("failed_logins_1h >= 5", "amount_minor < 0")
        check_rules(write("r.yaml", odd), as_json=True)
        assert [f["kind"] for f in printed(capsys)["findings"]] == ["unreachable"]

    def test_refuses_a_bad_rule_by_line(self, write: Any) -> None:
        bad = RULESET.replace("failed_logins_1h >= 5", "failed_lgins >= 5")
        with pytest.raises(CommandError, match=r"R-041: line \d+: .*failed_lgins"):
            check_rules(write("r.yaml", bad), as_json=True)

    def test_refuses_a_bad_policy_by_line(self, write: Any) -> None:
        with pytest.raises(CommandError, match="models: "):
            check_policy(write("p.yaml", "name: x\nversion: 1\n"), as_json=True)


class TestCases:
    def test_that_hold_are_counted(self, write: Any, capsys: Any) -> None:
        files = write("r.yaml", RULESET), write("c.yaml", CASES)
        cases_command(*files, as_json=True)
        assert printed(capsys) == {
            "document": printed_version(),
            "cases": 2,
            "failed": [],
        }

    @pytest.mark.parametrize(
        ("change", "problem"),
        [
            (("acc-denied-0001", "acc-2"), "R-001 is not hit"),
            (("not_hits: [R-014]", "not_hits: [R-001]"), "R-001 is hit"),
            (("flag: BLOCK", "flag: ALLOW"), "the flag is BLOCK, not ALLOW"),
            (("is_ecommerce: true", "is_ecomerce: true"), "no such feature"),
            (("account_id: acc-denied-0001", "amount_minor: -1"), "not a payment"),
        ],
    )
    def test_that_do_not_hold_are_named_and_end_in_failure(
        self, write: Any, capsys: Any, change: tuple[str, str], problem: str
    ) -> None:
        files = write("r.yaml", RULESET), write("c.yaml", CASES.replace(*change))
        with pytest.raises(SystemExit):
            cases_command(*files, as_json=True)
        found = [one["problem"] for one in printed(capsys)["failed"]]
        assert any(text.startswith(problem) for text in found)

    def test_that_are_no_cases_are_refused(self, write: Any) -> None:
        files = write("r.yaml", RULESET), write("c.yaml", "cases: []")
        with pytest.raises(CommandError, match="cases"):
            cases_command(*files, as_json=True)


def printed_version() -> str:
    from fraud_engines.rules.ruleset import load
    from fraud_features.definitions.registry import PAYMENT_FEATURES

    return load(RULESET.encode(), PAYMENT_FEATURES).version


def test_a_text_cannot_leave_its_segment_of_a_path() -> None:
    assert segment("../x?y") == "..%2Fx%3Fy"
