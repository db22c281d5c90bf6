"""What a row of the table of periods says, and the guards over what is still needed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

Guard = Callable[[sa.Table], sa.ColumnElement[bool]]
DAY = timedelta(days=1)
# What anti-money-laundering law asks of a payment's records in most places.
AUDIT = 1826 * DAY


@dataclass(frozen=True)
class Retention:
    """Rows go `default` after the time in `column`, once `where` allows it.

    `what` names them in the metric and the docs, and their `table` unless that is given.
    `setting` (`retain_<what>` unless given) is a field of the settings of each of `services`,
    not below `least`. `column` None: the row goes as soon as `where` holds. `with_it`: tables
    whose rows with the same key go in the same transaction.
    """

    what: str
    services: tuple[str, ...]
    column: str | None
    default: timedelta
    why: str
    where: Guard | None = None
    table: str = ""
    setting: str = ""
    least: timedelta = DAY
    with_it: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "table", self.table or self.what)
        object.__setattr__(self, "setting", self.setting or f"retain_{self.what}")


def none_(table: sa.Table, other: str, *columns: str) -> sa.ColumnElement[bool]:
    """No row of `other` has the same values in these columns."""
    found = table.metadata.tables[other]
    same = [found.c[name] == table.c[name] for name in columns]
    return ~sa.exists().where(*same)


def answered(decisions: sa.Table) -> sa.ColumnElement[bool]:
    """Replied to, and not owed to the online store."""
    missed = none_(decisions, "online_missed", "client", "transaction_id")
    return sa.and_(decisions.c.reply.is_not(None), missed)


def undelivered(table: sa.Table, key: str) -> sa.ColumnElement[bool]:
    queued = (table.metadata.tables[name] for name in ("outgoing", "deliveries"))
    return sa.and_(
        *(~sa.exists().where(sent.c.reference == table.c[key]) for sent in queued)
    )


def unblocked(targets: sa.Table) -> sa.ColumnElement[bool]:
    """The online store knows the newest state, and that is no block."""
    blocks = targets.metadata.tables["blocks"]
    same = blocks.c.kind == targets.c.kind, blocks.c.key == targets.c.key
    active = sa.exists().where(*same, blocks.c.state == "active")
    return sa.and_(targets.c.projected >= targets.c.revision, ~active)
