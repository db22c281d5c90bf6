"""The policy desk: holds the policy that rules now, and swaps it in one step."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import structlog

from fraud_decision import telemetry
from fraud_decision.settings import Settings
from fraud_engines.policy.policy import Policy, load
from fraud_engines.policy.policy_schema import DocumentError
from fraud_shared.contracts.decision import DecideRequest, Ruling
from fraud_shared.web.problems import FraudError, Unavailable

log = structlog.get_logger()


class PolicyInvalid(FraudError):
    """The policy file does not pass its checks."""

    status = 422
    type = "policy-invalid"
    detail = "The policy that was in force stays in force."


class PolicyService:
    """Rules with one policy at a time. A request keeps the policy it started with."""

    def __init__(self, settings: Settings) -> None:
        self._file = settings.policy
        self._policy: Policy | None = None

    @property
    def checks(self) -> Mapping[str, Callable[[], bool]]:
        """Ready once a policy is loaded."""
        return {"policy": lambda: self._policy is not None}

    @property
    def policy(self) -> Policy:
        """The policy in force; 503 before the first is loaded."""
        if self._policy is None:
            raise Unavailable
        return self._policy

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Load the policy; a bad file stops the start."""
        await self.reload()
        yield

    def decide(self, request: DecideRequest) -> Ruling:
        """The ruling for one payment."""
        policy = self.policy
        began = time.perf_counter()
        ruling = policy.decide(request)
        telemetry.RULING_SECONDS.observe(time.perf_counter() - began)
        telemetry.VERDICTS.labels(ruling.decision, ruling.challenge or "none").inc()
        for code in ruling.degraded:
            telemetry.DEGRADED.labels(code).inc()
        if ruling.stand_in:
            telemetry.STAND_IN.inc()
        return ruling

    async def reload(self) -> Policy:
        """Read the file again and flip to it; a bad file changes nothing."""
        try:
            body = await asyncio.to_thread(self._file.read_bytes)
            policy = load(body)
        except (OSError, DocumentError) as error:
            telemetry.RELOADS.labels("refused").inc()
            problems = getattr(error, "problems", (("file", "cannot be read"),))
            log.warning("policy_refused", problems=len(problems), first=problems[0])
            raise PolicyInvalid(errors=problems) from None
        previous, self._policy = self._policy, policy
        if previous is not None:
            telemetry.POLICY_INFO.remove(previous.version)
        telemetry.POLICY_INFO.labels(policy.version).set(1)
        telemetry.RELOADS.labels("loaded").inc()
        log.info("policy_loaded", policy=policy.version)
        return policy
