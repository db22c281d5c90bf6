import json
from datetime import timedelta
from random import Random

import pytest

from fraud_features.definitions.label_resolution import AUTHORITY
from fraud_features.offline.frame import frame
from fraud_features.store.open_store import open_online_store
from fraud_features.store.port import OnlineStoreUnavailable
from fraud_shared.contracts.label import LabelReported
from fraud_shared.testing.factories import NOON, make_transaction
from fraud_shared.testing.servers import redis_url
from fraud_shared.web.problems import NotFound


class TestProjection:
    async def test_names_the_places_of_the_payment(self, world, decided, labelled):
        async with world.service() as service:
            await service.handle([decided(1), labelled(1)])
            await service.project()
            effect = world.online.effects["tx-1"]
            assert effect.is_fraud
            assert effect.occurred_at == NOON
            assert effect.places == (
                ("terminal", "ter-1"),
                ("merchant", "mer-1"),
                ("device", "dev-1"),
            )

    async def test_waits_for_the_decision(self, world, decided, labelled):
        async with world.service() as service:
            await service.handle([labelled(1)])
            assert await service.projector.round() == 0
            await service.handle([decided(1)])
            assert await service.projector.round() == 1

    async def test_outage_of_the_store_loses_nothing(self, world, decided, labelled):
        async with world.service() as service:
            await service.handle([decided(n) for n in range(3)])
            await service.handle([labelled(n) for n in range(3)])
            world.online.down = True
            with pytest.raises(OnlineStoreUnavailable):
                await service.project()
            world.online.down = False
            await service.project()
            assert set(world.online.effects) == {"tx-0", "tx-1", "tx-2"}
            assert await service.projector.round() == 0

    async def test_reversal_takes_it_back(self, world, decided, labelled):
        async with world.service() as service:
            await service.handle([decided(1), labelled(1)])
            await service.project()
            later = NOON + timedelta(days=5)
            await service.handle([labelled(1, at=later, reversal=True)])
            await service.project()
            assert not world.online.effects["tx-1"].is_fraud

    async def test_the_store_knows_what_training_learns(self, world, decided, labelled):
        chance = Random(7)
        events = [
            labelled(
                number,
                chance.choice(("fraud", "legitimate")),
                chance.choice(AUTHORITY),
                at=NOON + timedelta(days=chance.randrange(4)),
                reversal=chance.random() < 0.3,
            )
            for number in range(40)
            for _ in range(chance.randrange(1, 7))
        ]
        chance.shuffle(events)
        async with world.service() as service:
            await service.handle([decided(n) for n in range(40)])
            for start in range(0, len(events), 9):
                await service.handle(events[start : start + 9])
                await service.project()
        payments = [make_transaction(transaction_id=f"tx-{n}") for n in range(40)]
        table = frame(
            payments,
            [
                LabelReported.model_validate_json(json.dumps(event.data))
                for event in events
            ],
        )
        learnt = {
            name: label == 1
            for name, label in table.select("transaction_id", "label").rows()
        }
        projected = {
            name: effect.is_fraud for name, effect in world.online.effects.items()
        }
        assert projected == learnt
        assert {True, False} <= set(learnt.values())

    async def test_forgetful_store_gets_labels_again(self, world, decided, labelled):
        async with world.service() as service:
            await service.handle([decided(1), labelled(1)])
            await service.project()
            world.online.effects.clear()
            assert await service.projector.again() == 1
            await service.project()
            assert "tx-1" in world.online.effects

    async def test_says_what_stands_and_whether_the_store_knows(
        self, world, decided, labelled
    ) -> None:
        async with world.service() as service:
            with pytest.raises(NotFound):
                await service.label("shop", "tx-1")
            await service.handle([labelled(1)])
            early = await service.label("shop", "tx-1")
            assert (early.state, early.source) == ("fraud", "chargeback")
            assert not early.in_risk_windows
            assert await service.projector.waiting() == 0
            await service.handle([decided(1)])
            assert await service.projector.waiting() == 1
            await service.project()
            assert (await service.label("shop", "tx-1")).in_risk_windows
            assert await service.projector.waiting() == 0

    async def test_reports_in_any_order_and_twice_end_in_the_same_place(
        self, world, decided, labelled
    ) -> None:
        fraud = labelled(1)
        withdrawn = labelled(1, at=NOON + timedelta(days=5), reversal=True)
        async with world.service() as service:
            # The withdrawal overtakes what it withdraws; both come twice.
            await service.handle([decided(1), withdrawn])
            await service.project()
            await service.handle([fraud, withdrawn, fraud])
            await service.project()
            folded = await service.label("shop", "tx-1")
            assert (folded.state, folded.reports) == ("reversed", 2)
            assert not world.online.effects["tx-1"].is_fraud
            # Another source has its own say.
            await service.handle([labelled(1, source="issuer")])
            await service.project()
            assert world.online.effects["tx-1"].is_fraud

    @pytest.mark.parametrize("executor", ["memory", "redis"])
    async def test_the_real_store_accepts_it(self, world, decided, labelled, executor):
        url = "memory://?warm=1" if executor == "memory" else redis_url()
        world.online = open_online_store(url, prefix=world.schema, timeout_ms=5000)
        async with world.service() as service:
            await service.handle([decided(1), labelled(1)])
            await service.project()
            assert await service.projector.round() == 0
        await world.online.close()
