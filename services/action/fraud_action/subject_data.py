"""What the action service stores of a person, and what becomes of it when it is erased.

Rows stay, as cases, holds and blocks of nobody: what analysts did remains on record. Blocks
are lifted first, so that the online store forgets what was blocked.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from fraud_action.blocks import Blocks, close_blocks
from fraud_action.tables import (
    actions,
    activity,
    alerts,
    block_targets,
    blocks,
    cases,
    challenges,
    holds,
    outbox,
    outgoing,
    parked,
)
from fraud_shared.contracts.privacy import (
    ERASED,
    ERASED_ACCOUNT,
    Subject,
    SubjectErased,
    SubjectRows,
)
from fraud_shared.mesh.clock import Clock
from fraud_shared.state.database import Database
from fraud_shared.state.subject_data import (
    SubjectData,
    SubjectTable,
    about_account,
    delivered_events,
    parked_events,
)

_BY = "erasure"


def _blocked(subject: Subject) -> sa.ColumnElement[bool]:
    """Blocks of the account, of what is the subject's own, and by the subject's payments."""
    own = [("account", subject.account_id)]
    own += [(thing.kind, thing.id) for thing in subject.own]
    return sa.and_(
        blocks.c.tenant.in_((subject.tenant, "")),
        sa.or_(
            blocks.c.account_id == subject.account_id,
            sa.tuple_(blocks.c.kind, blocks.c.key).in_(own),
        ),
    )


def _targets(subject: Subject) -> sa.ColumnElement[bool]:
    """What the online store was told is blocked, and is nobody's else."""
    same = (blocks.c.kind == block_targets.c.kind, blocks.c.key == block_targets.c.key)
    its, others = _blocked(subject), ~_blocked(subject)
    return sa.and_(sa.exists().where(*same, its), ~sa.exists().where(*same, others))


def _activity(subject: Subject) -> sa.ColumnElement[bool]:
    """Texts about the subject's cases, holds, blocks and challenges."""
    about = [
        sa.and_(
            activity.c.subject_kind == kind,
            activity.c.subject_id.in_(sa.select(table.c[f"{kind}_id"]).where(where)),
        )
        for kind, table, where in (
            ("case", cases, about_account(cases)(subject)),
            ("hold", holds, about_account(holds)(subject)),
            ("challenge", challenges, about_account(challenges)(subject)),
            ("block", blocks, _blocked(subject)),
        )
    ]
    return sa.and_(activity.c.text != ERASED, sa.or_(*about))


def _to_nobody(subject: Subject) -> sa.ColumnElement[bool]:
    """Cases of payments to the account."""
    return about_account(cases, "counterparty")(subject)


def _of_nobody(*key: str, **values: Any) -> Any:
    """Rewrites the account, and what else is given."""

    def rewrite(row: sa.RowMapping) -> Mapping[str, Any]:
        nobody = ERASED_ACCOUNT + "-".join(row[name] for name in key)
        return {"account_id": nobody[:160], **values}

    return rewrite


def _block_of_nobody(row: sa.RowMapping) -> Mapping[str, Any]:
    nobody = ERASED_ACCOUNT + row["block_id"]
    return {"account_id": nobody, "key": nobody, "reason": ERASED}


def _queued_of_nobody(row: sa.RowMapping) -> Mapping[str, Any]:
    return {"entity": (ERASED_ACCOUNT + row["reference"])[:160]}


_FOUND_BY = ("card_token", "device_id", "counterparty")
_UNKNOWN: dict[str, Any] = dict.fromkeys((*_FOUND_BY, "listing", "note"))
TABLES = (
    # Before what they are about: that names the account.
    SubjectTable(activity, _activity, {"text": ERASED}),
    SubjectTable(block_targets, _targets),
    SubjectTable(blocks, _blocked, _block_of_nobody),
    SubjectTable(
        cases, about_account(cases), _of_nobody("case_id", reason=ERASED, **_UNKNOWN)
    ),
    SubjectTable(cases, _to_nobody, {"counterparty": None}, hidden=("account_id",)),
    SubjectTable(holds, about_account(holds), _of_nobody("hold_id", reason=ERASED)),
    SubjectTable(alerts, about_account(alerts), _of_nobody("alert_id", reason=ERASED)),
    SubjectTable(
        challenges, about_account(challenges), _of_nobody("challenge_id"), ("key_id",)
    ),
    # Alerts about one account leave in order, which is nobody's account then.
    SubjectTable(outgoing, about_account(outgoing, "entity"), _queued_of_nobody),
    SubjectTable(actions, about_account(actions), _of_nobody("action_id")),
    parked_events(parked),
    delivered_events(outbox),
)


class ActionSubjects:
    """Erases and exports what is in SQL."""

    def __init__(self, db: Database, blocks_: Blocks, clock: Clock) -> None:
        self._db, self._blocks, self._clock = db, blocks_, clock
        self._sql = SubjectData(db, TABLES)

    async def erase(self, subject: Subject) -> SubjectErased:
        """Lift the subject's blocks, here and in the online store; then some rows."""
        async with self._db.begin() as conn:
            targets = await close_blocks(
                self._db, conn, _blocked(subject), _BY, self._clock.now()
            )
        # Raises when the online store is away: the rows then stay until it knows.
        while await self._blocks.project_marked():
            pass
        done = await self._sql.erase(subject)
        return done.model_copy(update={"rows": done.rows + len(targets)})

    async def export(self, subject: Subject) -> SubjectRows:
        """Rows of tables."""
        return await self._sql.export(subject)
