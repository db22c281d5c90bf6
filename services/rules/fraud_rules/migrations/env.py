"""Alembic's entry."""

from fraud_shared.state import migrate

migrate.run()
