"""The sanctions lists, and what is in them."""

from fraud_orchestrator.api.rows.route import PublicRoute
from fraud_shared.contracts.lists import EntityView, ListsView
from fraud_shared.contracts.matching import EntityParameters, SearchParameters
from fraud_shared.web.keys import Scope

_ASK: tuple[Scope, ...] = ("score", "read", "analyst")

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
    # As clients of yente ask.
    PublicRoute(
        "GET", "/entities/{entity_id}", "sanctions", _ASK, "sanctions", "fetchEntity",
        "A listed entity, as clients of yente read it", query=EntityParameters,
    ),
    PublicRoute(
        "GET", "/search/{dataset}", "sanctions", _ASK, "sanctions", "searchEntities",
        "Listed entities by name, as clients of yente ask", query=SearchParameters,
        examples={"dataset": "default"},
    ),
    PublicRoute(
        "GET", "/catalog", "sanctions", _ASK, "sanctions", "getCatalog",
        "The lists in use as datasets, as clients of yente read them",
    ),
    PublicRoute(
        "GET", "/algorithms", "sanctions", _ASK, "sanctions", "listAlgorithms",
        "Algorithms of matching, as clients of yente ask",
    ),
)  # fmt: skip
