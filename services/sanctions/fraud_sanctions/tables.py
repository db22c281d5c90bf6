"""What the sanctions service keeps in SQL."""

import sqlalchemy as sa

from fraud_shared.state.outbox import outbox_table
from fraud_shared.state.parking import parked_table
from fraud_shared.state.types import Sequence64, UtcDateTime

metadata = sa.MetaData()

# The version of each list that the rest of the mesh was told of, and what was in it.
announced = sa.Table(
    "announced",
    metadata,
    sa.Column("list_id", sa.String(128), primary_key=True),
    sa.Column("version", sa.String(128), nullable=False),
    sa.Column("fetched_at", UtcDateTime, nullable=False),
    sa.Column("fingerprints", sa.LargeBinary, nullable=False),
)

outbox = outbox_table(metadata)

# Who was found not to be whom. A row that no longer holds stays: it is the audit trail.
cleared = sa.Table(
    "cleared",
    metadata,
    sa.Column("clearing_id", sa.String(32), primary_key=True),
    sa.Column("account", sa.String(128), nullable=False),
    sa.Column("entity_id", sa.String(128), nullable=False),
    sa.Column("list_id", sa.String(128), nullable=False),
    sa.Column("mark", sa.String(16), nullable=False),
    # When the list was fetched that the listing was looked at in.
    sa.Column("listed_at", UtcDateTime, nullable=False),
    sa.Column("who", sa.String(128), nullable=False),
    sa.Column("why", sa.String(256), nullable=False),
    sa.Column("cleared_at", UtcDateTime, nullable=False),
    sa.Column("until", UtcDateTime, nullable=False),
    sa.Column("ended_at", UtcDateTime, nullable=True),
    sa.Column("ended_by", sa.String(128), nullable=True),
    sa.Column("ended_why", sa.String(64), nullable=True),
    sa.Index("cleared_account", "account"),
)

# Who took part in recent payments, as far as it takes to screen them again: personal data.
# `party_key` tells parties apart; `account_id` is that of the payer, `holder` the party's own
# if it is a customer. `overtaken`: screened with an older list than was announced by then.
parties = sa.Table(
    "parties",
    metadata,
    sa.Column("seq", Sequence64, primary_key=True, autoincrement=True),
    sa.Column("party_key", sa.String(64), nullable=False, unique=True),
    sa.Column("account_id", sa.String(128), nullable=False),
    sa.Column("holder", sa.String(128), nullable=True),
    sa.Column("role", sa.String(128), nullable=False),
    sa.Column("facts", sa.LargeBinary, nullable=False),
    sa.Column("transaction_id", sa.String(128), nullable=False),
    sa.Column("last_seen", UtcDateTime, nullable=False),
    sa.Column("overtaken", sa.Boolean, nullable=False),
    sa.Index("parties_account", "account_id"),
    sa.Index("parties_holder", "holder"),
    sa.Index("parties_last_seen", "last_seen"),
    sa.Index("parties_overtaken", "overtaken", "seq"),
)

# Whom a party was found to resemble, in a payment or afterwards; `mark`: as listed then.
known_hits = sa.Table(
    "known_hits",
    metadata,
    sa.Column(
        "seq",
        Sequence64,
        sa.ForeignKey("parties.seq", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    sa.Column("entity_id", sa.String(128), primary_key=True),
    sa.Column("mark", sa.String(16), nullable=False),
)

# Updates that known parties are screened against. `entities`: the ids, or NULL for all of
# the list. `position`: up to which party it is done, `upto`: the last one when it began.
rescreenings = sa.Table(
    "rescreenings",
    metadata,
    sa.Column("event_id", sa.String(128), primary_key=True),
    sa.Column("list_id", sa.String(128), nullable=False),
    sa.Column("version", sa.String(128), nullable=False),
    sa.Column("entities", sa.LargeBinary, nullable=True),
    # The column was named before the attribute.
    sa.Column("heard_at", UtcDateTime, nullable=False, key="received_at"),
    sa.Column("begun_at", UtcDateTime, nullable=True),
    sa.Column("done_at", UtcDateTime, nullable=True),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("upto", sa.BigInteger, nullable=True),
    sa.Column("screened", sa.BigInteger, nullable=False),
    sa.Column("cases", sa.BigInteger, nullable=False),
    sa.Column("worker", sa.String(32), nullable=True),
    sa.Column("claimed_until", UtcDateTime, nullable=True),
    sa.Index("rescreenings_open", "done_at", "received_at"),
)

parked = parked_table(metadata)
