"""Training: scikit-learn grows the forest, flat arrays are what is kept of it."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from fraud_isolation_forest.flat import FlatForest, dump
from fraud_isolation_forest.scorer import ENGINE, FILE
from fraud_scoring.serving.scorer import Floats32, Floats64
from fraud_scoring.training.assemble import Fitted, Progress, silent
from fraud_scoring.training.dataset import Dataset


@dataclass(frozen=True, slots=True)
class Forest:
    """How large a forest: number of trees, and payments that each of them sees."""

    trees: int = 100
    sample: int = 256


FOREST = Forest()
# The forest sees few rows anyway (trees x sample); more only cost memory.
_ROWS = 60_000


def train(
    data: Dataset,
    *,
    threads: int = 1,
    progress: Progress = silent,
    size: Forest = FOREST,
) -> Fitted:
    """Grow an isolation forest on unlabelled payments of the training slice."""
    from sklearn.ensemble import IsolationForest

    x = data.train.x
    rng = np.random.default_rng(data.seed)
    x = x[np.sort(rng.permutation(len(x))[:_ROWS])]
    fill = _medians(x)
    forest = IsolationForest(
        n_estimators=size.trees,
        max_samples=min(size.sample, len(x)),
        random_state=data.seed,
        n_jobs=threads,
    ).fit(np.where(np.isnan(x), fill, x))

    def reference(rows: Floats32) -> Floats64:
        filled = np.where(np.isnan(rows), fill, rows)
        found: Floats64 = -forest.score_samples(filled)
        return found

    progress(0.7)
    flat = flatten(forest, fill)
    return Fitted(
        engine=ENGINE,
        algorithm=f"Isolation forest, {size.trees} trees of {size.sample} payments",
        files={FILE: dump(flat)},
        reference=reference,
        parameters={
            "trees": size.trees,
            "sample": size.sample,
            "unknown": "training median",
        },
        importance=_importance(flat, data),
        libraries=("scikit-learn", "numpy"),
        supervised=False,
        tolerance=1e-9,
    )


def _medians(x: Floats32) -> Floats32:
    known = ~np.isnan(x)
    medians = [
        np.median(x[known[:, i], i]) if known[:, i].any() else 0.0
        for i in range(x.shape[1])
    ]
    return np.array(medians, dtype=np.float32)


def flatten(forest: Any, fill: Floats32) -> FlatForest:
    """Number the nodes of all trees breadth first, children side by side."""
    left: list[int] = []
    feature: list[int] = []
    threshold: list[float] = []
    length: list[float] = []
    roots: list[int] = []
    deepest = 1
    for estimator in forest.estimators_:
        tree = estimator.tree_
        root = len(left)
        roots.append(root)
        lengths = _lengths(tree)
        level, depth = [0], 0
        while level:
            # Where the children of this level's splits will stand: after the level.
            following: list[int] = []
            base = len(left) + len(level)
            for node in level:
                is_leaf = tree.children_left[node] == -1
                place = len(left)
                left.append(place if is_leaf else base + len(following))
                feature.append(0 if is_leaf else int(tree.feature[node]))
                threshold.append(np.inf if is_leaf else _down(tree.threshold[node]))
                length.append(lengths[node])
                if not is_leaf:
                    following += [tree.children_left[node], tree.children_right[node]]
            level, depth = following, depth + bool(following)
        deepest = max(deepest, depth)
    return FlatForest(
        roots=np.array(roots, dtype=np.intp),
        left=np.array(left, dtype=np.intp),
        feature=np.array(feature, dtype=np.intp),
        threshold=np.array(threshold, dtype=np.float32),
        length=np.array(length, dtype=np.float64),
        fill=fill,
        depth=deepest,
        scale=float(len(roots) * average_path(np.array([forest.max_samples_]))[0]),
    )


def _down(threshold: float) -> float:
    """The largest float32 not above: `x > t` is then the same for every float32 x."""
    nearest = np.float32(threshold)
    if float(nearest) > threshold:
        nearest = np.nextafter(nearest, np.float32(-np.inf))
    return float(nearest)


def _lengths(tree: Any) -> list[float]:
    """Path length of each leaf (depth plus what its rows would still need), and of each
    split the mean over the training rows below it."""
    rest = average_path(np.asarray(tree.n_node_samples))
    lengths = [0.0] * tree.node_count
    depth = [0] * tree.node_count
    order = [0]
    for node in order:
        for child in (tree.children_left[node], tree.children_right[node]):
            if child != -1:
                depth[child] = depth[node] + 1
                order.append(int(child))
    for node in reversed(order):
        a, b = tree.children_left[node], tree.children_right[node]
        if a == -1:
            lengths[node] = depth[node] + float(rest[node])
        else:
            na, nb = tree.n_node_samples[a], tree.n_node_samples[b]
            lengths[node] = float((lengths[a] * na + lengths[b] * nb) / (na + nb))
    return lengths


def average_path(samples: np.ndarray) -> Floats64:
    """c(n): mean length of an unsuccessful search in a binary tree of n (Liu et al.)."""
    n = samples.astype(np.float64)
    many = np.maximum(n, 3.0)
    usual = 2.0 * (np.log(many - 1.0) + np.euler_gamma) - 2.0 * (many - 1.0) / many
    found: Floats64 = np.where(n <= 1, 0.0, np.where(n == 2, 1.0, usual))
    return found


def _importance(flat: FlatForest, data: Dataset) -> dict[str, float]:
    """Mean absolute contribution over a few hundred later payments."""
    moved = np.mean([np.abs(flat.attribute(r)) for r in data.calibrate.x[:300]], axis=0)
    total = float(moved.sum()) or 1.0
    return dict(zip(data.features, (moved / total).tolist(), strict=True))
