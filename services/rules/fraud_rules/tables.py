"""What the rules service keeps in SQL: rulesets, edited lists, snoozes, what rules did."""

import sqlalchemy as sa

from fraud_shared.state.types import UtcDateTime
from fraud_shared.state.version_tables import version_tables

metadata = sa.MetaData()
VERSIONS = version_tables(metadata)

# Entries of lists and snoozes: `on` is the list, or the rule. A row that ended stays: it is
# the audit trail, and how replicas learn of its end.
entries = sa.Table(
    "entries",
    metadata,
    sa.Column("marker_id", sa.String(40), primary_key=True),
    sa.Column("on", sa.String(16), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("value", sa.String(128), nullable=False),
    sa.Column("reason", sa.String(256), nullable=False),
    sa.Column("who", sa.String(128), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("expires_at", UtcDateTime),
    sa.Column("ended_at", UtcDateTime),
    sa.Column("ended_by", sa.String(128)),
    sa.Column("ended_why", sa.String(256)),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Index("entries_changed", "revision"),
    sa.Index("entries_of", "on", "kind", "value"),
)

# Rules that the guard put into shadow, in one version of the ruleset.
rule_demotions = sa.Table(
    "rule_demotions",
    metadata,
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("rule", sa.String(32), primary_key=True),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("why", sa.String(256), nullable=False),
)

# What each rule did under one version of the ruleset: all replicas together. The row of
# rule `*` counts payments.
rule_totals = sa.Table(
    "rule_totals",
    metadata,
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("rule", sa.String(40), primary_key=True),
    sa.Column("state", sa.String(8), primary_key=True),
    sa.Column("hits", sa.BigInteger, nullable=False),
    sa.Column("errors", sa.BigInteger, nullable=False),
    sa.Column("timed", sa.BigInteger, nullable=False),
    sa.Column("micros", sa.BigInteger, nullable=False),
    sa.Column("changed_at", UtcDateTime, nullable=False),
)
