"""Backtests, what-ifs, suggestions and laws, on a small simulated month."""

from dataclasses import replace

import numpy as np
import orjson
import polars as pl
import pytest

from fraud_engines.policy.policy import DEFAULT_POLICY, load
from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_lab.rules import history as histories
from fraud_lab.rules.backtest import by_rule, changes
from fraud_lab.rules.history import NoHistory, apply, from_file, recorded
from fraud_lab.rules.intervals import Accounts, share, wilson
from fraud_lab.rules.monotone import pairs
from fraud_lab.rules.month import Month
from fraud_lab.rules.proof.laws import LAWS, proved
from fraud_lab.rules.suggest import as_rules, suggest
from fraud_lab.rules.system import Scene, measured, recall_at, systems
from fraud_lab.rules.what_if import by_hours, by_money, scaled, thresholds
from fraud_shared.testing.factories import make_decision_made

POLICY = load(DEFAULT_POLICY.read_bytes())
MODELS = ("xgboost", "isolation_forest", "autoencoder")


@pytest.fixture(scope="module")
def month(simulated):
    """The month with a risk that sees most frauds, and nothing strange."""
    fraud = simulated["fraud"].to_numpy()
    seen = fraud & (np.random.default_rng(1).random(len(fraud)) < 0.6)
    scores = {"xgboost": np.where(seen, 0.7, 0.001)}
    quiet = np.full(len(fraud), 0.5)
    frame = simulated.with_columns(
        *(pl.Series(f"score_{m}", scores.get(m, quiet)) for m in MODELS),
        *(pl.lit(value=False).alias(f"beyond_{m}") for m in MODELS),
    )
    return Month(frame, seed=1, models={}, seconds={})


@pytest.fixture(scope="module")
def history(month, shipped):
    """The month decided by what is shipped."""
    return histories.simulated(month, shipped, POLICY.document)


@pytest.fixture(scope="module")
def accounts(history):
    """Its accounts, drawn again a few times."""
    return Accounts.of(history.frame["account_id"].to_numpy(), 1, draws=40)


class TestIntervals:
    def test_interval_of_no_payments_is_everything(self):
        assert wilson(0, 0) == (0.0, 1.0)
        assert share(0, 0)["value"] is None

    def test_interval_is_that_of_a_published_example(self):
        # Newcombe 1998, table I: 81 of 263.
        assert [round(x, 4) for x in wilson(81, 263)] == [0.2553, 0.3662]

    def test_one_account_with_all_the_money_leaves_it_open(self):
        money = np.array([100.0, 0.0, 0.0, 0.0])
        found = Accounts.of(np.array(["a", "b", "c", "d"]), 1).total(money)
        assert found["value"] == 100.0
        assert found["interval"][0] == 0.0
        assert found["interval"][1] > 100.0


class TestBacktest:
    def test_rule_is_measured_against_its_labels(self, history, accounts, write_rules):
        rules = write_rules("amount_ref_minor >= 0", "is_transfer", "is_transfer")
        everything, one, twin = by_rule(history, apply(rules, history.frame), accounts)
        assert everything.hits == len(history)
        assert everything.recall["value"] == 1.0
        assert everything.precision["value"] == pytest.approx(
            history.fraud.mean(), 1e-4
        )
        assert one.hits == twin.hits > 0
        assert (one.alone, one.with_) == (0, ("R-001@1", one.hits))
        assert everything.alone == len(history) - one.hits

    def test_pieces_give_what_the_whole_gives(self, history, shipped, monkeypatch):
        whole = apply(shipped, history.frame)
        monkeypatch.setattr(histories, "CHUNK", 500)
        parts = apply(shipped, history.frame)
        for a, b in zip(whole.rules, parts.rules, strict=True):
            assert np.array_equal(a.hit, b.hit)

    def test_same_rules_change_no_verdict(self, history, shipped, accounts):
        applied = apply(shipped, history.frame)
        given = history.given.with_rules(applied.counted())
        found = changes(history, given.verdicts(POLICY.document), accounts)
        assert found.table == {}
        assert found.figures["good_disturbed_more"]["value"] == 0

    def test_blocking_everything_stops_all_and_disturbs_all(
        self, history, accounts, write_rules
    ):
        rules = write_rules({"when": "amount_minor >= 0", "effect": "BLOCK"})
        applied = apply(rules, history.frame)
        given = history.given.with_rules(applied.counted())
        found = changes(history, given.verdicts(POLICY.document), accounts)
        new = found.figures["new"]
        assert new["fraud_money_stopped"]["value"] == 1.0
        assert new["good_declined"]["value"] == 1.0


