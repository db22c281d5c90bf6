"""A service with one route that does nothing: what a round trip costs by itself."""

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from pydantic_settings import SettingsConfigDict

from fraud_shared.web.run import serve
from fraud_shared.web.service import HotRoute, RequestContext, create_service
from fraud_shared.web.settings import ServiceSettings


class Settings(ServiceSettings):
    """Settings of the empty service, prefix `FRAUD_EMPTY_`."""

    model_config = SettingsConfigDict(env_prefix="FRAUD_EMPTY_")

    port: int = 8099
    internal_port: int = 9099


class Nothing(BaseModel):
    """No fields."""


def create_app(settings: Settings | None = None) -> FastAPI:
    """The service."""

    async def answer(request: Any, context: RequestContext) -> Nothing:
        """Nothing."""
        return Nothing()

    route = HotRoute(
        "/empty",
        request=Nothing,
        response=Nothing,
        handler=answer,
        operation_id="empty",
        summary="Nothing",
    )
    return create_service("empty", settings or Settings(), hot=[route])


if __name__ == "__main__":
    serve("fraud_lab.bench.rules.empty:create_app", Settings)
