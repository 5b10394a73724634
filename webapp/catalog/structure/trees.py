"""Checks of scikit-learn's trees before they are asked, as prediction follows their nodes blindly.

Loading a tree checks the types and lengths of its arrays. What is in them isn't checked by anybody
else: a file that was tampered with could have it read or write outside of its memory.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from webapp.catalog.structure.parts import count_of, damaged, watch

_LEAF = -1  # instead of a child
_WORDS = 8  # of 32 bits, one for each of 256 categories
_TREES = "trees"
_OUTSIDE = "a node points outside of its tree or of its inputs"


def check_tree(estimator: Any) -> None:
    """Check an estimator with one tree (``sklearn.tree``). Raises PreparedError."""
    from sklearn.tree._tree import Tree

    tree = estimator.tree_
    if type(tree) is not Tree or tree.node_count < 1:
        raise damaged(_TREES, _OUTSIDE)
    first, second = np.asarray(tree.children_left), np.asarray(tree.children_right)
    parents = np.flatnonzero(first != _LEAF)
    _check_children(parents, (first[parents], second[parents]), tree.node_count)
    columns = count_of(estimator.n_features_in_, _TREES)
    _check_columns(np.asarray(tree.feature)[parents], columns)
    if np.isnan(np.asarray(tree.threshold)[parents]).any():
        raise damaged(_TREES, "a threshold is no number")


def _check_children(parents: Any, pairs: Any, count: int) -> None:
    """scikit-learn adds a child after its parent, so following them comes to an end."""
    for children in pairs:
        if not ((children > parents) & (children < count)).all():
            raise damaged(_TREES, _OUTSIDE)


def _check_columns(columns: Any, count: int) -> None:
    if not ((columns >= 0) & (columns < count)).all():
        raise damaged(_TREES, _OUTSIDE)


def check_boosting(model: Any) -> None:
    """Check GradientBoosting, which has its trees read their rows, and write their sums, unasked.

    Raises PreparedError. How many rows its first guess answers is seen when it is asked.
    """
    from sklearn.tree import DecisionTreeRegressor

    trees = model.estimators_
    has_one_sum = trees.ndim == 2 and trees.shape[1] == model.n_trees_per_iteration_ == 1
    columns = count_of(model.n_features_in_, _TREES)
    for tree in trees.ravel():
        if not (isinstance(tree, DecisionTreeRegressor) and tree.n_features_in_ == columns):
            raise damaged(_TREES, _OUTSIDE)
        if np.shape(tree.tree_.value) != (tree.tree_.node_count, 1, 1):
            raise damaged(_TREES, "a node has more than one value, or none")
    if not has_one_sum:
        raise damaged(_TREES, _OUTSIDE)
    if not isinstance(model.init_, str):
        _watch_first_guess(model)


def _watch_first_guess(model: Any) -> None:
    from sklearn.base import is_classifier

    method, width = ("predict_proba", (2,)) if is_classifier(model) else ("predict", ())

    def check(rows: Any, answers: Any) -> None:
        if type(answers) is not np.ndarray or answers.shape != (rows.shape[0], *width):
            raise damaged("first guesses", "they are not one for each row")

    watch(model.init_, method, after=check)


def check_histograms(model: Any) -> None:
    """Check HistGradientBoosting. Raises PreparedError."""
    columns = count_of(model.n_features_in_, _TREES)
    is_categorical = np.asarray(model._bin_mapper.is_categorical_)
    if "_in_fit" in vars(model) or is_categorical.shape != (columns,):
        raise damaged(_TREES, "its columns are not those that it was fitted on")
    for iteration in model._predictors:
        for tree in iteration:
            _check_predictor(tree, is_categorical.astype(bool))
    if getattr(model, "_preprocessor", None) is not None:
        watch(model._preprocessor, "transform", after=_width_checker(columns))


def _check_predictor(tree: Any, is_categorical: Any) -> None:
    nodes, sets = tree.nodes, tree.raw_left_cat_bitsets
    if nodes.ndim != 1 or not nodes.size:
        raise damaged(_TREES, _OUTSIDE)
    parents = np.flatnonzero(nodes["is_leaf"] == 0)
    inner = nodes[parents]
    _check_children(parents, (inner["left"].astype(int), inner["right"].astype(int)), nodes.size)
    _check_columns(inner["feature_idx"], is_categorical.size)
    by_category = inner[inner["is_categorical"] != 0]
    has_sets = sets.ndim == 2 and sets.shape[1] >= _WORDS
    if by_category.size and not (
        has_sets
        and (by_category["bitset_idx"] < len(sets)).all()
        and is_categorical[by_category["feature_idx"]].all()
    ):
        raise damaged(_TREES, "a node asks for a set of categories that isn't there")
    if np.isnan(inner["num_threshold"]).any():
        raise damaged(_TREES, "a threshold is no number")


def _width_checker(columns: int) -> Any:
    def check(rows: Any, answers: Any) -> None:
        if np.shape(answers) != (np.shape(rows)[0], columns):
            raise damaged(_TREES, "its columns are not those that it was fitted on")

    return check
