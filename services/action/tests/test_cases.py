import asyncio
import json
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from pydantic import ValidationError

from fraud_action.cases import CaseResolved
from fraud_action.tables import outbox
from fraud_shared.contracts.action import ActionRequest
from fraud_shared.contracts.cases import CaseQuery, CaseResolution
from fraud_shared.contracts.casework import BlockQuery, HoldQuery
from fraud_shared.contracts.events import ACTION_REQUESTED, LABEL_REPORTED, CloudEvent
from fraud_shared.contracts.label import LabelReported
from fraud_shared.mesh.tokens import Actor
from fraud_shared.web.keys import EVERY_TENANT
from fraud_shared.web.problems import InvalidInput, NotFound

ALL = (EVERY_TENANT,)
ANNA = Actor("anna", frozenset({"analyst"}), ALL, "bank")
FRAUD = CaseResolution(outcome="fraud", note="called the customer")
GOOD = CaseResolution(outcome="legitimate")


async def queued(service, tenants=ALL, **asked):
    return (await service.queue.page(CaseQuery(**asked), tenants)).items


async def labels(service) -> list[LabelReported]:
    async with service.db.read() as conn:
        bodies = await conn.scalars(
            sa.select(outbox.c.body).where(outbox.c.type == LABEL_REPORTED)
        )
        events = [CloudEvent.model_validate_json(body) for body in bodies]
    return [LabelReported.model_validate(e.data, strict=False) for e in events]


class TestResolution:
    async def test_becomes_one_label(self, world, request_for):
        async with world.service() as one, world.service() as two:
            reply = await one.execute(request_for("case"))
            case_id = reply.results[0].reference
            await asyncio.gather(
                *(
                    service.resolve_case(case_id, FRAUD, ANNA)
                    for service in (one, two) * 4
                )
            )
            (label,) = await labels(one)
            assert (label.label, label.source) == ("fraud", "analyst")
            assert label.transaction_id == "tx-of-d-1"
            assert await queued(one) == []

    async def test_note_stays_in_the_case(self, world, request_for):
        async with world.service() as service:
            reply = await service.execute(request_for("case"))
            case = await service.resolve_case(reply.results[0].reference, FRAUD, ANNA)
            assert case.note == FRAUD.note
            (label,) = await labels(service)
            assert FRAUD.note not in label.model_dump_json()

    async def test_legitimate_lifts_hold_and_block(self, world, request_for):
        async with world.service() as service:
            reply = await service.execute(
                request_for("case", "payment_hold", "card_block")
            )
            await service.resolve_case(reply.results[0].reference, GOOD, ANNA)
            assert (await service.holds.page(HoldQuery(), ALL)).items == []
            assert (await service.block_list.page(BlockQuery(), ALL)).items == []
            assert world.online.until == {}

    async def test_fraud_leaves_them(self, world, request_for):
        async with world.service() as service:
            reply = await service.execute(
                request_for("case", "payment_hold", "card_block")
            )
            await service.resolve_case(reply.results[0].reference, FRAUD, ANNA)
            assert len((await service.holds.page(HoldQuery(), ALL)).items) == 1
            assert ("card", "card-1") in world.online.until

    async def test_another_finding_is_refused(self, world, request_for):
        async with world.service() as service:
            reply = await service.execute(request_for("case"))
            await service.resolve_case(reply.results[0].reference, FRAUD, ANNA)
            with pytest.raises(CaseResolved):
                await service.resolve_case(reply.results[0].reference, GOOD, ANNA)

    async def test_unknown_case_is_not_found(self, world):
        async with world.service() as service:
            with pytest.raises(NotFound):
                await service.resolve_case("case-none", FRAUD, ANNA)


FOUND = {
    "role": "customer",
    "list": "own",
    "version": "2",
    "entity_id": "own-9",
    "similarity": 0.98,
    "strength": 0.9,
    "status": "match",
}
NOT_LISTED = CaseResolution(outcome="not_listed")


@pytest.fixture
def about_a_listing():
    """The request that screening known parties again makes."""

    def make(**overrides):
        fields = {
            "decision_id": "rescreening-1",
            "transaction_id": "tx-1",
            "account_id": "acc-1",
            "actions": ["case"],
            "reason": "SANCTIONS_LIST_UPDATE",
            "listing": FOUND,
        }
        return ActionRequest.model_validate_json(json.dumps({**fields, **overrides}))

    return make


def event_of(request):
    return CloudEvent(
        id="e-1",
        source="urn:fraud:sanctions",
        type=ACTION_REQUESTED,
        subject=request.transaction_id,
        time=datetime.now(UTC),
        data=request.model_dump(mode="json"),
    )


class TestACaseAboutAListing:
    async def test_is_made_once_and_says_what_was_found(self, world, about_a_listing):
        async with world.service() as service:
            for _ in range(2):
                await service.handle([event_of(about_a_listing())])
            (case,) = await queued(service)
        assert case.listing.model_dump() == FOUND
        assert (case.decision, case.amount_minor, case.currency) == (None, None, None)

    async def test_is_resolved_without_a_label(self, world, about_a_listing):
        async with world.service() as service:
            await service.handle([event_of(about_a_listing())])
            (case,) = await queued(service)
            for _ in range(2):
                resolved = await service.resolve_case(case.case_id, NOT_LISTED, ANNA)
            assert resolved.resolution == "not_listed"
            assert await labels(service) == []

    async def test_takes_no_finding_about_a_payment_nor_the_other_way_round(
        self, world, request_for, about_a_listing
    ):
        async with world.service() as service:
            await service.execute(request_for("case"))
            await service.handle([event_of(about_a_listing())])
            for case in await queued(service):
                wrong = NOT_LISTED if case.listing is None else FRAUD
                with pytest.raises(InvalidInput):
                    await service.resolve_case(case.case_id, wrong, ANNA)

    @pytest.mark.parametrize(
        "facts",
        [
            {"actions": ["case", "alert"]},
            {"actions": ["payment_hold"]},
            {"listing": None},
        ],
    )
    def test_asks_for_nothing_else(self, about_a_listing, facts):
        with pytest.raises(ValidationError):
            about_a_listing(**facts)


class TestTenants:
    async def test_case_of_another_tenant_is_neither_listed_nor_found_nor_resolved(
        self, world, request_for
    ):
        async with world.service() as service:
            reply = await service.execute(request_for("case", tenant="shop"))
            case_id = reply.results[0].reference
            assert await queued(service, ("market",)) == []
            with pytest.raises(NotFound):
                await service.cases.get(case_id, ("market",))
            with pytest.raises(NotFound):
                await service.resolve_case(
                    case_id, FRAUD, Actor("x", tenants=("market",))
                )
            (case,) = await queued(service, ("market", "shop"))
            assert (case.case_id, case.state) == (case_id, "open")
            assert await labels(service) == []

    async def test_label_of_a_finding_is_about_the_tenant_of_its_payment(
        self, world, request_for
    ):
        async with world.service() as service:
            reply = await service.execute(request_for("case", tenant="shop"))
            await service.resolve_case(reply.results[0].reference, FRAUD, ANNA)
            (label,) = await labels(service)
            assert label.tenant == "shop"
