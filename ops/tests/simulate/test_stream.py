import hashlib
import os
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from itertools import islice, pairwise

import orjson
import pytest

from fraud_ops.simulate import (
    SCENARIO_SHARES,
    SimulatedLabel,
    SimulatedPayment,
    SimulationConfig,
    fraud,
    stream,
    transactions,
)
from fraud_shared.contracts.label import LabelReport
from fraud_shared.contracts.transaction import TransactionIn

CONFIG = SimulationConfig(seed=11, payments=20_000, false_reports=0.002)

DIGEST_SCRIPT = """
import hashlib, orjson, sys
from fraud_ops.simulate import SimulatedPayment, SimulationConfig, stream
digest = hashlib.sha256()
for event in stream(SimulationConfig(seed=11, payments=20_000, false_reports=0.002)):
    body = event.payment if isinstance(event, SimulatedPayment) else event.label
    digest.update(orjson.dumps(body) + b"\\n")
sys.stdout.write(digest.hexdigest())
"""


@pytest.fixture(scope="module")
def events():
    return list(stream(CONFIG))


@pytest.fixture(scope="module")
def payments(events):
    return [event for event in events if isinstance(event, SimulatedPayment)]


@pytest.fixture(scope="module")
def labels(events):
    return [event for event in events if isinstance(event, SimulatedLabel)]


def digest_of(events):
    digest = hashlib.sha256()
    for event in events:
        body = event.payment if isinstance(event, SimulatedPayment) else event.label
        digest.update(orjson.dumps(body) + b"\n")
    return digest.hexdigest()


class TestContract:
    def test_every_payment_is_a_valid_transaction(self, payments):
        for event in payments:
            TransactionIn.model_validate_json(orjson.dumps(event.payment))

    def test_every_label_is_a_valid_report(self, labels):
        for event in labels:
            LabelReport.model_validate_json(orjson.dumps(event.label))

    def test_times_in_the_body_are_the_event_times(self, payments, labels):
        for event in payments[::50]:
            parsed = TransactionIn.model_validate_json(orjson.dumps(event.payment))
            assert parsed.occurred_at == event.occurred_at
        for event in labels:
            parsed = LabelReport.model_validate_json(orjson.dumps(event.label))
            assert parsed.reported_at == event.reported_at

    def test_no_payment_names_its_scenario(self, payments):
        for event in payments:
            if event.fraud:
                assert str(event.scenario).encode() not in orjson.dumps(event.payment)

    def test_no_payment_holds_a_card_number(self, payments):
        assert all("pan" not in event.payment.get("card", {}) for event in payments)

    def test_fraud_and_honest_payments_have_the_same_fields(self, payments):
        def shapes(fraud):
            return {
                (channel, tuple(sorted(p.payment)))
                for p in payments
                if p.fraud is fraud and (channel := p.payment["channel"])
            }

        assert shapes(True) <= shapes(False)


class TestLogins:
    def test_come_before_their_payment_and_are_no_payments(self):
        config = SimulationConfig(seed=3, payments=2_000, logins=0.5)
        found = transactions(config).payments
        logins = [e for e in found if e.payment["kind"] == "login"]
        assert len(found) - len(logins) == 2_000
        assert len(logins) > 50
        for before, after in pairwise(found):
            if before.payment["kind"] == "login":
                TransactionIn.model_validate_json(orjson.dumps(before.payment))
                name = after.payment["transaction_id"]
                assert before.payment["transaction_id"] == f"{name}-login"
                assert before.payment["account_id"] == after.payment["account_id"]

    def test_change_nothing_about_the_payments(self):
        plain = transactions(SimulationConfig(seed=3, payments=500)).payments
        other = transactions(
            SimulationConfig(seed=3, payments=500, logins=1.0)
        ).payments
        kept = [e.payment for e in other if e.payment["kind"] != "login"]
        assert kept == [e.payment for e in plain]


class TestOrder:
    def test_events_come_in_the_order_of_time(self, events):
        times = [
            e.occurred_at if isinstance(e, SimulatedPayment) else e.reported_at
            for e in events
        ]
        assert all(a <= b for a, b in pairwise(times))

    def test_a_label_comes_after_its_payment(self, events):
        seen = set()
        for event in events:
            if isinstance(event, SimulatedPayment):
                seen.add(event.payment["transaction_id"])
            else:
                assert event.label["transaction_id"] in seen

    def test_ids_are_unique(self, payments):
        ids = {event.payment["transaction_id"] for event in payments}
        assert len(ids) == len(payments)

    def test_payments_lie_inside_the_period(self, payments):
        end = CONFIG.start + timedelta(days=CONFIG.days)
        assert payments[0].occurred_at >= CONFIG.start
        assert payments[-1].occurred_at < end

    def test_the_stream_is_lazy(self):
        ten_years = SimulationConfig(payments=5_000_000, days=3_650, accounts=100)
        assert len(list(islice(stream(ten_years), 10))) == 10


