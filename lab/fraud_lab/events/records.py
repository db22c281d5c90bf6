"""What the gateway and post_auth have on record, read from their tables afterwards."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

import fraud_orchestrator
import fraud_post_auth
from fraud_lab.events.history import LinkHistory, link
from fraud_orchestrator import tables as gateway
from fraud_post_auth import tables as post_auth
from fraud_post_auth.profile import Change, change, joined, payment
from fraud_shared.contracts.decision import DecisionMade
from fraud_shared.contracts.events import DECISION_MADE, event_id
from fraud_shared.state.database import Database

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Databases:
    """The schemas of the two services at both ends."""

    gateway: Database
    post_auth: Database

    @classmethod
    def at(cls, url: str) -> "Databases":
        """Both in the database at `url`, under the names that the services use."""
        packages = (
            ("orchestrator", fraud_orchestrator),
            ("post_auth", fraud_post_auth),
        )
        return cls(
            *(
                Database(
                    url,
                    schema=schema,
                    migrations=Path(package.__path__[0]) / "migrations",
                    pool_size=4,
                )
                for schema, package in packages
            )
        )

    async def stop(self) -> None:
        """Close every connection."""
        await self.gateway.stop()
        await self.post_auth.stop()


async def unsent(db: Database) -> int:
    """How many events of the outbox were not confirmed."""
    table = gateway.outbox
    query = sa.select(sa.func.count()).where(table.c.sent_at.is_(None))
    async with db.read(patient=True) as conn:
        return int(await conn.scalar(query) or 0)


async def received(db: Database) -> int:
    """How many decisions post_auth has taken in."""
    query = sa.select(sa.func.count()).where(post_auth.inbox.c.type == DECISION_MADE)
    async with db.read(patient=True) as conn:
        return int(await conn.scalar(query) or 0)


async def expected(db: Database) -> int:
    """How many decisions are in the outbox."""
    query = sa.select(sa.func.count()).where(gateway.outbox.c.type == DECISION_MADE)
    async with db.read(patient=True) as conn:
        return int(await conn.scalar(query) or 0)


async def send_again(db: Database) -> int:
    """Have everything that was sent sent again, as after a relay that died before it could
    mark; returns how many events."""
    table = gateway.outbox
    async with db.begin(patient=True) as conn:
        done = await conn.execute(
            sa.update(table).where(table.c.sent_at.is_not(None)).values(sent_at=None)
        )
        return done.rowcount


async def decisions(db: Database) -> list[DecisionMade]:
    """Every decision of the log."""
    async with db.read(patient=True) as conn:
        rows = await conn.execute(sa.select(gateway.decisions.c.record))
        return [DecisionMade.model_validate_json(bytes(row.record)) for row in rows]


async def outbox_history(db: Database, made: list[DecisionMade]) -> LinkHistory:
    """From the decision log into the outbox: one transaction, so all or nothing."""
    wanted = {
        event_id(one.transaction.transaction_id, DECISION_MADE, one.client)
        for one in made
    }
    table = gateway.outbox
    async with db.read(patient=True) as conn:
        rows = await conn.execute(
            sa.select(table.c.event_id).where(table.c.type == DECISION_MADE)
        )
        return link(wanted, wanted, rows.scalars())


async def inbox_history(found: Databases) -> LinkHistory:
    """Decisions from the outbox into post_auth's inbox; acknowledged is what is marked as
    sent. What other services report is not looked at."""
    out, inbox = gateway.outbox, post_auth.inbox
    query = sa.select(out.c.event_id, out.c.sent_at).where(out.c.type == DECISION_MADE)
    async with found.gateway.read(patient=True) as conn:
        rows = (await conn.execute(query)).all()
    taken = sa.select(inbox.c.event_id).where(inbox.c.type == DECISION_MADE)
    async with found.post_auth.read(patient=True) as conn:
        effects = list((await conn.execute(taken)).scalars())
    return link(
        [row.event_id for row in rows],
        [row.event_id for row in rows if row.sent_at is not None],
        effects,
    )


async def training_history(db: Database, made: list[DecisionMade]) -> LinkHistory:
    """From decisions that count into training rows."""
    wanted = {one.decision.decision_id for one in made if one.transaction.counted}
    async with db.read(patient=True) as conn:
        rows = await conn.execute(sa.select(post_auth.training_rows.c.decision_id))
        return link(wanted, wanted, rows.scalars())


async def profiles_off(db: Database, made: list[DecisionMade]) -> int:
    """How many rows of the profiles differ from the fold of the decision log."""
    fold = _rows(change(payment(one) for one in made if one.transaction.counted))
    kept: dict[Row, Row] = {}
    async with db.read(patient=True) as conn:
        for row in (await conn.execute(sa.select(post_auth.profiles))).mappings():
            kept["account", *_names(row)] = _seen(row)
        for row in (
            await conn.execute(sa.select(post_auth.profile_amounts))
        ).mappings():
            squares = (row[f"squares_{part}"] for part in ("low", "middle", "high"))
            key = ("amounts", *_names(row), row["currency"], row["verdict"])
            kept[key] = (row["payments"], row["sum_minor"], joined(*squares))
        for row in (await conn.execute(sa.select(post_auth.profile_values))).mappings():
            kept["value", *_names(row), row["kind"], row["value"]] = _seen(row)
    return sum(fold.get(key) != kept.get(key) for key in fold.keys() | kept.keys())


def _names(row: sa.RowMapping) -> tuple[str, str]:
    return row["tenant"], row["account_id"]


def _seen(row: sa.RowMapping) -> Row:
    return row["payments"], row["first_seen"], row["last_seen"]


def _rows(total: Change) -> dict[Row, Row]:
    """What a change makes of empty tables."""
    rows: dict[Row, Row] = {}
    for account, seen in total.accounts.items():
        rows["account", *account] = (seen.payments, seen.first_seen, seen.last_seen)
    for (account, currency, verdict), group in total.amounts.items():
        key = ("amounts", *account, currency, verdict)
        rows[key] = (group.payments, group.sum_minor, group.squares)
    for (account, kind, value), seen in total.values.items():
        key = ("value", *account, kind, value)
        rows[key] = (seen.payments, seen.first_seen, seen.last_seen)
    return rows
