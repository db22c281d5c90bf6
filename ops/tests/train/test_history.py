from datetime import UTC, datetime

import pytest

from fraud_features.definitions.facts import Facts, facts_of
from fraud_features.definitions.maths import differs
from fraud_features.offline.frame import frame
from fraud_ops.simulate import SimulatedPayment, SimulationConfig, transactions
from fraud_ops.train.history import NEVER, flat, simulate
from fraud_orchestrator.privacy import Privacy
from fraud_shared.contracts.transaction import TransactionIn

CONFIG = SimulationConfig(seed=5, payments=3000, days=60)


@pytest.fixture(scope="module")
def history():
    return simulate(CONFIG)


class TestRows:
    def test_say_the_same_as_the_contract(self):
        """The short cut past validation gives the facts that serving would see: of an
        address only whether it is the same, for which serving has a token."""
        privacy = Privacy("a-key-for-tests-of-at-least-32-characters")
        for event in transactions(CONFIG).payments[:500]:
            given = TransactionIn.model_validate_json(_json(event))
            short, served = facts_of(flat(event)), facts_of(privacy.inside(given))
            assert _elsewhere(short) == _elsewhere(served)
            assert _comparable(short, given) == _comparable(served, given)

    def test_hold_no_names(self, history):
        columns = {column for row in history.rows for column in row}
        assert not {c for c in columns if "name" in c or "birth" in c}

    def test_are_in_the_order_of_time(self, history):
        assert len(history) == 3000
        assert (history.at[1:] >= history.at[:-1]).all()


class TestReports:
    def test_a_fraud_is_known_once_it_is_reported(self, history):
        reports = history.reports
        first = reports.reported()
        late = int(first[first < NEVER].max())
        assert not reports.known_fraud(int(history.at[0])).any()
        known = reports.known_fraud(late + 1)
        assert known.sum() > 0
        assert (known & ~history.fraud).sum() <= (~reports.fraud).sum()

    def test_what_was_withdrawn_is_no_fraud(self, history):
        reports = history.reports
        withdrawn = reports.payment[~reports.fraud]
        assert len(withdrawn) > 0
        assert not reports.known_fraud(NEVER)[withdrawn].any()

    def test_what_stands_is_what_the_offline_frame_learns(self, history):
        learnt = frame(history.rows, history.labels)["label"] == 1
        known = history.reports.known_fraud(NEVER)
        assert learnt.fill_null(False).to_list() == known.tolist()


def _elsewhere(facts: Facts) -> bool | None:
    return differs(facts.shipping_address, facts.billing_address)


def _comparable(facts: Facts, given: TransactionIn) -> Facts:
    """Without addresses; `ip` as it was given, which serving replaces."""
    ip = given.device.ip if given.device else None
    return facts._replace(ip=ip, billing_address=None, shipping_address=None)


def _json(event: SimulatedPayment) -> bytes:
    import orjson

    return orjson.dumps(event.payment)


def test_moments_are_in_utc(history):
    start = datetime(2025, 10, 6, tzinfo=UTC)
    assert history.at[0] >= start.timestamp() * 1e6
