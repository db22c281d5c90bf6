"""The fraud rates that post_auth measures, as far as exemptions may rely on them."""

import asyncio
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from pydantic import ValidationError

from fraud_shared.contracts.ratios import Instrument, Ratios
from fraud_shared.mesh.client import ServiceClient
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.mesh.errors import DependencyError
from fraud_shared.mesh.tokens import Actor

ASK_MS = 10_000.0
_EVERYBODY = Actor("orchestrator", tenants=("*",))


class MeasuredRates:
    """The newest rates of all payments, each no older than `max_age`."""

    def __init__(
        self,
        service_client: ServiceClient,
        *,
        max_age: timedelta,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = service_client
        self._max_age_s = max_age.total_seconds()
        self._monotonic = monotonic
        self._rates: dict[Instrument, float] = {}
        self._asked_at = float("-inf")
        # Set by the first payment that a rate matters for: before, nobody is asked.
        self.wanted = asyncio.Event()
        self._in_use = False

    def rate_bp(self, instrument: Instrument) -> float | None:
        """The fraud rate by value in basis points; None where it is stale, or where nothing
        was paid that it could be measured on."""
        if not self._in_use:
            self._in_use = True
            self.wanted.set()
        if self._monotonic() - self._asked_at > self._max_age_s:
            return None
        return self._rates.get(instrument)

    async def refresh(self) -> None:
        """Ask for the rates, if anybody uses them. Without an answer the last ones age."""
        if not self._in_use:
            return
        asked_at = self._monotonic()
        try:
            status, body = await self._client.forward(
                "post_auth",
                "GET",
                "/v1/ratios?" + urlencode({"as_of": datetime.now(UTC).isoformat()}),
                b"",
                deadline=Deadline.after(ASK_MS),
                headers={"accept": "application/json"},
                actor=_EVERYBODY,
            )
            if status != 200:
                return
            found = Ratios.model_validate(json.loads(body), strict=False)
        except (DependencyError, ValidationError, ValueError):
            return
        self._rates = {
            rate.instrument: rate.basis_points
            for rate in found.tra
            if rate.segment is None and rate.basis_points is not None
        }
        self._asked_at = asked_at
