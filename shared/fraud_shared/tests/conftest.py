"""What the kit's own tests share: settings, and a service with every kind of route."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from fraud_shared.testing.asgi import TEST_TOKEN_KEY
from fraud_shared.web.service import create_service
from fraud_shared.web.settings import ServiceSettings

MakeSettings = Callable[..., ServiceSettings]
MakeApp = Callable[..., FastAPI]


@pytest.fixture
def make_settings(tmp_path: Path) -> MakeSettings:
    """Development settings whose files are the test's own."""

    def make(**overrides: Any) -> ServiceSettings:
        fields = {"port": 1, "var_dir": tmp_path, "token_key": TEST_TOKEN_KEY}
        return ServiceSettings(**(fields | overrides))

    return make


@pytest.fixture
def make_app(make_settings: MakeSettings) -> MakeApp:
    """`create_service("kit", …)` with the test's settings."""

    def make(settings: dict[str, Any] | None = None, **parts: Any) -> FastAPI:
        return create_service("kit", make_settings(**(settings or {})), **parts)

    return make
