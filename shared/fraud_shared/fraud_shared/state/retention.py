"""How long everything is kept: one table, for the services, their settings and the docs.

A row of `RETENTIONS` is a period, its setting, its reason, and the guard over what is still
needed. `retaining.py` makes settings of the rows and deletes by them; `fraud schemas` writes
`docs/retention.md` and a part of `.env.example` from them.
"""

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


def _none(table: sa.Table, other: str, *columns: str) -> sa.ColumnElement[bool]:
    """No row of `other` has the same values in these columns."""
    found = table.metadata.tables[other]
    same = [found.c[name] == table.c[name] for name in columns]
    return ~sa.exists().where(*same)


def _answered(decisions: sa.Table) -> sa.ColumnElement[bool]:
    """Replied to, and not owed to the online store."""
    missed = _none(decisions, "online_missed", "client", "transaction_id")
    return sa.and_(decisions.c.reply.is_not(None), missed)


def _undelivered(table: sa.Table, key: str) -> sa.ColumnElement[bool]:
    queued = (table.metadata.tables[name] for name in ("outgoing", "deliveries"))
    return sa.and_(
        *(~sa.exists().where(sent.c.reference == table.c[key]) for sent in queued)
    )


def _unblocked(targets: sa.Table) -> sa.ColumnElement[bool]:
    """The online store knows the newest state, and that is no block."""
    blocks = targets.metadata.tables["blocks"]
    same = blocks.c.kind == targets.c.kind, blocks.c.key == targets.c.key
    active = sa.exists().where(*same, blocks.c.state == "active")
    return sa.and_(targets.c.projected >= targets.c.revision, ~active)