class TestRecordedDecisions:
    def _line(self, number, verdict, fraud):
        made = make_decision_made(
            f"d-{number}",
            f"t-{number}",
            values=(None,) * len(PAYMENT_FEATURES.names),
            verdict=verdict,
        )
        vector = made.features.model_copy(update={"hash": PAYMENT_FEATURES.hash})
        made = made.model_copy(update={"features": vector})
        return {"made": orjson.loads(made.model_dump_json()), "fraud": fraud}

    def test_declined_payment_without_label_is_nobody_s(self, tmp_path):
        rows = [
            ("APPROVE", False),
            ("DECLINE", None),
            ("DECLINE", False),
            ("APPROVE", True),
        ]
        file = tmp_path / "decisions.jsonl"
        lines = [orjson.dumps(self._line(n, *row)) for n, row in enumerate(rows)]
        file.write_bytes(b"\n".join(lines))
        found = recorded(from_file(file), POLICY.document, "a file")
        assert found.decided.tolist() == [0, 2, 2, 0]
        assert found.good.tolist() == [True, False, False, False]
        assert found.blind.tolist() == [False, True, True, False]

    def test_line_that_is_no_decision_is_named(self, tmp_path):
        file = tmp_path / "decisions.jsonl"
        file.write_text("{}\n")
        with pytest.raises(NoHistory, match="line 1"):
            list(from_file(file))


class TestWhatIf:
    def test_lower_thresholds_disturb_more_and_stop_more(self, history, accounts):
        low, high = (
            history.given.verdicts(scaled(POLICY.document, factor))
            for factor in (0.001, 4.0)
        )
        assert ((low > 0) >= (high > 0)).all()
        assert (low > 0).sum() > (high > 0).sum()

    def test_scaled_policy_keeps_its_bands_in_order(self):
        for factor in (0.01, 3.0, 100.0):
            bands = scaled(POLICY.document, factor).risk.bands
            lowers = [row.lower for row in bands]
            assert lowers == sorted(set(lowers))
            assert lowers[0] == 0.0

    def test_recommendations_are_the_cheapest_and_the_strictest_that_fits(
        self, history, accounts
    ):
        rows = list(thresholds(history, POLICY.document, accounts))
        cheapest = by_money(rows)
        assert all(
            cheapest["cost_per_1000"]["value"] <= row["cost_per_1000"]["value"]
            for row in rows
        )
        assert by_hours(rows, hours=1e9, minutes=6, scale=1.0) is rows[0]
        assert by_hours(rows, hours=0.0, minutes=6, scale=1.0) is None


class TestSuggestions:
    def test_rule_that_was_hidden_in_the_labels_is_found(self, history):
        frame = history.frame
        planted = (
            ((frame["is_ecommerce"] == 1.0) & (frame["hour_of_day"] >= 12.0))
            .fill_null(value=False)
            .to_numpy()
        )
        blind = replace(
            history,
            fraud=planted,
            good=~planted,
            decided=np.zeros(len(history), dtype=np.int8),
            frame=frame.drop("reported_at"),
        )
        found = suggest(blind, POLICY.document.costs, seed=1, most=1)
        assert len(found) == 1
        assert found[0].precision["value"] == 1.0
        assert found[0].gain["value"] > 0
        assert "state: draft" in as_rules(found)


class TestSystem:
    def test_whole_system_is_measured_beside_its_parts(
        self, history, shipped, accounts, month
    ):
        case = month.frame["case"].to_numpy()
        applied = apply(shipped, history.frame)
        scene = Scene(history, applied, POLICY.document, case)
        assert scene.first.sum() == len(np.unique(case[case > 0]))
        verdicts = dict(systems(scene))
        found = {n: measured(scene, v, accounts) for n, v in verdicts.items()}
        stopped = {n: f["fraud_payments_stopped"]["value"] for n, f in found.items()}
        assert stopped["full system"] >= stopped["models alone"]
        assert stopped["full system"] > stopped["rules alone"]

    def test_recall_at_a_friction_takes_no_more_than_it(self):
        fraud = np.array([True, False, True, False])
        stopped, spent = recall_at(fraud, ~fraud, np.array([0.9, 0.8, 0.7, 0.1]), 0.4)
        assert (stopped.tolist(), spent) == ([True, False, False, False], 0.0)


class TestLaws:
    def test_worse_evidence_is_never_milder(self):
        for name, (better, worse) in pairs(POLICY, 1_500, seed=3):
            before, after = POLICY.decide(better), POLICY.decide(worse)
            assert after.decision.severity >= before.decision.severity, name

    @pytest.mark.slow
    def test_every_law_is_proved_of_the_shipped_policy(self):
        outcomes = {name: outcome for name, (outcome, _) in proved(POLICY.document)}
        assert outcomes == dict.fromkeys(LAWS, "proved")

    def test_law_holds_of_the_shipped_policy_and_not_of_one_that_breaks_it(self):
        body = DEFAULT_POLICY.read_bytes()
        # A known account is challenged for what an unknown one is not.
        broken = body.replace(b"over_typical: 50.0", b"over_typical: 2.0").replace(
            b"over_typical_from_minor: 100000", b"over_typical_from_minor: 9"
        )
        outcomes = [
            dict(proved(load(text).document, ["no history"]))["no history"][0]
            for text in (body, broken)
        ]
        assert outcomes == ["proved", "refuted"]
