"""Alerts of the gateway's test mode: sent once to a receiver of their own, and kept nowhere."""

import asyncio

from fraud_action.notifications import DeliveryFailed, Sender, alert_notification
from fraud_action.telemetry import DELIVERIES
from fraud_shared.contracts.deliveries import AlertTrial, AlertTrialResult
from fraud_shared.mesh.clock import Clock


class AlertTrials:
    """Sends them; `sender` is None where no receiver is named."""

    def __init__(self, sender: Sender | None, clock: Clock, timeout_s: float) -> None:
        self._sender = sender
        self._clock = clock
        self._timeout_s = timeout_s

    async def send(self, trial: AlertTrial) -> AlertTrialResult:
        """Try once to deliver; the result says what came of it."""
        problem = await self._problem(trial)
        outcome = "failed" if problem else "delivered"
        DELIVERIES.labels("trial", "webhook", outcome).inc()
        return AlertTrialResult(delivered=problem is None, problem=problem)

    async def _problem(self, trial: AlertTrial) -> str | None:
        if self._sender is None:
            return "not_configured"
        message = alert_notification(
            {
                **trial.model_dump(),
                "alert_id": f"test-alert-{trial.decision_id}",
                "reason": "Test mode",
                "created_at": self._clock.now(),
                "test": True,
            }
        )
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._sender.send(message)
        except DeliveryFailed as error:
            return error.kind
        except TimeoutError:
            return "timeout"
        return None
