"""The in-process structures against the obvious lists, over all interleavings."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from fraud_features.engine import Engine
from fraud_features.facts import facts_of
from fraud_features.layout import SLOTS
from fraud_features.online import LabelEffect
from fraud_features.testing import Oracle, payment

HOUR = 3600
# Steps that land on, just inside and just outside the edges of windows.
STEPS = st.sampled_from(
    [0, 1e-6, 1, 300, 300 - 1e-6, HOUR, 24 * HOUR, 168 * HOUR, 720 * HOUR]
)
LATENESS = st.sampled_from(
    [0, 0, 0, 0, 1e-6, 300, HOUR, 24 * HOUR, 168 * HOUR, 900 * HOUR]
)
NAMES = st.sampled_from(["a", "b"])


class EngineAgainstOracle(RuleBasedStateMachine):
    """Payments, in order or late, and labels that come and go."""

    def __init__(self):
        super().__init__()
        self.engine, self.oracle = Engine(), Oracle()
        self.now = 800 * HOUR
        self.sent = []

    @rule(
        step=STEPS,
        late=LATENESS,
        account=NAMES,
        terminal=NAMES,
        device=st.none() | NAMES,
        receiver=st.none() | NAMES,
        amount=st.integers(0, 10**6),
        kind=st.sampled_from(["card_payment", "transfer", "refund"]),
    )
    def pay(self, step, late, account, terminal, device, receiver, amount, kind):
        self.now += step
        sent = payment(
            max(self.now - late, 0),
            transaction_id=f"t{len(self.sent)}",
            account_id=account,
            terminal_id=terminal,
            merchant_id="m",
            card_token=f"card-{account}",
            device_id=device,
            ip=device,
            counterparty_account=receiver,
            amount_minor=amount,
            kind=kind,
        )
        self.sent.append(sent)
        found = dict(zip(SLOTS, self.engine.observe(facts_of(sent)), strict=True))
        assert found == self.oracle.observe(sent)

    @rule(which=st.integers(0, 60), fraud=st.booleans())
    def label(self, which, fraud):
        if which >= len(self.sent):
            return
        sent = self.sent[which]
        facts = facts_of(sent)
        self.engine.apply_label(
            LabelEffect(
                transaction_id=sent.transaction_id,
                label="fraud" if fraud else "legitimate",
                occurred_at=sent.occurred_at,
                terminal_id=facts.terminal,
            )
        )
        self.oracle.label(
            "terminal", facts.terminal, sent.transaction_id, facts.t if fraud else None
        )


TestEngine = EngineAgainstOracle.TestCase
TestEngine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


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
