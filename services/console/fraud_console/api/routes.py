"""Every router of the console."""

from fastapi import APIRouter

from fraud_console.api import (
    case_routes,
    decision_routes,
    entity_routes,
    list_routes,
    live_routes,
    mesh_routes,
    model_routes,
    rule_routes,
    screening_routes,
    session_routes,
    study_routes,
)
from fraud_console.service import ConsoleService


def routers(service: ConsoleService) -> list[APIRouter]:
    """The pages, in the order of the navigation."""
    return [
        session_routes.router(service),
        live_routes.router(service),
        decision_routes.router(service),
        case_routes.router(service),
        entity_routes.router(service),
        screening_routes.router(service),
        rule_routes.router(service, "rules"),
        rule_routes.router(service, "policy"),
        list_routes.router(service),
        study_routes.router(service),
        model_routes.router(service),
        mesh_routes.router(service),
    ]
