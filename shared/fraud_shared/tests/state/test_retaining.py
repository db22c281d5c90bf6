"""Deleting by age, on both backends: in batches, what is needed stays, counted."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import ValidationError
from pydantic_settings import SettingsConfigDict

from fraud_shared.state.database import Database
from fraud_shared.state.retaining import Retainer, _due, kept_for, rules_in
from fraud_shared.state.retention import RETENTIONS
from fraud_shared.state.retention_rule import DAY, Retention
from fraud_shared.state.telemetry import RETENTION_DELETED
from fraud_shared.testing.clocks import FakeClock
from fraud_shared.web.problems import Unavailable
from fraud_shared.web.settings import ServiceSettings

THINGS_RULE = Retention(
    what="things",
    services=("test",),
    column="at",
    default=10 * DAY,
    why="A test.",
    where=lambda t: t.c.extra.is_(None) & t.c.owner.is_(None),
)
OUTBOX_RULE = next(rule for rule in RETENTIONS if rule.what == "outbox")
Fill = Callable[[Sequence[dict[str, Any]]], Any]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def fill(db: Database, things: sa.Table) -> Fill:
    """Store things."""

    async def store(rows: Sequence[dict[str, Any]]) -> None:
        async with db.begin() as conn:
            await conn.execute(sa.insert(things), rows)

    return store


async def names(db: Database, things: sa.Table) -> set[str]:
    async with db.read() as conn:
        return set((await conn.execute(sa.select(things.c.name))).scalars())


def thing(name: str, at: datetime | None, owner: str | None = None) -> dict[str, Any]:
    return {"name": name, "count": 1, "at": at, "owner": owner}


def deleted(what: str) -> float:
    return RETENTION_DELETED.labels(what)._value.get()


def retainer(
    db: Database, table: sa.Table, clock: FakeClock, *rules: Retention
) -> Retainer:
    applied = [(rule, rule.default) for rule in rules]
    return Retainer(db, table.metadata, applied, clock)


class TestRetainer:
    async def test_round_with_many_old_rows_deletes_all_in_batches(
        self, db, things, fill, clock
    ):
        old = clock.now() - 11 * DAY
        await fill([thing(f"old-{n}", old) for n in range(10)])
        left: list[int] = []

        async def pause(_: float) -> None:
            left.append(len(await names(db, things)))

        before = deleted("things")
        applied = [(THINGS_RULE, THINGS_RULE.default)]
        work = Retainer(db, things.metadata, applied, clock, batch=3, pause=pause)
        assert await work.round() == 10
        # Payments go between: every pause finds three rows less.
        assert left == [7, 4, 1]
        assert await names(db, things) == set()
        assert deleted("things") == before + 10

    async def test_round_leaves_young_needed_and_undated_rows(
        self, db, things, fill, clock
    ):
        old = clock.now() - 10 * DAY
        await fill(
            [
                thing("old", old),
                thing("young", old + timedelta(seconds=1)),
                thing("needed", old, owner="somebody"),
                thing("undated", None),
            ]
        )
        assert await retainer(db, things, clock, THINGS_RULE).round() == 1
        assert await names(db, things) == {"young", "needed", "undated"}

    async def test_row_that_is_needed_between_search_and_deletion_stays(
        self, db, things, fill, clock
    ):
        await fill([thing("old", clock.now() - 11 * DAY)])
        due = _due(THINGS_RULE, things, clock.now() - 10 * DAY)
        taken = sa.update(things).values(owner="somebody")
        async with db.begin() as conn:
            await conn.execute(taken)
        work = retainer(db, things, clock, THINGS_RULE)
        gone = await db.run(
            lambda conn: work._delete(conn, THINGS_RULE, things, [("old",)], due)
        )
        assert gone == 0
        assert await names(db, things) == {"old"}

    async def test_rule_that_fails_does_not_keep_the_others_from_their_turn(
        self, db, things, fill, clock
    ):
        await fill([thing("old", clock.now() - 11 * DAY)])
        broken = replace(THINGS_RULE, what="broken", where=lambda t: sa.text("no = 1"))
        work = retainer(db, things, clock, broken, THINGS_RULE)
        with pytest.raises(Unavailable):
            await work.round()
        assert await names(db, things) == set()

    async def test_row_that_another_holds_is_left_for_the_next_round(
        self, db, things, fill, clock
    ):
        if not db.skip_locked:
            pytest.skip("SQLite locks the file, not rows")
        await fill([thing("old", clock.now() - 11 * DAY)])
        work = retainer(db, things, clock, THINGS_RULE)
        async with db.begin() as conn:
            await conn.execute(sa.select(things).with_for_update())
            assert await work.round() == 0
        assert await work.round() == 1

    async def test_sent_events_go_after_a_day_and_unsent_ones_never(
        self, db, outbox_rows, clock
    ):
        long_ago = clock.now() - 400 * DAY

        def row(name: str, sent_at: datetime | None) -> dict[str, Any]:
            return {
                "event_id": name,
                "type": "t",
                "body": b"",
                "created_at": long_ago,
                "sent_at": sent_at,
            }

        async with db.begin() as conn:
            await conn.execute(
                sa.insert(outbox_rows),
                [
                    row("old", clock.now() - DAY),
                    row("new", clock.now() - DAY / 2),
                    row("waiting", None),
                ],
            )
        assert await retainer(db, outbox_rows, clock, OUTBOX_RULE).round() == 1
        async with db.read() as conn:
            left = (await conn.execute(sa.select(outbox_rows.c.event_id))).scalars()
            assert set(left) == {"new", "waiting"}


class TestSettings:
    def test_class_gets_the_settings_of_its_rows(self, monkeypatch):
        @kept_for("post_auth")
        class Settings(ServiceSettings):
            """Of a test."""

            model_config = SettingsConfigDict(env_prefix="FRAUD_TEST_")
            port: int = 1

        monkeypatch.setenv("FRAUD_TEST_RETAIN_INBOX", "P9D")
        kept = {rule.what: kept for rule, kept in rules_in("post_auth", Settings())}
        assert kept["inbox"] == 9 * DAY
        assert kept["training_rows"] == kept["training_labels"] == 730 * DAY
        assert Settings.__doc__ == "Of a test."

    def test_period_below_the_least_is_refused(self):
        @kept_for("post_auth")
        class Settings(ServiceSettings):
            port: int = 1

        with pytest.raises(ValidationError, match="retain_inbox"):
            Settings(retain_inbox=7 * DAY)  # type: ignore[call-arg]


class TestTable:
    @pytest.mark.parametrize("rule", RETENTIONS, ids=lambda rule: rule.what)
    def test_every_row_has_a_reason_and_a_lawful_default(self, rule):
        assert rule.why.endswith(".")
        assert rule.default >= rule.least

    def test_parties_are_kept_shortest_of_what_names_a_person(self):
        of = {rule.what: rule.default for rule in RETENTIONS}
        personal = ("challenges", "alerts", "cases", "profiles", "decisions")
        assert of["parties"] <= min(of[what] for what in personal)

    def test_rows_that_share_a_setting_share_its_default(self):
        found: dict[tuple[str, str], set[timedelta]] = {}
        for rule in RETENTIONS:
            for service in rule.services:
                found.setdefault((service, rule.setting), set()).add(rule.default)
        assert all(len(defaults) == 1 for defaults in found.values())
