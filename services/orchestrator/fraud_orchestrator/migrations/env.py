"""Alembic environment."""

from fraud_shared.state.migrate import run

run()
