"""An isolation forest as flat arrays, walked in all trees at once, one level at a time.

Nodes of all trees stand in one numbering. The children of a split stand side by side, so
that a step is `left + (x > threshold)`; a leaf is its own left child with an infinite
threshold, so that a walk that has ended stays where it is.
"""

import io
import zipfile
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fraud_scoring.errors import FeatureMismatch, MalformedArtifact
from fraud_scoring.serving.scorer import Floats32, Floats64

Places = npt.NDArray[np.intp]
# Rows walked together: bounds the memory of a large batch.
_BLOCK = 256


@dataclass(frozen=True, slots=True)
class FlatForest:
    """`length` is, for a leaf, the path length it stands for, and for a split the mean
    path length of the training rows below it. `fill` replaces unknown values (the
    training median), `scale` is the number of trees times c(sample size)."""

    roots: Places
    left: Places
    feature: Places
    threshold: Floats32
    length: Floats64
    fill: Floats32
    depth: int
    scale: float

    def score(self, rows: Floats32) -> Floats64:
        """2 ** -(mean path length / c): about 0.5 for the ordinary, towards 1 for the odd.

        Equal to minus scikit-learn's `score_samples`.
        """
        if len(rows) == 1:
            total = self.length.take(self._leaves(self._filled(rows)[0])).sum()
            return np.array([2.0 ** -(total / self.scale)])
        scores = np.empty(len(rows))
        for first in range(0, len(rows), _BLOCK):
            block = self._filled(rows[first : first + _BLOCK])
            totals = self.length.take(self._leaves_of(block)).sum(axis=1)
            scores[first : first + _BLOCK] = np.exp2(-(totals / self.scale))
        return scores

    def attribute(self, row: Floats32) -> Floats64:
        """How far each feature shortened the walk, in log2 of the score.

        At each split the expected path length changes from the node's mean to its
        child's; that change belongs to the split's feature. The parts add up to
        log2(score) minus log2 of the score of a row with the mean path length.
        """
        x = self._filled(row[None, :])[0]
        moved = np.zeros(len(x))
        node = self.roots
        for _ in range(self.depth):
            feature = self.feature.take(node)
            child = self.left.take(node) + (x.take(feature) > self.threshold.take(node))
            gain = self.length.take(node) - self.length.take(child)
            moved += np.bincount(feature, weights=gain, minlength=len(x))
            node = child
        return moved / self.scale

    def _filled(self, rows: Floats32) -> Floats32:
        return np.where(np.isnan(rows), self.fill, rows)

    def _leaves(self, x: Floats32) -> Places:
        """The leaf of one row in every tree."""
        node = self.roots
        left, feature, threshold = self.left, self.feature, self.threshold
        for _ in range(self.depth):
            node = left.take(node) + (x.take(feature.take(node)) > threshold.take(node))
        return node

    def _leaves_of(self, rows: Floats32) -> Places:
        """The leaves of many rows: rows x trees."""
        flat = np.ascontiguousarray(rows).ravel()
        offset = (np.arange(len(rows)) * rows.shape[1])[:, None]
        node = np.broadcast_to(self.roots, (len(rows), len(self.roots)))
        for _ in range(self.depth):
            x = flat.take(self.feature.take(node) + offset)
            node = self.left.take(node) + (x > self.threshold.take(node))
        return node


_ARRAYS = ("roots", "left", "feature", "threshold", "length", "fill", "depth", "scale")


def dump(forest: FlatForest) -> bytes:
    """The content of `forest.npz`: plain arrays."""
    buffer = io.BytesIO()
    arrays: dict[str, Any] = {n: np.asarray(getattr(forest, n)) for n in _ARRAYS}
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def parse(data: bytes, width: int) -> FlatForest:
    """Read `forest.npz` without pickle and check that no walk can leave the arrays."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in _ARRAYS}
    except (ValueError, KeyError, EOFError, OSError, zipfile.BadZipFile) as error:
        raise MalformedArtifact(f"forest.npz: {error}") from error
    forest = FlatForest(
        roots=found["roots"].astype(np.intp),
        left=found["left"].astype(np.intp),
        feature=found["feature"].astype(np.intp),
        threshold=found["threshold"].astype(np.float32),
        length=found["length"].astype(np.float64),
        fill=found["fill"].astype(np.float32),
        depth=int(found["depth"]),
        scale=float(found["scale"]),
    )
    _check(forest, width)
    return forest


def _check(forest: FlatForest, width: int) -> None:
    if forest.fill.shape != (width,):
        raise FeatureMismatch(f"the forest takes {len(forest.fill)} features")
    nodes = len(forest.left)
    columns = (forest.feature, forest.threshold, forest.length)
    leaf = np.isposinf(forest.threshold)
    reach = forest.left + np.where(leaf, 0, 1)
    sound = (
        nodes > 0
        and all(column.shape == (nodes,) for column in columns)
        and bool(((forest.left >= 0) & (reach < nodes)).all())
        and bool(((forest.feature >= 0) & (forest.feature < width)).all())
        and bool(((forest.roots >= 0) & (forest.roots < nodes)).all())
        and bool(np.isfinite(forest.length).all())
        and bool(np.isfinite(forest.fill).all())
        and 0 < forest.depth <= 64
        and forest.scale > 0
    )
    if not sound:
        raise MalformedArtifact("forest.npz: nodes point outside the forest")
