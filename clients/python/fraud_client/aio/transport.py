"""One request with its deadline, its retries and its errors."""

import asyncio
import time
import uuid
from collections.abc import Mapping
from typing import Any, TypeVar

import httpx
from pydantic import TypeAdapter, ValidationError

from fraud_client import errors
from fraud_client.retry import RetryPolicy, retried

Model = TypeVar("Model")
Params = Mapping[str, Any]
DEFAULT_DEADLINE_S = 10.0
# Below this the gateway would refuse the request at once.
LEAST_DEADLINE_MS = 100


class AsyncTransport:
    """Sends requests with one API key over one pool of connections."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        deadline_s: float = DEFAULT_DEADLINE_S,
        retry: RetryPolicy | None = None,
        headers: Mapping[str, str] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._deadline_s = deadline_s
        self._retry = retry or RetryPolicy()
        self._http = httpx.AsyncClient(
            base_url=base_url,
            headers={"x-api-key": api_key, **(headers or {})},
            transport=transport,
            follow_redirects=False,
            trust_env=False,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def get(
        self, model: type[Model], path: str, params: Params | None = None
    ) -> Model:
        """GET one document."""
        return await self.send(model, "GET", path, params=params, repeatable=True)

    async def post(
        self,
        model: type[Model],
        path: str,
        body: Any = None,
        *,
        repeatable: bool = False,
        idempotency_key: str | None = None,
    ) -> Model:
        """POST JSON. `repeatable`: doing it twice changes nothing."""
        headers = {"idempotency-key": idempotency_key} if idempotency_key else None
        return await self.send(
            model,
            "POST",
            path,
            body=body,
            headers=headers,
            repeatable=repeatable or idempotency_key is not None,
        )

    async def send(
        self,
        model: type[Model],
        method: str,
        path: str,
        *,
        params: Params | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool = False,
        deadline_s: float | None = None,
    ) -> Model:
        """The reply as `model`. Raises FraudClientError and its kinds."""
        reply = await self.raw(
            method,
            path,
            params=params,
            body=body,
            headers=headers,
            repeatable=repeatable,
            deadline_s=deadline_s,
        )
        try:
            return TypeAdapter(model).validate_json(reply.content or b"null")
        except ValidationError as error:
            raise errors.UnexpectedReply(f"{method} {path}: {error}") from None

    async def raw(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool = False,
        deadline_s: float | None = None,
    ) -> httpx.Response:
        """The reply as it came, of a status below 400. Raises FraudClientError."""
        ends = time.monotonic() + (deadline_s or self._deadline_s)
        request_id = uuid.uuid4().hex
        attempt = 0
        while True:
            attempt += 1
            left_s = ends - time.monotonic()
            if left_s <= 0:
                raise errors.DeadlineExceeded(f"{method} {path}")
            remaining = max(LEAST_DEADLINE_MS, int(left_s * 1000))
            asked_s: float | None = None
            failure: errors.FraudClientError
            try:
                reply = await self._http.request(
                    method,
                    path,
                    params=_given(params),
                    json=body,
                    headers={
                        **(headers or {}),
                        "x-request-id": request_id,
                        "x-deadline-ms": str(remaining),
                    },
                    timeout=left_s,
                )
            except httpx.ConnectError as error:
                failure, again = errors.ConnectionFailed(str(error)), True
            except httpx.TimeoutException:
                failure, again = errors.DeadlineExceeded(f"{method} {path}"), repeatable
            except httpx.TransportError as error:
                failure, again = errors.ConnectionFailed(str(error)), repeatable
            else:
                if reply.status_code < 400:
                    return reply
                refusal = errors.from_reply(
                    reply.status_code, reply.headers, reply.content
                )
                failure, asked_s = refusal, refusal.retry_after_s
                again = retried(refusal, repeatable=repeatable)
            wait_s = self._retry.wait_after(
                attempt, left_s=ends - time.monotonic(), asked_s=asked_s
            )
            if not again or wait_s is None:
                raise failure
            await asyncio.sleep(wait_s)


def _given(params: Params | None) -> dict[str, Any] | None:
    """What has a value."""
    return {k: v for k, v in (params or {}).items() if v is not None} or None
