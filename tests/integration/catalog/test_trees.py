"""Trees that were tampered with are refused before they are asked; all honest ones are served."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.support.mlflow_models import rows_of
from webapp.catalog.prepared import PreparedError
from webapp.catalog.trees import check_trees

ROWS, LABEL = rows_of(4)


def models() -> dict[str, Any]:
    from sklearn.ensemble import (
        AdaBoostClassifier,
        BaggingClassifier,
        ExtraTreesClassifier,
        GradientBoostingClassifier,
        RandomForestClassifier,
    )
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures
    from sklearn.tree import DecisionTreeClassifier

    tree = DecisionTreeClassifier(random_state=0)
    return {
        "tree": tree,
        "forest": RandomForestClassifier(4, random_state=0),
        "extra": ExtraTreesClassifier(4, random_state=0),
        "boosted": GradientBoostingClassifier(n_estimators=4, random_state=0),
        "ada": AdaBoostClassifier(tree, n_estimators=2, random_state=0),
        "bagged": BaggingClassifier(tree, n_estimators=3, max_features=2, random_state=0),
        "pipeline": make_pipeline(PolynomialFeatures(2), RandomForestClassifier(3)),
        "constant": DecisionTreeClassifier(max_depth=1, min_samples_leaf=399),
    }


@pytest.mark.parametrize("name", models())
def test_honest_trees(name: str) -> None:
    check_trees(models()[name].fit(ROWS, LABEL))


def tamper(holder: Any, column: str, node: int, value: int) -> None:
    """Change a node of an estimator's tree, as a file could have it."""
    state = holder.tree_.__getstate__()
    nodes = state["nodes"].copy()
    nodes[column][node] = value
    holder.tree_.__setstate__(state | {"nodes": nodes})


DAMAGE: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "a child beyond the end": ("tree", lambda m: tamper(m, "left_child", 0, 10**6)),
    "a child before the start": ("tree", lambda m: tamper(m, "right_child", 0, -7)),
    "a circle": ("tree", lambda m: tamper(m, "right_child", 1, 0)),
    "a column beyond the last": ("tree", lambda m: tamper(m, "feature", 0, 4)),
    "a column before the first": ("tree", lambda m: tamper(m, "feature", 0, -9)),
    "in a forest": ("forest", lambda m: tamper(m.estimators_[2], "left_child", 0, 10**6)),
    "in a pipeline": ("pipeline", lambda m: tamper(m[-1].estimators_[0], "feature", 0, 99)),
    "in boosting": ("boosted", lambda m: tamper(m.estimators_[3, 0], "feature", 0, 99)),
    "columns of boosting": (
        "boosted",
        lambda m: setattr(m.estimators_[3, 0], "n_features_in_", 100),
    ),
    "sums of boosting": (
        "boosted",
        lambda m: setattr(m, "estimators_", m.estimators_.repeat(3, 1)),
    ),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damaged_trees(name: str) -> None:
    kind, damage = DAMAGE[name]
    model = models()[kind].fit(ROWS, LABEL)
    damage(model)
    with pytest.raises(PreparedError, match="Its trees are damaged: a node points outside"):
        check_trees(model)


def test_it_does_not_walk_for_ever() -> None:
    circle: list[Any] = [np.array([None, {"x": 1}], dtype=object)]
    circle.append(circle)
    check_trees(circle)
