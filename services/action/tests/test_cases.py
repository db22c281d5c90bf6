import asyncio

import pytest
import sqlalchemy as sa

from fraud_action.cases import CaseResolved
from fraud_action.tables import outbox
from fraud_shared.contracts.action import CaseResolution
from fraud_shared.contracts.events import LABEL_REPORTED, CloudEvent
from fraud_shared.contracts.label import LabelReported
from fraud_shared.web.problems import NotFound

FRAUD = CaseResolution(resolution="fraud", analyst="anna", note="called the customer")
GOOD = CaseResolution(resolution="legitimate", analyst="anna")


async def labels(desk) -> list[LabelReported]:
    async with desk.db.read() as conn:
        bodies = await conn.scalars(
            sa.select(outbox.c.body).where(outbox.c.type == LABEL_REPORTED)
        )
        events = [CloudEvent.model_validate_json(body) for body in bodies]
    return [LabelReported.model_validate(e.data, strict=False) for e in events]


class TestResolution:
    async def test_becomes_one_label(self, world, request_for):
        async with world.desk() as one, world.desk() as two:
            reply = await one.execute(request_for("case"))
            case_id = reply.results[0].reference
            await asyncio.gather(
                *(desk.resolve_case(case_id, FRAUD) for desk in (one, two) * 4)
            )
            (label,) = await labels(one)
            assert (label.label, label.source) == ("fraud", "analyst")
            assert label.transaction_id == "tx-of-d-1"
            assert await one.cases.list("open", 10) == []

    async def test_note_stays_in_the_case(self, world, request_for):
        async with world.desk() as desk:
            reply = await desk.execute(request_for("case"))
            case = await desk.resolve_case(reply.results[0].reference, FRAUD)
            assert case.note == FRAUD.note
            (label,) = await labels(desk)
            assert FRAUD.note not in label.model_dump_json()

    async def test_legitimate_lifts_hold_and_block(self, world, request_for):
        async with world.desk() as desk:
            reply = await desk.execute(
                request_for("case", "payment_hold", "card_block")
            )
            await desk.resolve_case(reply.results[0].reference, GOOD)
            assert await desk.holds.list("active", 10) == []
            assert await desk.blocks.list("active", 10) == []
            assert world.online.until == {}

    async def test_fraud_leaves_them(self, world, request_for):
        async with world.desk() as desk:
            reply = await desk.execute(
                request_for("case", "payment_hold", "card_block")
            )
            await desk.resolve_case(reply.results[0].reference, FRAUD)
            assert len(await desk.holds.list("active", 10)) == 1
            assert ("card", "card-1") in world.online.until

    async def test_another_finding_is_refused(self, world, request_for):
        async with world.desk() as desk:
            reply = await desk.execute(request_for("case"))
            await desk.resolve_case(reply.results[0].reference, FRAUD)
            with pytest.raises(CaseResolved):
                await desk.resolve_case(reply.results[0].reference, GOOD)

    async def test_unknown_case_is_not_found(self, world):
        async with world.desk() as desk:
            with pytest.raises(NotFound):
                await desk.resolve_case("case-none", FRAUD)
