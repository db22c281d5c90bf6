"""What one tenant does to its payments stays its own, whatever the numbers are."""

from typing import Any

import pytest

from fraud_shared.web.problems import NotFound


class TestProfiles:
    async def test_profile_of_another_tenants_account_is_not_found(
        self, world: Any, decided: Any
    ) -> None:
        async with world.service() as service:
            await service.handle([decided(1)])
            with pytest.raises(NotFound):
                await service.profile("market", "acc-1")
            assert (await service.profile("shop", "acc-1")).payments == 1

    async def test_accounts_of_one_number_at_two_tenants_are_two(
        self, world: Any, decided: Any
    ) -> None:
        async with world.service() as service:
            await service.handle([decided(1), decided(2), decided(3, client="market")])
            assert (await service.profile("shop", "acc-1")).payments == 2
            assert (await service.profile("market", "acc-1")).payments == 1


class TestLabels:
    async def test_reversal_by_another_tenant_leaves_the_chargeback_standing(
        self, world: Any, decided: Any, labelled: Any
    ) -> None:
        async with world.service() as service:
            await service.handle([decided(1), decided(1, client="market")])
            await service.handle([labelled(1)])
            await service.handle([labelled(1, reversal=True, tenant="market")])
            assert (await service.label("shop", "tx-1")).state == "fraud"
            assert (await service.profile("shop", "acc-1")).labels.fraud == 1

    async def test_label_of_another_tenant_does_not_count_as_fraud(
        self, world: Any, decided: Any, labelled: Any
    ) -> None:
        async with world.service() as service:
            await service.handle([decided(1), labelled(1, tenant="market")])
            with pytest.raises(NotFound):
                await service.label("shop", "tx-1")
            assert (await service.profile("shop", "acc-1")).labels.fraud == 0

    async def test_state_of_another_tenants_payment_is_not_found(
        self, world: Any, decided: Any, labelled: Any
    ) -> None:
        async with world.service() as service:
            await service.handle([decided(1), labelled(1)])
            with pytest.raises(NotFound):
                await service.label("market", "tx-1")
