"""What is known of accounts and payments: profiles, and what stands after all labels."""

from fraud_orchestrator.api.guards import AccountPath
from fraud_orchestrator.api.rows.route import Method, PublicRoute
from fraud_shared.contracts.label import StandingLabel
from fraud_shared.contracts.profile import BehaviourProfile
from fraud_shared.web.keys import Scope

_READ: tuple[Scope, ...] = ("read", "analyst")


def _profile(
    method: Method, path: str, operation_id: str, command: str = ""
) -> PublicRoute:
    return PublicRoute(
        method, path, "post_auth", _READ, "accounts", operation_id,
        "The behavioural profile of an account",
        description="Of the key's own tenant, or the one in `X-Tenant`.",
        inner="/profile/{account_id}", inner_method="GET", tenant_query=True,
        response=BehaviourProfile, parameters={"account_id": AccountPath},
        command=command,
    )  # fmt: skip


ACCOUNTS = (
    _profile("GET", "/v1/profiles/{account_id}", "getProfileV1", "profiles show"),
    _profile("GET", "/profile/{account_id}", "getProfile"),
    _profile("POST", "/profile/{account_id}", "postProfile"),
    PublicRoute(
        "GET", "/v1/labels/{transaction_id}", "post_auth", _READ, "labels", "getLabel",
        "What stands about a payment after all reports",
        description="And whether the risk features count it.",
        tenant_query=True, response=StandingLabel, command="labels show",
    ),
)  # fmt: skip
