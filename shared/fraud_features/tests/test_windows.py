"""What the in-process structures keep, and what they forget."""

from fraud_features.definitions.facts import facts_of
from fraud_features.store.memory.engine import Engine
from fraud_features.testing import payment


class TestMemory:
    def test_what_no_window_reaches_is_forgotten(self):
        engine = Engine()
        for day in range(2000):
            engine.observe(facts_of(payment(day * 86_400, account_id=f"acc-{day % 3}")))
        log = engine._logs["account"]["acc-0"]
        assert len(log.moments) <= 512

    def test_entities_that_went_quiet_are_forgotten(self):
        engine = Engine()
        for number in range(50):
            engine.observe(
                facts_of(payment(number, account_id=f"acc-{number}", ip=f"i{number}"))
            )
        engine.observe(facts_of(payment(86_400 * 500)))
        engine._sweep()
        assert len(engine._logs["account"]) == 1
        assert len(engine._profiles) == 1
        assert not engine._logs["ip"]

    def test_sweeping_changes_no_answer(self):
        swept, kept = Engine(), Engine()
        for number in range(200):
            sent = facts_of(
                payment(
                    number * 86_400,
                    account_id=f"acc-{number % 40}",
                )
            )
            assert swept.observe(sent) == kept.observe(sent)
            swept._sweep()
