"""By what decisions are searched: beside the record, so that it need not be read."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_FOUND_BY = ("card_token", "device_id", "merchant_id", "counterparty")
_PAGE = 500


def upgrade() -> None:
    for name in ("tenant", *_FOUND_BY):
        op.add_column("decisions", sa.Column(name, sa.String(128)))
    op.add_column("decisions", sa.Column("codes", sa.Text))
    _fill(op.get_bind())
    for name in _FOUND_BY:
        given = sa.text(f"{name} IS NOT NULL")
        op.create_index(
            f"decisions_{name}",
            "decisions",
            [name, "decided_at"],
            postgresql_where=given,
            sqlite_where=given,
        )


def downgrade() -> None:
    for name in _FOUND_BY:
        op.drop_index(f"decisions_{name}", "decisions")
    for name in ("codes", *_FOUND_BY, "tenant"):
        op.drop_column("decisions", name)


def _fill(conn: sa.Connection) -> None:
    """Fill in what earlier records say, a page at a time."""
    columns: list[sa.ColumnClause[Any]] = [
        sa.column(name) for name in ("tenant", *_FOUND_BY, "codes")
    ]
    table = sa.table(
        "decisions", sa.column("decision_id"), sa.column("record"), *columns
    )
    query = sa.select(table.c.decision_id, table.c.record)
    change = sa.update(table).where(table.c.decision_id == sa.bindparam("this"))
    change = change.values({c.name: sa.bindparam(f"new_{c.name}") for c in columns})
    after = ""
    while True:
        page = query.where(table.c.decision_id > after)
        rows = conn.execute(page.order_by(table.c.decision_id).limit(_PAGE)).all()
        if not rows:
            return
        conn.execute(change, [_found_by(row) for row in rows])
        after = rows[-1].decision_id


def _found_by(row: Any) -> dict[str, Any]:
    record = json.loads(bytes(row.record))
    payment, made = record["transaction"], record["decision"]
    codes = [f"r:{one['code']}" for one in made.get("reasons", ())]
    codes += [f"d:{code}" for code in made.get("degraded", ())]

    def part(block: str, name: str) -> Any:
        return (payment.get(block) or {}).get(name)

    return {
        "this": row.decision_id,
        "new_tenant": record.get("tenant") or record["client"],
        "new_card_token": part("card", "token"),
        "new_device_id": part("device", "device_id"),
        "new_merchant_id": part("merchant", "merchant_id"),
        "new_counterparty": part("counterparty", "account"),
        "new_codes": f" {' '.join(codes)} ",
    }