RETENTIONS: tuple[Retention, ...] = (
    Retention(
        what="acts",
        services=("orchestrator",),
        column="at",
        default=AUDIT,
        least=365 * DAY,
        why="Who did what through the gateway. Their digests in the audit log stay.",
    ),
    Retention(
        what="work",
        services=("orchestrator",),
        column="finished_at",
        default=AUDIT,
        least=30 * DAY,
        where=lambda t: t.c.finished_at.is_not(None),
        why="Who proposed and approved models, and what studies of rules found.",
    ),
    Retention(
        what="parties",
        services=("sanctions",),
        column="last_seen",
        setting="party_retention_days",
        default=90 * DAY,
        least=timedelta(0),
        why="Names and birth dates, only to screen them again: the shortest of all personal "
        "data. What they resemble (`known_hits`) goes with them.",
    ),
    Retention(
        what="outbox",
        services=("orchestrator", "action", "sanctions"),
        column="sent_at",
        default=DAY,
        least=timedelta(0),
        where=lambda t: t.c.sent_at.is_not(None),
        why="Delivered and confirmed; a day to look into what was sent. Unsent events stay.",
    ),
    Retention(
        what="parked_replayed",
        services=("action", "post_auth", "sanctions"),
        table="parked",
        column="replayed_at",
        default=30 * DAY,
        where=lambda t: t.c.replayed_at.is_not(None),
        why="Handled since; kept to show what was corrected.",
    ),
    Retention(
        what="parked_waiting",
        services=("action", "post_auth", "sanctions"),
        table="parked",
        column="parked_at",
        default=365 * DAY,
        least=30 * DAY,
        where=lambda t: t.c.replayed_at.is_(None),
        why="Nobody could read it, so it may hold anything: it does not stay for ever. A "
        "year for somebody to look.",
    ),
    Retention(
        what="decisions",
        services=("orchestrator",),
        column="decided_at",
        default=AUDIT,
        least=45 * DAY,
        where=_answered,
        why="The audit trail, and what the online store is rebuilt from (its longest window "
        "and a week). Without a reply, or owed to the online store: stays. Idempotency keys "
        "go with their decision.",
    ),
    Retention(
        what="test_decisions",
        services=("orchestrator",),
        column="created_at",
        default=7 * DAY,
        why="Answers of test mode, long enough to look at what was tried out.",
    ),
    Retention(
        what="api_keys",
        services=("orchestrator",),
        column="revoked_at",
        default=400 * DAY,
        where=lambda t: t.c.revoked_at.is_not(None),
        why="Whose key it was, who made and who ended it, for a year; live keys stay.",
    ),
    Retention(
        what="labels",
        services=("orchestrator",),
        column="received_at",
        default=AUDIT,
        least=45 * DAY,
        why="What was reported about a payment belongs to its audit trail.",
    ),
    Retention(
        what="payment_events",
        services=("orchestrator",),
        column="received_at",
        default=AUDIT,
        least=45 * DAY,
        why="What happened to a payment belongs to its audit trail.",
    ),
    Retention(
        what="deliveries",
        services=("action",),
        table="outgoing",
        column="next_attempt_at",
        default=30 * DAY,
        where=lambda t: t.c.state != "pending",
        why="Messages that arrived or were given up. One that is still tried stays.",
    ),
    Retention(
        what="earlier_deliveries",
        services=("action",),
        table="deliveries",
        setting="retain_deliveries",
        column="next_attempt_at",
        default=30 * DAY,
        where=lambda t: t.c.state != "pending",
        why="Webhooks of the release before. One that was not taken over stays.",
    ),
    Retention(
        what="challenges",
        services=("action",),
        column="expires_at",
        default=90 * DAY,
        where=lambda t: sa.and_(
            t.c.state != "pending", _undelivered(t, "challenge_id")
        ),
        why="Disputes ask soon whether the customer was asked; the outcome is a label.",
    ),
    Retention(
        what="alerts",
        services=("action",),
        column="created_at",
        default=400 * DAY,
        where=lambda t: _undelivered(t, "alert_id"),
        why="A year and a month, to compare with the same season. Unsent alerts stay.",
    ),
    Retention(
        what="holds",
        services=("action",),
        column="expires_at",
        default=400 * DAY,
        where=lambda t: t.c.state != "active",
        why="What was held and who let it go; holds in force stay.",
    ),
    Retention(
        what="blocks",
        services=("action",),
        column="expires_at",
        default=400 * DAY,
        where=lambda t: t.c.state != "active",
        why="What was blocked and who lifted it; blocks in force stay.",
    ),
    Retention(
        what="block_targets",
        services=("action",),
        column="changed_at",
        setting="retain_blocks",
        default=400 * DAY,
        where=_unblocked,
        why="Bookkeeping of blocks. A target that is blocked, or whose state the online "
        "store does not know, stays.",
    ),
    Retention(
        what="cases",
        services=("action",),
        column="resolved_at",
        default=AUDIT,
        least=30 * DAY,
        where=lambda t: t.c.state == "resolved",
        why="What an analyst found is part of the audit trail. Open cases stay.",
    ),
    Retention(
        what="actions",
        services=("action",),
        column="created_at",
        default=AUDIT,
        least=45 * DAY,
        why="What was done about a decision, kept as long; a repeated request finds it here.",
    ),
    Retention(
        what="activity",
        services=("action",),
        column="at",
        default=AUDIT,
        least=30 * DAY,
        why="Who did what to cases, holds, blocks and challenges: audit trail.",
    ),
    Retention(
        what="inbox",
        services=("post_auth",),
        column="received_at",
        default=30 * DAY,
        least=8 * DAY,
        why="Recognises events that are delivered again, which happens within days. Later "
        "ones are known by their decision or label.",
    ),
    Retention(
        what="training_rows",
        services=("post_auth",),
        column="decided_at",
        default=730 * DAY,
        least=60 * DAY,
        why="Two years of payments to learn from, every season twice; no names. Datasets "
        "hold what was exported.",
    ),
    Retention(
        what="training_labels",
        services=("post_auth",),
        table="labels",
        column="reported_at",
        setting="retain_training_rows",
        default=730 * DAY,
        where=lambda t: _none(t, "training_rows", "transaction_id", "tenant"),
        why="As long as the training row, and never before it goes.",
    ),
    Retention(
        what="training_events",
        services=("post_auth",),
        table="payment_events",
        column="occurred_at",
        setting="retain_training_rows",
        default=730 * DAY,
        why="As long as the payments of the ratios that they count in.",
    ),
    Retention(
        what="outcomes",
        services=("post_auth",),
        column=None,
        setting="retain_training_rows",
        default=730 * DAY,
        where=lambda t: sa.and_(
            t.c.projected >= t.c.revision,
            _none(t, "labels", "transaction_id", "tenant"),
        ),
        why="With the last label of the payment. One that the online store does not know "
        "stays.",
    ),
    Retention(
        what="profiles",
        services=("post_auth",),
        column="last_seen",
        default=730 * DAY,
        least=45 * DAY,
        with_it=("profile_amounts", "profile_values"),
        why="An account that has not paid for two years is a new one to every feature. Its "
        "amounts and values go with it.",
    ),
    Retention(
        what="clearings",
        services=("sanctions",),
        table="cleared",
        column="until",
        default=AUDIT,
        least=30 * DAY,
        why="Who was found not to be whom, by whom, and why: audit trail. Those in force stay.",
    ),
    Retention(
        what="rescreenings",
        services=("sanctions",),
        column="done_at",
        default=400 * DAY,
        where=lambda t: t.c.done_at.is_not(None),
        why="Shows that a list update was applied to known parties; no personal data. "
        "Unfinished ones stay.",
    ),
    Retention(
        what="entries",
        services=("rules",),
        column="ended_at",
        default=AUDIT,
        least=30 * DAY,
        where=lambda t: t.c.ended_at.is_not(None),
        why="Whom somebody put on a list, or took a rule off, and why: audit trail. Those in "
        "force stay.",
    ),
    Retention(
        what="entries_expired",
        services=("rules",),
        table="entries",
        column="expires_at",
        setting="retain_entries",
        default=AUDIT,
        least=30 * DAY,
        where=lambda t: sa.and_(t.c.ended_at.is_(None), t.c.expires_at.is_not(None)),
        why="The same of entries and snoozes that ended by themselves.",
    ),
    Retention(
        what="rule_totals",
        services=("rules",),
        column="changed_at",
        default=400 * DAY,
        why="What rules did under a version of the ruleset: a year and a month, to compare "
        "with the same season.",
    ),
)
