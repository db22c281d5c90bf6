"""The one-process shape: ten service apps behind one gateway, without sockets between."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI

from fraud_features.store.port import OnlineStore
from fraud_ops.mesh.direct import DirectClient
from fraud_scoring.serving.sandbox import ModelCheck
from fraud_shared.mesh.client import ServiceClient
from fraud_shared.mesh.clock import Clock
from fraud_shared.mesh.tokens import TokenIssuer


class InProcessMesh:
    """Every service's app in this process; only the transport differs from the mesh.

    `apps` maps service names to apps; taking one out makes that service unreachable.
    `trial` replaces the process in which a scorer tries a new model, `clock` the machine's
    for every service whose records or expiries depend on the time.
    """

    def __init__(
        self,
        online: OnlineStore,
        token_key: str,
        *,
        trial: ModelCheck | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.apps: dict[str, FastAPI] = {}
        self._online = online
        self._token_key = token_key
        self._trial = trial
        self._clock = clock
        self._build()

    def service_client(self, service: str) -> ServiceClient:
        """How one service calls the others of this process."""
        tokens = TokenIssuer(service, self._token_key)
        return DirectClient(self.apps, service, tokens)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[FastAPI]:
        """Start every service, the gateway last; yields the gateway. The online store is
        closed when the last of them has ended."""
        gateway = self.apps["orchestrator"]
        async with AsyncExitStack() as stack:
            # They share it, and what a client of Redis is asked after it was closed opens
            # a connection that nobody closes.
            stack.push_async_callback(self._online.close)
            for name, app in self.apps.items():
                if name != "orchestrator":
                    await stack.enter_async_context(app.router.lifespan_context(app))
            await stack.enter_async_context(gateway.router.lifespan_context(gateway))
            yield gateway

    def _build(self) -> None:
        # Imported here: only the one-process shape needs every service's code at once.
        import fraud_action.app
        import fraud_autoencoder.app
        import fraud_decision.app
        import fraud_isolation_forest.app
        import fraud_lightgbm.app
        import fraud_orchestrator.app
        import fraud_post_auth.app
        import fraud_rules.app
        import fraud_sanctions.app
        import fraud_xgboost.app

        self.apps.update(
            rules=fraud_rules.app.create_app(clock=self._clock),
            isolation_forest=fraud_isolation_forest.app.create_app(trial=self._trial),
            autoencoder=fraud_autoencoder.app.create_app(trial=self._trial),
            xgboost=fraud_xgboost.app.create_app(trial=self._trial),
            lightgbm=fraud_lightgbm.app.create_app(trial=self._trial),
            decision=fraud_decision.app.create_app(clock=self._clock),
            # The last to be stopped of those with a store: the others' last events go there.
            post_auth=fraud_post_auth.app.create_app(
                online=self._online, clock=self._clock
            ),
            action=fraud_action.app.create_app(
                online=self._online,
                service_client=self.service_client("action"),
                clock=self._clock,
            ),
            sanctions=fraud_sanctions.app.create_app(
                service_client=self.service_client("sanctions"), clock=self._clock
            ),
            orchestrator=fraud_orchestrator.app.create_app(
                online=self._online,
                service_client=self.service_client("orchestrator"),
                clock=self._clock,
            ),
        )
