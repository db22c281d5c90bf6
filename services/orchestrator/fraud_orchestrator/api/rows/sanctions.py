"""The sanctions lists, and what is in them."""

from fraud_orchestrator.api.rows.route import PublicRoute
from fraud_shared.contracts.lists import EntityView, ListsView

SANCTIONS = (
    PublicRoute(
        "GET", "/v1/sanctions/lists", "sanctions", ("read", "analyst", "audit"),
        "sanctions", "getSanctionsLists",
        "The sanctions lists in use, and what was refused at the last load",
        inner="/v1/lists", response=ListsView, command="sanctions lists",
    ),
    PublicRoute(
        "GET", "/v1/sanctions/entities/{entity_id}", "sanctions",
        ("read", "analyst", "audit"), "sanctions", "getSanctionsEntity",
        "One listed entity in full: who a hit names",
        inner="/v1/entities/{entity_id}", response=EntityView,
        command="sanctions entity",
    ),
    PublicRoute(
        "GET", "/v1/entities/{entity_id}", "sanctions", ("read", "analyst", "audit"),
        "sanctions", "getEntity", "The same under its earlier path",
        response=EntityView,
    ),
)  # fmt: skip
