"""The judgements of `fraud chaos run` find what is planted, and the table shows the truth."""

from pathlib import Path

import pytest

from fraud_lab.chaos.suite import database
from fraud_lab.chaos.suite.command import judge
from fraud_lab.chaos.suite.observed import (
    REFUSED,
    Answer,
    Expected,
    figures_of,
    totals,
)
from fraud_lab.chaos.suite.planted import decision, planted, sound
from fraud_lab.chaos.suite.results import Result, page, store
from fraud_lab.chaos.suite.rows import ROWS
from fraud_ops.figures import gate

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize(("bug", "found"), planted(), ids=lambda given: str(given))
def test_every_planted_bug_is_found(bug: str, found: bool) -> None:
    assert found, bug


def test_a_run_without_a_bug_holds_every_gate() -> None:
    expected = ROWS[6].cases["kill -9 xgboost"].expected
    assert all(one.holds for one in judge(6, totals([figures_of(sound(), expected)])))


def test_a_blocked_payment_lacks_no_model() -> None:
    silent = [{"source": "xgboost", "outcome": "skipped"}]
    run = sound()
    blocked = decision(rules_flag="BLOCK", signals=silent)
    assert figures_of(run, ROWS[6].cases["kill -9 xgboost"].expected)["unmarked"] == 0
    assert "degraded" in blocked


@pytest.mark.parametrize(
    ("latency_ms", "failure", "red"),
    [
        (20.0, REFUSED, set()),
        (80.0, REFUSED, {"refusals, p99 ms"}),
        (300.0, REFUSED, {"refusals, p99 ms", "requests later than 200 ms"}),
        (20.0, "status 500 internal", {"failures other than a refusal"}),
    ],
)
def test_without_its_database_the_gateway_refuses_at_once_and_does_nothing_else(
    latency_ms: float, failure: str, red: set[str]
) -> None:
    run = sound()
    run.answers += [
        Answer(1.6, latency_ms, failure, again=b"x"),
        Answer(1.7, 20.0, REFUSED, again=b"x"),
    ]
    judged = database.judge(totals([figures_of(run, Expected(frozenset()))]))
    assert {one.name.removeprefix("row 16: ") for one in judged if not one.holds} == red


def test_the_page_shows_figures_that_do_not_hold_and_rows_not_measured(
    tmp_path: Path,
) -> None:
    gates = [gate("row 6: failed requests", 2, 0, "at_most")]
    store(
        tmp_path,
        Result.now(
            6, "A promise", "a part", gates, n=500, command="fraud chaos run", seed=1
        ),
    )
    gates = [gate("row 6: failed requests", 0, 0, "at_most")]
    store(
        tmp_path,
        Result.now(
            6, "A promise", "a part", gates, n=700, command="fraud chaos run", seed=2
        ),
    )
    shown = page(tmp_path)
    assert shown == (tmp_path / "reliability.md").read_text()
    assert "| 6 | A promise | failed requests: 0 (0) | a part | 700 |" in shown
    assert "rows 1, 2, 3, 4, 5, 7," in shown


def test_the_committed_page_is_made_of_the_committed_results() -> None:
    assert (DOCS / "reliability.md").read_text() == page(DOCS)
