"""What the decision service keeps in SQL: its policies and their history."""

import sqlalchemy as sa

from fraud_shared.state.version_tables import version_tables

metadata = sa.MetaData()
VERSIONS = version_tables(metadata)
