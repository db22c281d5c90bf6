"""The command `fraud bench screening`."""

from typing import Annotated

import typer

from fraud_ops.options import Enforce, Json, ScreeningData, Seed


def bench_screening(
    data: ScreeningData,
    queries: Annotated[int, typer.Option(help="Names screened.")] = 5000,
    seed: Seed = 1,
    growth: Annotated[
        str, typer.Option(help="Numbers of generated names; empty: do not measure.")
    ] = "10000,100000,1000000",
    http: Annotated[
        bool, typer.Option("--http", help="Ask the service at 200 requests/s, too.")
    ] = False,
    as_json: Json = False,
    enforce: Enforce = False,
) -> None:
    """Latency, throughput and memory of the matcher, beside rapidfuzz over all names."""
    from fraud_lab.bench.screening.command import bench_screening_command

    bench_screening_command(
        data,
        queries=queries,
        seed=seed,
        sizes=[int(size) for size in growth.split(",") if size],
        http=http,
        as_json=as_json,
        enforce=enforce,
    )
