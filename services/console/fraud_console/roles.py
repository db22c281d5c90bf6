"""Roles of people, as scopes of the key that the gateway knows them by."""

from collections.abc import Iterable, Mapping

from fraud_shared.web.keys import SCOPES

ROLES: Mapping[str, frozenset[str]] = {
    "viewer": frozenset({"read"}),
    "analyst": frozenset({"read", "analyst", "label", "score"}),
    "rule_author": frozenset({"read", "rules", "score"}),
    "model_owner": frozenset({"read", "models"}),
    "auditor": frozenset({"read", "audit"}),
    "admin": frozenset(SCOPES)
    | {"score", "label", "read", "analyst", "rules", "models", "audit", "admin"},
}
# What a page or a change needs; any one of them.
NEEDS: Mapping[str, frozenset[str]] = {
    "live": frozenset({"read", "analyst", "audit"}),
    "decisions": frozenset({"read", "analyst", "audit"}),
    "cases": frozenset({"analyst"}),
    "entities": frozenset({"analyst"}),
    "screening": frozenset({"score"}),
    "clearing": frozenset({"analyst"}),
    "rules": frozenset({"rules"}),
    "policy": frozenset({"rules"}),
    "models": frozenset({"models"}),
    "mesh": frozenset({"read", "admin"}),
    "parked": frozenset({"admin"}),
    "activity": frozenset({"audit", "admin"}),
}


def scopes_of(roles: Iterable[str]) -> frozenset[str]:
    """The scopes of several roles together. Raises KeyError for an unknown role."""
    return frozenset[str]().union(*(ROLES[role] for role in roles))


def may(scopes: Iterable[str], what: str) -> bool:
    """Whether scopes suffice for a page or a change."""
    return bool(NEEDS[what] & set(scopes))
