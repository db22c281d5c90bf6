"""Stages with a progress bar and a stopwatch each."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn


class Stages:
    """Draws one bar per stage and keeps the seconds each took; stages may overlap, so
    `total` is less than their sum."""

    def __init__(self, console: Console) -> None:
        self.seconds: dict[str, float] = {}
        self.total = 0.0
        self._began = time.perf_counter()
        self._progress = Progress(
            TextColumn("{task.description:<28}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
            console=console,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()
        self.total = time.perf_counter() - self._began

    @contextmanager
    def stage(self, name: str) -> Iterator[Callable[[float], None]]:
        """Run a stage; the value is called with the share done, from 0 to 1."""
        task = self._progress.add_task(name, total=1.0)
        started = time.perf_counter()
        yield lambda share: self._progress.update(task, completed=share)
        self.seconds[name] = time.perf_counter() - started
        self._progress.update(task, completed=1.0)
