"""The command `fraud bench features`."""

from typing import Annotated

import typer

from fraud_ops.options import Enforce, Json, Seed


def bench_features(
    rows: Annotated[
        str, typer.Option(help="Payments per offline run; the last one judges memory.")
    ] = "100000,1000000,10000000",
    calls: Annotated[int, typer.Option(help="Timed calls of each store.")] = 5_000,
    events: Annotated[
        int, typer.Option(help="Events in the windows of the busy entities.")
    ] = 100_000,
    seed: Seed = 1,
    online: Annotated[bool, typer.Option(help="Measure the online stores too.")] = True,
    offline: Annotated[
        bool, typer.Option(help="Measure the offline frame too.")
    ] = True,
    as_json: Json = False,
    enforce: Enforce = False,
) -> None:
    """Rate, growth and memory of the offline frame; cost of a payment online."""
    from fraud_lab.bench.features.command import bench_features_command

    bench_features_command(
        sizes=[int(size) for size in rows.split(",") if size] if offline else [],
        calls=calls,
        events=events,
        seed=seed,
        with_online=online,
        as_json=as_json,
        enforce=enforce,
    )