class TestAmounts:
    @pytest.mark.parametrize("count", [50, 777, 20_000])
    def test_the_number_of_payments_is_exact(self, count):
        config = SimulationConfig(seed=3, payments=count)
        assert len(transactions(config).payments) == count

    @pytest.mark.parametrize("days", [1, 2, 10])
    def test_no_crime_outlasts_a_short_period(self, days):
        config = SimulationConfig(seed=4, payments=3_000, days=days, fraud_rate=0.2)
        payments = transactions(config).payments
        assert len(payments) == 3_000
        assert sum(event.fraud for event in payments) == 600
        assert payments[-1].occurred_at < config.start + timedelta(days=days)

    def test_the_fraud_rate_is_as_configured(self, payments):
        share = sum(event.fraud for event in payments) / len(payments)
        assert share == pytest.approx(CONFIG.fraud_rate, rel=0.05)

    def test_every_scenario_happens(self, payments):
        assert {event.scenario for event in payments} == {None, *SCENARIO_SHARES}

    def test_every_scenario_happens_in_five_hundred_payments(self):
        small = transactions(SimulationConfig(seed=5, payments=500)).payments
        assert {event.scenario for event in small} == {None, *SCENARIO_SHARES}

    def test_a_scenario_can_be_left_out(self):
        only = SimulationConfig(payments=5_000, scenarios={"card_testing": 1.0})
        found = Counter(event.scenario for event in transactions(only).payments)
        assert set(found) == {None, "card_testing"}
        assert found["card_testing"] == 30


class TestLabels:
    def test_every_fraud_is_reported_once(self, payments, labels):
        frauds = {e.payment["transaction_id"] for e in payments if e.fraud}
        reports = Counter(e.label["transaction_id"] for e in labels)
        assert all(reports[transaction_id] == 1 for transaction_id in frauds)

    def test_a_false_report_is_withdrawn_by_its_source(self, payments, labels):
        honest = {e.payment["transaction_id"] for e in payments if not e.fraud}
        stories = {}
        for event in labels:
            if event.label["transaction_id"] in honest:
                story = stories.setdefault(event.label["transaction_id"], [])
                story.append((event.label["source"], event.label["reversal"]))
        assert stories
        for (first, withdrawn), (second, withdrawal) in stories.values():
            assert first == second
            assert not withdrawn
            assert withdrawal

    def test_chargebacks_take_a_day_at_least_and_two_weeks_as_a_rule(
        self, payments, labels
    ):
        paid = {e.payment["transaction_id"]: e.occurred_at for e in payments}
        delays = sorted(
            event.reported_at - paid[event.label["transaction_id"]]
            for event in labels
            if event.label["source"] == "chargeback" and not event.label["reversal"]
        )
        assert delays[0] >= timedelta(days=1)
        middle = delays[len(delays) // 2]
        assert timedelta(days=12) <= middle <= timedelta(days=20)


class TestSeed:
    def test_the_same_seed_gives_the_same_bytes(self, events):
        assert digest_of(stream(CONFIG)) == digest_of(events)

    def test_another_process_gives_the_same_bytes(self, events):
        found = subprocess.run(
            [sys.executable, "-c", DIGEST_SCRIPT],
            env={**os.environ, "PYTHONHASHSEED": "4711"},
            capture_output=True,
            check=True,
            text=True,
        )
        assert found.stdout == digest_of(events)

    def test_another_seed_gives_other_payments(self, payments):
        other = transactions(SimulationConfig(seed=12, payments=20_000)).payments
        mine = {(e.occurred_at, e.payment["amount_minor"]) for e in payments}
        theirs = {(e.occurred_at, e.payment["amount_minor"]) for e in other}
        assert len(mine & theirs) < 100
        assert (
            payments[0].payment["transaction_id"]
            != (other[0].payment["transaction_id"])
        )

    def test_one_scenario_leaves_the_others_alone(self, monkeypatch):
        def crimes(name):
            return [
                (e.occurred_at, e.payment["amount_minor"])
                for e in transactions(CONFIG).payments
                if e.scenario == name
            ]

        before = crimes("card_testing")
        large = fraud.SCENARIOS["large_amount"]

        def greedier(scene):
            scene.rng.random(100)
            large.act(scene)

        monkeypatch.setitem(
            fraud.SCENARIOS, "large_amount", large._replace(act=greedier)
        )
        assert crimes("card_testing") == before


class TestConfiguration:
    @pytest.mark.parametrize(
        "wrong",
        [
            {"seed": -1},
            {"payments": 0},
            {"days": 0},
            {"accounts": 3},
            {"fraud_rate": 0.9},
            {"false_reports": -0.1},
            {"scenarios": {"unheard_of": 1.0}},
            {"scenarios": {"card_testing": float("nan")}},
            {"listed_names": ()},
        ],
    )
    def test_nonsense_is_refused(self, wrong):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            SimulationConfig(**wrong)

    def test_a_start_without_midnight_is_refused(self):
        with pytest.raises(ValueError, match="midnight"):
            SimulationConfig(start=CONFIG.start + timedelta(hours=1))
