"""Roles of people, as scopes of the key that the gateway knows them by."""

from collections.abc import Iterable, Mapping

from fraud_shared.web.keys import ROLES as GATEWAY_ROLES
from fraud_shared.web.keys import SCOPES

# The gateway's roles of people. Analysts screen names and report labels besides, for which
# the gateway asks scopes of their own; authors try a payment on the rules.
ROLES: Mapping[str, frozenset[str]] = {
    "viewer": frozenset({"read"}),
    "analyst": frozenset({*GATEWAY_ROLES["analyst"], "score", "label"}),
    "rule-author": frozenset({*GATEWAY_ROLES["rule-author"], "score"}),
    "model-owner": frozenset(GATEWAY_ROLES["model-owner"]),
    "auditor": frozenset(GATEWAY_ROLES["auditor"]),
    "operator": frozenset(GATEWAY_ROLES["operator"]),
    "admin": frozenset(SCOPES) - {"test", "worker"},
}
# What a page or a change needs; any one of them.
NEEDS: Mapping[str, frozenset[str]] = {
    "live": frozenset({"read", "analyst", "audit"}),
    "decisions": frozenset({"read", "analyst", "audit"}),
    "cases": frozenset({"analyst"}),
    "entities": frozenset({"analyst"}),
    "screening": frozenset({"score"}),
    "clearing": frozenset({"analyst"}),
    "rules": frozenset({"rules", "audit"}),
    "policy": frozenset({"rules", "audit"}),
    "authoring": frozenset({"rules"}),
    "models": frozenset({"models"}),
    "studies": frozenset({"rules", "models", "audit"}),
    "studying": frozenset({"rules", "models"}),
    "promoting": frozenset({"models"}),
    "mesh": frozenset({"read", "admin"}),
    "parked": frozenset({"admin"}),
    "audit": frozenset({"audit"}),
    "activity": frozenset({"audit", "admin"}),
}


def scopes_of(roles: Iterable[str]) -> frozenset[str]:
    """The scopes of several roles together. Raises KeyError for an unknown role."""
    return frozenset[str]().union(*(ROLES[role] for role in roles))


def may(scopes: Iterable[str], what: str) -> bool:
    """Whether scopes suffice for a page or a change."""
    return bool(NEEDS[what] & set(scopes))
