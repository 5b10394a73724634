"""Checks of nearest neighbours, whose compiled searches believe every index in a file."""

from __future__ import annotations

from typing import Any

import numpy as np

from webapp.catalog.structure.parts import count_of, damaged, watch

_INDEX = "index of neighbours"
_BOUNDS = {"KDTree": 2, "BallTree": 1}  # arrays of bounds: lower and upper, or centres
_PARAMETERS = {"p", "w", "V", "VI"}  # of distances; others are handed to compiled code


def check_search_tree(tree: Any) -> None:
    """Check a KDTree or BallTree: its nodes split its rows in halves. Raises PreparedError."""
    data, rows, nodes, bounds, leaf_size, _, count, *_, distance, _ = tree.__getstate__()
    total, columns = data.shape
    shape = (_BOUNDS[type(tree).__name__], count, columns)
    if not total or not columns or leaf_size < 1 or nodes.shape != (count,) or not count:
        raise damaged(_INDEX, "its arrays have other lengths than its rows")
    if bounds.shape != shape or not np.isfinite(bounds).all():
        raise damaged(_INDEX, "its bounds are not those of its nodes")
    if not np.array_equal(np.sort(rows), np.arange(total)):
        raise damaged(_INDEX, "it doesn't have each row once")
    _check_halves(nodes, total)
    _check_distance(distance, columns)


def _check_halves(nodes: Any, total: int) -> None:
    """Follow the nodes from the root; the children of node i are 2 i + 1 and 2 i + 2."""
    places = np.zeros(1, dtype=np.int64)
    is_whole = nodes["idx_start"][0] == 0 and nodes["idx_end"][0] == total
    while places.size and is_whole:
        start, end = nodes["idx_start"][places], nodes["idx_end"][places]
        has_rows = (start < end) & np.isfinite(nodes["radius"][places])
        inner = places[nodes["is_leaf"][places] == 0]
        first = 2 * inner + 1
        if not has_rows.all() or (first.size and first.max() + 1 >= len(nodes)):
            is_whole = False
            break
        is_whole = bool(
            (nodes["idx_start"][first] == nodes["idx_start"][inner]).all()
            and (nodes["idx_end"][first] == nodes["idx_start"][first + 1]).all()
            and (nodes["idx_end"][first + 1] == nodes["idx_end"][inner]).all()
        )
        places = np.concatenate([first, first + 1])
    if not is_whole:
        raise damaged(_INDEX, "a node points outside of it")


def _check_distance(distance: Any, columns: int) -> None:
    from sklearn.metrics._dist_metrics import DistanceMetric64

    name = type(distance).__name__
    if not isinstance(distance, DistanceMetric64) or name == "PyFuncDistance64":
        raise damaged(_INDEX, "it has no distance of scikit-learn's")
    power, weights, matrix = distance.__getstate__()
    lengths = {"SEuclideanDistance64": (columns,), "MinkowskiDistance64": (0, columns)}
    is_fitting = weights.shape[0] in lengths.get(name, (weights.shape[0],)) and power > 0
    if name == "MahalanobisDistance64":
        is_fitting &= matrix.shape == (columns, columns)
    if not is_fitting or (name == "HaversineDistance64" and columns != 2):
        raise damaged(_INDEX, "its distance is one of other columns")


def check_neighbors(model: Any) -> None:
    """Check an estimator that searches neighbours. Raises PreparedError."""
    from sklearn.neighbors import KNeighborsClassifier, RadiusNeighborsClassifier

    rows, columns = model._fit_X.shape
    tree = model._tree
    if columns != count_of(model.n_features_in_, _INDEX) or rows != model.n_samples_fit_:
        raise damaged(_INDEX, "its rows are not those that it was fitted on")
    if tree is not None and type(tree).__name__ not in _BOUNDS:
        raise damaged(_INDEX, "it is none")
    neighbors = getattr(model, "n_neighbors", None)
    if neighbors is not None and not 1 <= count_of(neighbors, _INDEX) <= rows:
        raise damaged(_INDEX, f"it has {rows} rows, and {neighbors} neighbours are asked for")
    for name in ("metric_params", "effective_metric_params_"):
        if not set(getattr(model, name, None) or ()) <= _PARAMETERS:
            raise damaged(_INDEX, "its distance has parameters that no distance has")
    if isinstance(model, (KNeighborsClassifier, RadiusNeighborsClassifier)):
        _check_labels(model, rows)
    if isinstance(model, RadiusNeighborsClassifier):
        _watch_rows(model, columns)


def _check_labels(model: Any, rows: int) -> None:
    """Compiled code counts the labels of the neighbours by their numbers."""
    labels = np.asarray(model._y)
    if model.outputs_2d_:
        return  # of several outcomes, which are refused later
    if labels.shape != (rows,) or not hasattr(model, "classes_"):
        raise damaged(_INDEX, "it has no label for each row")
    inside = (labels >= 0) & (labels < len(model.classes_))
    if labels.dtype.kind not in "iu" or not inside.all():
        raise damaged(_INDEX, "a label is none of its classes")


def _watch_rows(model: Any, columns: int) -> None:
    """RadiusNeighborsClassifier hands its rows to compiled code without looking at them."""

    def check(rows: Any) -> None:
        if np.shape(rows)[1] != columns:
            raise damaged(_INDEX, "its rows are not those that it was fitted on")

    watch(model, "predict_proba", before=check)
