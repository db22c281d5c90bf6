"""The databases of a local mesh that say what was decided and what was reported."""

import os
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType

import fraud_orchestrator
import fraud_post_auth
from fraud_features.store.port import OnlineStore
from fraud_ops.mesh.environment import LocalMesh
from fraud_orchestrator.rebuild import LostMeanwhile, RebuildLease
from fraud_orchestrator.stores.history import History
from fraud_post_auth.projection import Projector
from fraud_shared.mesh.background import repeating
from fraud_shared.state.database import Database, database_url

PROLONG_S = 15.0


@asynccontextmanager
async def decision_log(
    mesh: LocalMesh, environment: Mapping[str, str] = os.environ
) -> AsyncIterator[History]:
    """The gateway's decisions in `DATABASE_URL`, or in the mesh's own file."""
    db = orchestrator_database(mesh, environment)
    await db.start()
    try:
        yield History(db)
    finally:
        await db.stop()


@asynccontextmanager
async def rebuild_lease(
    mesh: LocalMesh, environment: Mapping[str, str] = os.environ
) -> AsyncIterator[None]:
    """The right to rebuild the online store, which no gateway does meanwhile. Raises
    LostMeanwhile when a gateway does."""
    db = orchestrator_database(mesh, environment)
    await db.start()
    lease, holder = RebuildLease(db), uuid.uuid4().hex
    try:
        if not await lease.take(holder):
            raise LostMeanwhile
        prolonging = repeating(
            "rebuild_lease", lambda: lease.take(holder), every_s=PROLONG_S
        )
        try:
            async with prolonging:
                yield
        finally:
            await lease.give_back(holder)
    finally:
        await db.stop()


@asynccontextmanager
async def label_log(
    mesh: LocalMesh, store: OnlineStore, environment: Mapping[str, str] = os.environ
) -> AsyncIterator[Projector]:
    """post_auth's labels, on their way to `store`."""
    db = post_auth_database(mesh, environment)
    await db.start()
    try:
        yield Projector(db, store)
    finally:
        await db.stop()


def post_auth_database(
    mesh: LocalMesh, environment: Mapping[str, str] = os.environ
) -> Database:
    """post_auth's database, closed: `DATABASE_URL`, or the mesh's own file."""
    return service_database(mesh, "post_auth", fraud_post_auth, environment)


def orchestrator_database(
    mesh: LocalMesh, environment: Mapping[str, str] = os.environ
) -> Database:
    """The gateway's database, closed: `DATABASE_URL`, or the mesh's own file."""
    return service_database(mesh, "orchestrator", fraud_orchestrator, environment)


def service_database(
    mesh: LocalMesh,
    service: str,
    package: ModuleType,
    environment: Mapping[str, str] = os.environ,
) -> Database:
    """The database of a service, closed; `package` is where its migrations are."""
    url = database_url(
        environment.get("DATABASE_URL", ""),
        service=service,
        var_dir=mesh.var,
        production=environment.get("FRAUD_ENV") == "production",
    )
    folder = Path(package.__path__[0]) / "migrations"
    return Database(url, schema=service, migrations=folder)
