"""A promotion through a real broker: the order, the event, the swap."""

import asyncio
from contextlib import asynccontextmanager

import aio_pika
import pytest
from pydantic_settings import SettingsConfigDict

from fraud_ops.models import announce
from fraud_scoring.artifacts.keys import generate_keys
from fraud_scoring.serving.routes import promotions
from fraud_scoring.serving.service import ScorerService
from fraud_scoring.serving.settings import ScorerSettings
from fraud_scoring.testing import NOW, linear_engine, memory_registry, release
from fraud_shared.state.rabbit import RabbitBus, erase
from fraud_shared.state.rabbit_consumer import RabbitConsumer
from fraud_shared.testing.servers import amqp_url, fresh_schema

NEVER_S = 3600.0


class Settings(ScorerSettings):
    model_config = SettingsConfigDict(env_prefix="FRAUD_TEST_SCORER_")

    port: int = 8099
    models: tuple[str, ...] = ("xgboost", "credit_card")


@asynccontextmanager
async def broker():
    """URL and a prefix of this test's own; its queues go afterwards."""
    url, prefix = amqp_url(), fresh_schema("fraud_test")
    yield url, prefix
    async with await aio_pika.connect(url) as connection:
        await erase(await connection.channel(), prefix)


@asynccontextmanager
async def scorer(registry, keys, var):
    """A scorer that looks at the registry once, and then only when it is told to."""
    settings = Settings(
        public_key=keys.public_pem,
        var_dir=var,
        watch_seconds=NEVER_S,
        poll_seconds=NEVER_S,
    )
    service = ScorerService(
        "xgboost", settings, linear_engine(), registry=registry, trial=lambda _: None
    )
    async with service.running():
        yield service


async def serves(service, name, version):
    async with asyncio.timeout(20):
        while (now := service.slots[name].current) is None or (
            now.model.ref.version != version
        ):
            await asyncio.sleep(0.02)


@pytest.mark.servers
async def test_scorers_serve_what_was_promoted(tmp_path):
    keys = generate_keys()
    registry = memory_registry(keys)
    old = release(registry).manifest.version
    async with broker() as (url, prefix), scorer(registry, keys, tmp_path) as service:
        await serves(service, "xgboost", old)
        consumer = RabbitConsumer(
            url, service="xgboost", handler=promotions(service), prefix=prefix
        )
        async with consumer.running():
            new = release(registry, (0.7, 1.0, -0.25), hours=1).manifest.version
            event = announce.event(registry.aliases("xgboost"), "champion", NOW)
            await announce.publish([event], RabbitBus(url, prefix=prefix))
            await serves(service, "xgboost", new)
        # A model that this service does not host is none of its business.
        assert service.slots["credit_card"].current is None


@pytest.mark.servers
async def test_an_order_given_while_no_scorer_listens_arrives_later(tmp_path):
    keys = generate_keys()
    registry = memory_registry(keys)
    old = release(registry).manifest.version
    async with broker() as (url, prefix), scorer(registry, keys, tmp_path) as service:
        await serves(service, "xgboost", old)
        new = release(registry, (0.7, 1.0, -0.25), hours=1).manifest.version
        event = announce.event(registry.aliases("xgboost"), "champion", NOW)
        await announce.publish([event], RabbitBus(url, prefix=prefix))
        consumer = RabbitConsumer(
            url, service="xgboost", handler=promotions(service), prefix=prefix
        )
        async with consumer.running():
            await serves(service, "xgboost", new)
