"""The offline frame: a history turned into training rows, point in time.

Columns in, columns out: the windows of the online store run compiled over chunks
(`columnar`), and the same feature definitions follow as Polars expressions. A row holds
what serving would have seen, bit for bit.
"""

from collections.abc import Callable, Iterable, Iterator

import polars as pl

from fraud_features.definitions.registry import PAYMENT_FEATURES, FeatureSet
from fraud_features.offline.executor import Executor
from fraud_features.offline.expressions import requests
from fraud_features.offline.labels import Label, label_frame, last_words
from fraud_features.offline.source import Payment, chunks
from fraud_features.store.memory.engine import SWEEP_EVERY
from fraud_features.store.schema import LOG_CAP, REPLY_TTL

# Payments that are worked on at a time: about 100 MB.
CHUNK = 65_536


def frame(
    payments: pl.DataFrame | Iterable[Payment],
    labels: pl.DataFrame | Iterable[Label] | None = None,
    *,
    features: FeatureSet = PAYMENT_FEATURES,
    progress: Callable[[int], None] | None = None,
) -> pl.DataFrame:
    """One row per payment: transaction_id, occurred_at, account_id, then the features.

    `payments` come in order of arrival: a frame with the columns of `facts.row_of` (times
    as Datetime or microseconds), or transactions or flat rows; columns are many times
    faster. A repeated transaction_id is left out. With `labels` (reports, rows with their
    fields, or a frame of them) there is a column `label`: 1 fraud, 0 legitimate, null
    without one, by what stands after all reports (`standing`). A label influences only payments after its
    `reported_at`, on the clock of the newest event time so far. `progress` is called with
    the number of payments read.
    """
    parts = list(replay(payments, labels, features, progress))
    return pl.concat(parts)


def frames(
    payments: pl.DataFrame | Iterable[Payment] | Iterable[pl.DataFrame],
    labels: pl.DataFrame | Iterable[Label] | None = None,
    *,
    features: FeatureSet = PAYMENT_FEATURES,
    progress: Callable[[int], None] | None = None,
    chunk: int = CHUNK,
) -> Iterator[pl.DataFrame]:
    """`frame` piece by piece, for histories larger than memory: `payments` may be frames.

    Memory is bounded by what the windows hold, the entities, the labels and a chunk, not
    by the number of payments; ids are therefore only remembered for eight days.
    """
    yield from replay(
        payments, labels, features, progress, chunk=chunk, id_memory=REPLY_TTL
    )


def replay(
    payments: pl.DataFrame | Iterable[Payment] | Iterable[pl.DataFrame],
    labels: pl.DataFrame | Iterable[Label] | None,
    features: FeatureSet = PAYMENT_FEATURES,
    progress: Callable[[int], None] | None = None,
    *,
    chunk: int = CHUNK,
    id_memory: int | None = None,
    log_cap: int = LOG_CAP,
    seen_cap: int | None = None,
    sweep_every: int = SWEEP_EVERY,
) -> Iterator[pl.DataFrame]:
    """What `frame` and `frames` share, with the limits that tests make small. An id is
    remembered for `id_memory` microseconds of event time, for good when None."""
    reports = None if labels is None else label_frame(labels)
    words = None if reports is None else last_words(reports)
    executor = Executor(
        features,
        reports,
        id_memory=id_memory,
        log_cap=log_cap,
        seen_cap=seen_cap,
        sweep_every=sweep_every,
    )
    read = 0
    try:
        for part in chunks(payments, requests(features.features), chunk):
            rows = executor.run(part)
            if words is not None:
                rows = rows.join(
                    words, on="transaction_id", how="left", maintain_order="left"
                )
            yield rows
            read += part.height
            if progress:
                progress(read)
    finally:
        executor.close()
