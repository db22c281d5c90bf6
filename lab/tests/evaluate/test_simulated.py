"""What is judged is what serving would have seen."""

from datetime import UTC, datetime

from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_features.store.memory.store import MemoryOnlineStore
from fraud_lab.evaluate.simulated import cases, history
from fraud_ops.simulate import SimulatedLabel, SimulationConfig, stream
from fraud_orchestrator.privacy import Privacy
from fraud_shared.contracts.transaction import TransactionIn

CONFIG = SimulationConfig(
    seed=5,
    payments=600,
    accounts=40,
    start=datetime(2026, 1, 1, tzinfo=UTC),
    days=40,
    fraud_rate=0.05,
)


class TestCases:
    async def test_the_second_half_comes_with_the_vectors_of_serving(self) -> None:
        store, privacy = MemoryOnlineStore(warm=True), Privacy("test")
        served, paid = [], {}
        for event in stream(CONFIG):
            if isinstance(event, SimulatedLabel):
                label = event.label
                if label["transaction_id"] in paid:
                    await store.apply_label(paid[label["transaction_id"]].effect(label))
                continue
            body = TransactionIn.model_validate(event.payment, strict=False)
            payment = privacy.inside(body)
            vector = PAYMENT_FEATURES.vector(payment, await store.observe(payment))
            served.append((payment.transaction_id, vector.values))
            paid[payment.transaction_id] = event
        judged = list(cases(*history(CONFIG, lambda _: None)))
        found = [(case.payment.transaction_id, case.vector.values) for case in judged]
        assert found == served[300:]
        assert any(
            vector[PAYMENT_FEATURES.index["merchant_risk_30d"]] for _, vector in found
        )
