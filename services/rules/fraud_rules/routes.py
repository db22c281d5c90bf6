"""The service's routes."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from fraud_engines.rules.ruleset import Ruleset
from fraud_engines.rules.ruleset_schema import RuleRow
from fraud_rules.service import RulesService
from fraud_shared.contracts.signal import RulesRequest, RulesResult
from fraud_shared.web.guard import require_service
from fraud_shared.web.service import HotRoute, RequestContext


class RulesetView(BaseModel):
    """A ruleset: `hash` is the SHA-256 of its file, `lists` the size of each list."""

    model_config = ConfigDict(frozen=True)

    ruleset: str
    hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    feature_set_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    rules: tuple[RuleRow, ...]
    lists: dict[str, int]


def hot(service: RulesService) -> list[HotRoute]:
    """The route on the payment's path."""

    async def evaluate(request: RulesRequest, context: RequestContext) -> RulesResult:
        """Every rule that fires on a payment, and those that could not be decided."""
        result = service.evaluate(request)
        context.log(rules_flag=result.rules_flag, ruleset=result.ruleset)
        return result

    return [
        HotRoute(
            "/evaluate",
            request=RulesRequest,
            response=RulesResult,
            handler=evaluate,
            operation_id="evaluateRules",
            summary="Evaluate the rules on one payment",
            max_body_bytes=64 * 1024,
        )
    ]


def router(service: RulesService) -> APIRouter:
    """Looking at the ruleset, checking another, and reloading."""
    routes = APIRouter(
        prefix="/v1/rulesets",
        tags=["rulesets"],
        dependencies=[Depends(require_service)],
    )

    @routes.get("", operation_id="getRuleset")
    async def show() -> RulesetView:
        """The ruleset in force. Lists are shown by size, not by content."""
        return _view(service.ruleset)

    @routes.post(
        "/validate",
        operation_id="validateRuleset",
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"application/yaml": {"schema": {"type": "string"}}},
            }
        },
    )
    async def validate(request: Request) -> RulesetView:
        """Check a ruleset (YAML or JSON body) without putting it in force; 422 names each
        rule that is wrong, and why."""
        return _view(await service.validate(await request.body()))

    @routes.post("/reload", operation_id="reloadRuleset")
    async def reload() -> RulesetView:
        """Load the ruleset file again; 422 with its errors, and no change, if it is bad."""
        return _view(await service.reload())

    return routes


def _view(ruleset: Ruleset) -> RulesetView:
    document = ruleset.document
    return RulesetView(
        ruleset=ruleset.version,
        hash=ruleset.content_hash,
        feature_set_hash=ruleset.feature_hash,
        rules=document.rules,
        lists={name: len(row.entries) for name, row in document.lists.items()},
    )
