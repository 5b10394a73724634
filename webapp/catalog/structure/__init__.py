"""Checks of a loaded scikit-learn model before it is asked.

Loading a skops file runs no code of it, but what it loads can be told anything: an array too short,
an index that leaves it. Python and NumPy notice that. Compiled code of scikit-learn and SciPy
doesn't, so all that leads there is checked here: trees, neighbours, support vectors, sparse
matrices, random states.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from webapp.catalog.error_text import first_line
from webapp.catalog.prepared import PreparedError
from webapp.catalog.structure.machines import check_machine
from webapp.catalog.structure.matters import (
    check_function,
    check_methods,
    check_one_hot,
    check_random,
    check_sparse,
)
from webapp.catalog.structure.neighbors import check_neighbors, check_search_tree
from webapp.catalog.structure.parts import damaged, list_parts
from webapp.catalog.structure.trees import check_boosting, check_histograms, check_tree

_ODD = (AttributeError, IndexError, KeyError, TypeError, ValueError)  # of what isn't there


def check_structure(model: Any) -> None:
    """Raise PreparedError if a part of a model could have compiled code leave its memory."""
    checks = _list_checks()
    parts = list_parts(model)
    for part in parts:
        check_methods(part)
    for part in parts:
        for kind, sign, check in checks:
            if isinstance(part, kind) and (not sign or hasattr(part, sign)):
                _run(check, part)


def _run(check: Callable[[Any], None], part: Any) -> None:
    try:
        check(part)
    except PreparedError:
        raise
    except _ODD as error:
        name = type(part).__name__
        raise damaged(name, first_line(error)) from error


def _list_checks() -> tuple[tuple[Any, str, Callable[[Any], None]], ...]:
    """Kinds of parts, the attribute that a fitted one has (a template has none), their checks."""
    import numpy as np
    import scipy.sparse
    from sklearn.ensemble._gb import BaseGradientBoosting
    from sklearn.ensemble._hist_gradient_boosting.gradient_boosting import BaseHistGradientBoosting
    from sklearn.neighbors._ball_tree import BallTree
    from sklearn.neighbors._base import NeighborsBase
    from sklearn.neighbors._kd_tree import KDTree
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder
    from sklearn.svm._base import BaseLibSVM
    from sklearn.tree import BaseDecisionTree

    return (
        (BaseDecisionTree, "tree_", check_tree),
        (BaseGradientBoosting, "estimators_", check_boosting),
        (BaseHistGradientBoosting, "_predictors", check_histograms),
        ((KDTree, BallTree), "", check_search_tree),
        (NeighborsBase, "_fit_X", check_neighbors),
        (BaseLibSVM, "support_vectors_", check_machine),
        ((scipy.sparse.spmatrix, scipy.sparse.sparray), "", check_sparse),
        ((np.random.RandomState, np.random.Generator), "", check_random),
        (OneHotEncoder, "categories_", check_one_hot),
        (FunctionTransformer, "", check_function),
    )
