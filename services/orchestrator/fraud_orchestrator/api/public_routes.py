"""The table of public routes that another service answers.

One row per route: its method and path, the service and path that answer it, the scopes of
which a key must have one, and what OpenAPI says. From the table come the routes themselves
(`forwarding.py`), the matrix of roles and routes, and `fraud` commands.

Who asks is taken from the key and told to the service in the signed service token
(`fraud_shared.web.guard.ForActor`): client, scopes and the tenants it may see. A body never
says it. Bodies are checked here as parsed JSON, so request models use lists instead of
tuples and `Instant` for times. The query of a row is a model derived from `Query`.
"""

from fraud_orchestrator.api.rows.accounts import ACCOUNTS
from fraud_orchestrator.api.rows.casework import (
    BLOCKS,
    CASES,
    CHALLENGES,
    CLEARED,
    HOLDS,
)
from fraud_orchestrator.api.rows.feeds import FEEDS
from fraud_orchestrator.api.rows.models import DATASETS, MODELS
from fraud_orchestrator.api.rows.operations import OPERATIONS
from fraud_orchestrator.api.rows.route import HTML, JSON, NDJSON, YAML, PublicRoute
from fraud_orchestrator.api.rows.rules import LISTS, POLICIES, RULESETS
from fraud_orchestrator.api.rows.sanctions import SANCTIONS

__all__ = ["HTML", "JSON", "NDJSON", "PUBLIC_ROUTES", "YAML", "PublicRoute"]

PUBLIC_ROUTES: tuple[PublicRoute, ...] = (
    *CHALLENGES,
    *HOLDS,
    *BLOCKS,
    *CASES,
    *CLEARED,
    *RULESETS,
    *POLICIES,
    *LISTS,
    *ACCOUNTS,
    *SANCTIONS,
    *OPERATIONS,
    *DATASETS,
    *MODELS,
    *FEEDS,
)
