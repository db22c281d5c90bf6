"""Strangers side by side, acquaintances in their order."""

import asyncio

import pytest

from fraud_lab.parity.in_order import InOrder, parties_of


def party(*names: str) -> frozenset[str]:
    return frozenset(names)


class TestInOrder:
    async def test_who_shares_a_party_waits_and_others_do_not(self) -> None:
        lanes, done, gate = InOrder(4), [], asyncio.Event()

        async def held(name: str) -> None:
            await gate.wait()
            done.append(name)

        async def quick(name: str) -> None:
            done.append(name)

        await lanes.submit(party("card", "shop"), held("first"))
        await lanes.submit(party("other"), quick("stranger"))
        second = asyncio.create_task(lanes.submit(party("shop"), quick("second")))
        while "stranger" not in done:
            await asyncio.sleep(0)
        assert done == ["stranger"]
        assert not second.done()
        gate.set()
        await second
        await lanes.drain()
        assert done == ["stranger", "first", "second"]

    async def test_never_more_than_allowed_at_once(self) -> None:
        lanes, under_way, most = InOrder(3), 0, 0

        async def work() -> None:
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0)
            under_way -= 1

        for number in range(20):
            await lanes.submit(party(str(number)), work())
        await lanes.drain()
        assert (most, under_way) == (3, 0)

    async def test_what_work_raises_is_raised_to_who_submits(self) -> None:
        lanes = InOrder(1)

        async def broken() -> None:
            raise ValueError("no answer")

        await lanes.submit(party("a"), broken())
        with pytest.raises(ValueError, match="no answer"):
            await lanes.drain()


class TestParties:
    def test_a_receiver_and_an_account_of_the_same_name_are_one(self) -> None:
        pays = {"account_id": "one", "counterparty": {"account": "two"}}
        assert parties_of(pays) & parties_of({"account_id": "two"})

    def test_a_card_and_an_account_of_the_same_name_are_not(self) -> None:
        assert not parties_of({"account_id": "x"}) & parties_of(
            {"account_id": "y", "card": {"token": "x"}}
        )
