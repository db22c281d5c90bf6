"""`fraud features rebuild`: an emptied online store is made whole again."""

import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from fraud_features.store.open_store import open_online_store
from fraud_features.store.port import OnlineStoreUnavailable
from fraud_ops.features.logs import decision_log, label_log, rebuild_lease
from fraud_ops.features.progress import Progress, bars
from fraud_ops.figures import finish, wide_console
from fraud_ops.mesh.environment import LocalMesh
from fraud_ops.mesh.redis_server import EmbeddedRedis
from fraud_ops.running import CommandError
from fraud_orchestrator.rebuild import AlreadyComplete, LostMeanwhile, Rebuilt, rebuild

# A rebuild is in no hurry, and one step of it empties the whole store.
TIMEOUT_MS = 600_000.0
console = wide_console()


def rebuild_command(mesh: LocalMesh, *, again: bool, as_json: bool) -> None:
    """Rebuild the store of `REDIS_URL`, or the mesh's own Redis, and say what came back."""
    mesh.prepare()
    started = time.perf_counter()
    with store_url(mesh) as url, bars(console) as report_progress:
        try:
            result = asyncio.run(_rebuild(mesh, url, again, report_progress))
        except AlreadyComplete:
            console.print(
                "The online store says that it is complete; nothing was changed. "
                "With --again it is emptied and rebuilt; until that is done velocity is "
                "unknown."
            )
            raise typer.Exit(1) from None
        except LostMeanwhile as lost:
            raise CommandError(
                "a gateway rebuilds the online store already, or it was emptied again; "
                "fraud_online_rebuild_payments shows how far it is"
            ) from lost
        except OnlineStoreUnavailable as away:
            raise CommandError(
                f"{away}; until a rebuild comes to its end velocity is unknown"
            ) from away
    seconds = time.perf_counter() - started
    console.print(
        f"{result.payments:,} payments ({result.meanwhile:,} of them decided meanwhile) "
        f"and {result.labels:,} labels in {seconds:.1f} s; the store is complete."
    )
    finish(
        "features rebuild",
        {
            "payments": result.payments,
            "meanwhile": result.meanwhile,
            "labels": result.labels,
            "seconds": round(seconds, 2),
        },
        [],
        n=result.payments,
        seed=None,
        as_json=as_json,
        enforce=False,
    )


async def _rebuild(
    mesh: LocalMesh, url: str, again: bool, progress: Progress
) -> Rebuilt:
    store = open_online_store(url, timeout_ms=TIMEOUT_MS)
    try:
        async with (
            rebuild_lease(mesh),
            decision_log(mesh) as decisions,
            label_log(mesh, store) as labels,
        ):
            return await rebuild(
                store, decisions, labels, again=again, progress=progress
            )
    finally:
        await store.close()


@contextmanager
def store_url(mesh: LocalMesh) -> Iterator[str]:
    """`REDIS_URL`, or the Redis of this mesh: the running one, else one of our own."""
    if url := os.environ.get("REDIS_URL", ""):
        yield url
        return
    own = EmbeddedRedis(mesh.var / "redis")
    if own.answers():
        yield own.url
        return
    own.start()
    try:
        yield own.url
    finally:
        own.stop()
