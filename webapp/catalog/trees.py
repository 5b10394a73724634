"""Checks of scikit-learn's trees before they are asked, as prediction follows their nodes blindly.

Loading a tree checks the types and lengths of its arrays. What is in them isn't checked by anybody
else: a file that was tampered with could have it read or write outside of its memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from webapp.catalog.prepared import PreparedError

_LEAF = -1  # instead of a child
_MOST_PARTS = 2_000_000
_DAMAGED = "Its trees are damaged: a node points outside of its tree or of its inputs"


def check_trees(model: Any) -> None:
    """Raise PreparedError if a tree in a scikit-learn model points outside of itself."""
    from sklearn.ensemble._gb import BaseGradientBoosting
    from sklearn.tree import BaseDecisionTree

    for part in _parts(model):
        if isinstance(part, BaseDecisionTree) and hasattr(part, "tree_"):  # not a template
            _check_nodes(part.tree_, part.n_features_in_)
        if isinstance(part, BaseGradientBoosting) and hasattr(part, "estimators_"):
            _check_boosting(part)


def _check_nodes(tree: Any, columns: int) -> None:
    first, second = np.asarray(tree.children_left), np.asarray(tree.children_right)
    parents = np.flatnonzero(first != _LEAF)
    # scikit-learn adds a child after its parent, so following them comes to an end
    for children in (first[parents], second[parents]):
        if not ((children > parents) & (children < tree.node_count)).all():
            raise PreparedError(_DAMAGED)
    features = np.asarray(tree.feature)[parents]
    if not tree.node_count or not ((features >= 0) & (features < columns)).all():
        raise PreparedError(_DAMAGED)


def _check_boosting(model: Any) -> None:
    """It has its trees read their columns, and write their sums, without asking them."""
    trees = model.estimators_
    has_one_sum = trees.ndim == 2 and trees.shape[1] == model.n_trees_per_iteration_ == 1
    if not has_one_sum or any(t.n_features_in_ != model.n_features_in_ for t in trees.ravel()):
        raise PreparedError(_DAMAGED)


def _parts(model: Any) -> Iterator[Any]:
    """A model and all objects that it holds. Raises PreparedError if there are too many."""
    waiting, ids = [model], {id(model)}
    while waiting:
        part = waiting.pop()
        yield part
        new = [each for each in _inner(part) if id(each) not in ids]
        ids.update(map(id, new))
        waiting += new
        if len(ids) > _MOST_PARTS:
            raise PreparedError(f"It has more than {_MOST_PARTS:,} parts")


def _inner(part: Any) -> list[Any]:
    if isinstance(part, dict):
        return list(part.values())
    if isinstance(part, (list, tuple, set)):
        return list(part)
    if isinstance(part, np.ndarray):
        return part.ravel().tolist() if part.dtype == object else []
    return list(vars(part).values()) if hasattr(part, "__dict__") else []
