"""In-process, Redis and offline against one brute-force oracle, over all interleavings."""

import asyncio
import uuid
from collections import defaultdict

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from fraud_features.definitions.facts import facts_of
from fraud_features.definitions.label_resolution import LabelResolver, ReportedLabel
from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_features.offline.frame import replay
from fraud_features.store.memory.store import MemoryOnlineStore
from fraud_features.store.observation import LabelEffect
from fraud_features.store.redis.store import RedisOnlineStore
from fraud_features.store.schema import SLOTS
from fraud_features.testing import START, Oracle, payment
from fraud_shared.testing.servers import redis_url

HOUR = 3600
# Steps that land on, just inside and just outside the edges of windows.
STEPS = st.sampled_from(
    [0, 1e-6, 1, 300, 300 - 1e-6, HOUR, 24 * HOUR, 168 * HOUR, 720 * HOUR]
)
LATENESS = st.sampled_from(
    [0, 0, 0, 0, 1e-6, 300, HOUR, 24 * HOUR, 168 * HOUR, 900 * HOUR]
)
NAMES = st.sampled_from(["a", "b"])


class Executors(RuleBasedStateMachine):
    """Payments in order, late or repeated, and labels that come and go.

    The stores are asked payment by payment; the offline executor gets the whole history at
    the end, in chunks.
    """

    redis_at: str | None = None

    def __init__(self):
        super().__init__()
        self.loop = asyncio.Runner()
        self.oracle = Oracle()
        self.stores = [MemoryOnlineStore(warm=True)]
        if self.redis_at is not None:
            prefix = f"test-{uuid.uuid4().hex}"
            store = RedisOnlineStore(
                self.redis_at, prefix=prefix, socket_timeout=5, connect_timeout=5
            )
            self.stores.append(store)
            self.loop.run(store.mark_warm())
        self.now, self.clock = 800 * HOUR, START
        self.first, self.arrived, self.vectors = {}, [], []
        self.reports, self.waiting, self.folds = [], [], defaultdict(LabelResolver)
        self.chunk = 1000

    @initialize(chunk=st.sampled_from([1000, 1000, 16]))
    def cut(self, chunk):
        self.chunk = chunk

    @rule(
        step=STEPS,
        late=LATENESS,
        account=NAMES,
        card=st.none() | NAMES,
        terminal=NAMES,
        device=st.none() | NAMES,
        receiver=st.none() | NAMES,
        amount=st.integers(0, 10**6),
        kind=st.sampled_from(["card_payment", "transfer", "refund"]),
        place=st.none() | st.sampled_from([(48.1, 11.5), (-33.9, 151.2)]),
    )
    def pay(
        self,
        *,
        step,
        late,
        account,
        card,
        terminal,
        device,
        receiver,
        amount,
        kind,
        place,
    ):
        self.now += step
        lat, lon = place or (None, None)
        sent = payment(
            max(self.now - late, 0),
            transaction_id=f"t{len(self.first)}",
            account_id=account,
            card_token=card,
            terminal_id=terminal,
            merchant_id="m",
            merchant_country="DE" if terminal == "a" else "FR",
            device_id=device,
            ip=device,
            counterparty_account=receiver,
            amount_minor=amount,
            kind=kind,
            lat=lat,
            lon=lon,
        )
        self.clock = max(self.clock, sent.occurred_at)
        self.let_labels_count()
        expected = self.oracle.observe(sent)
        for found in self.ask(sent):
            assert dict(zip(SLOTS, found.raw, strict=True)) == expected
        self.first[sent.transaction_id] = found
        self.arrived.append(sent)
        self.vectors.append(PAYMENT_FEATURES.values_online(facts_of(sent), found.raw))

    @rule(which=st.integers(0, 60))
    def pay_again(self, which):
        if which < len(self.arrived):
            sent = self.arrived[which]
            self.arrived.append(sent)
            for found in self.ask(sent):
                assert found.repeat
                assert found == self.first[sent.transaction_id]

    @rule(
        which=st.integers(0, 60),
        fraud=st.booleans(),
        source=st.sampled_from(("chargeback", "analyst", "merchant")),
        reversal=st.booleans(),
    )
    def report(self, which, fraud, source, reversal):
        if which < len(self.arrived):
            report = {
                "transaction_id": self.arrived[which].transaction_id,
                "label": "fraud" if fraud else "legitimate",
                "source": source,
                "reversal": reversal,
                "reported_at": self.clock,
            }
            self.reports.append(report)
            self.waiting.append((report, self.arrived[which]))

    def ask(self, sent):
        return [self.loop.run(store.observe(sent)) for store in self.stores]

    def let_labels_count(self):
        due = [pair for pair in self.waiting if pair[0]["reported_at"] < self.clock]
        for report, sent in due:
            self.waiting.remove((report, sent))
            facts = facts_of(sent)
            fold = self.folds[facts.transaction_id]
            fold.add(ReportedLabel(**{f: report[f] for f in ReportedLabel.__slots__}))
            state = fold.standing().state
            effect = LabelEffect(
                transaction_id=facts.transaction_id,
                label="legitimate" if state == "reversed" else state,
                reversal=state == "reversed",
                occurred_at=sent.occurred_at,
                terminal_id=facts.terminal,
                merchant_id=facts.merchant,
                device_id=facts.device,
                counterparty_account=facts.counterparty,
            )
            for store in self.stores:
                self.loop.run(store.apply_label(effect))
            t = facts.t if effect.is_fraud else None
            for kind, key in effect.places:
                self.oracle.label(kind, key, facts.transaction_id, t)

    def teardown(self):
        try:
            for store in self.stores:
                self.loop.run(store.reset())
                self.loop.run(store.close())
            if self.arrived:
                parts = replay(self.arrived, self.reports, chunk=self.chunk)
                rows = [
                    row
                    for part in parts
                    for row in part.select(PAYMENT_FEATURES.names).rows()
                ]
                assert rows == self.vectors
        finally:
            self.loop.close()


class WithRedis(Executors):
    """The same, and Redis."""


def examples(most):
    """As many as the profile wants, which is 10,000 in the nightly one."""
    wanted = settings.default.max_examples
    return max(most, wanted)


class TestAgree:
    def test_memory_and_offline(self):
        run_state_machine_as_test(
            Executors,
            settings=settings(max_examples=25, stateful_step_count=30, deadline=None),
        )

    @pytest.mark.servers
    def test_redis_agrees_with_the_others(self):
        WithRedis.redis_at = redis_url()
        run_state_machine_as_test(
            WithRedis,
            settings=settings(max_examples=10, stateful_step_count=30, deadline=None),
        )

    @pytest.mark.slow
    @pytest.mark.servers
    def test_long_histories_agree(self):
        WithRedis.redis_at = redis_url()
        run_state_machine_as_test(
            WithRedis,
            settings=settings(
                max_examples=examples(1000), stateful_step_count=50, deadline=None
            ),
        )
