"""Events of list updates: each becomes one rescreening, or is kept aside."""

import pytest

from fraud_sanctions import tables
from fraud_sanctions.lists.consumer import pack, unpack
from fraud_shared.contracts.events import LIST_UPDATED, CloudEvent, ListUpdated
from fraud_shared.contracts.paging import PageQuery
from fraud_shared.testing.clocks import FakeClock

UPDATE = {
    "list": "own",
    "version": "2",
    "previous_version": "1",
    "sha256": "0" * 64,
    "entities": 3,
    "added": ["a"],
    "removed": [],
    "changed": ["b"],
    "complete": True,
}


def event(kind=LIST_UPDATED, key="e-1", **data):
    return CloudEvent(
        id=key,
        source="urn:fraud:sanctions",
        type=kind,
        subject="own",
        time=FakeClock().now(),
        data={**UPDATE, **data},
    )


class TestConsuming:
    async def test_an_update_is_written_down_once(self, world):
        async with world.replica() as replica:
            for _ in range(2):
                await replica.list_updates.handle([event(), event(key="e-2")])
            first, second = await replica.rows(tables.rescreenings)
        assert {first.event_id, second.event_id} == {"e-1", "e-2"}
        assert unpack(first.entities) == {"a", "b"}
        assert replica.list_updates.received.is_set()

    async def test_a_field_that_is_new_changes_nothing(self, world):
        async with world.replica() as replica:
            await replica.list_updates.handle([event(colour="blue")])
            assert len(await replica.rows(tables.rescreenings)) == 1

    @pytest.mark.parametrize(
        ("refused", "reason"),
        [
            (event("fraud.list.updated.v2"), "unknown_major"),
            (event("fraud.model.promoted.v1"), "unknown_type"),
            (event(version=None), "data_not_as_documented"),
        ],
    )
    async def test_what_cannot_be_used_is_kept_aside(self, world, refused, reason):
        async with world.replica() as replica:
            await replica.list_updates.handle([refused, event(key="e-2")])
            (parked,) = (await replica.list_updates.parking.page(PageQuery())).items
            assert (parked.reason, parked.event_id) == (reason, "e-1")
            assert len(await replica.rows(tables.rescreenings)) == 1

    def test_an_event_that_does_not_hold_all_means_all_of_the_list(self):
        update = ListUpdated.model_validate({**UPDATE, "complete": False})
        assert unpack(pack(update)) is None

    async def test_all_of_the_list_is_screened_then(self, world):
        async with world.replica() as replica:
            replica.pay("Bbbrastbolin")
            world.lists("N-9,Quandrilo Vexwhistle,person")
            replica.pay("Quandrilo Vexwhistle")
            await replica.book.write()
            await replica.reload()
            held = replica.service.edition.held["own"]
            whole = event(version=held, added=[], changed=[], complete=False)
            await replica.list_updates.handle([whole])
            await replica.rescreener.round()
            assert len(await replica.cases()) == 1
