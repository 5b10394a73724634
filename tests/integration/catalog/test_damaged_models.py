"""Saved models that were tampered with are refused before they are asked, with a reason.

Compiled code believes what is in these files: without the checks most of them read or write outside
of their memory. That honest models pass is tested in test_every_classifier.py.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.integration.catalog.test_prepare import _own_modules, refused
from tests.support.classifiers import CLASSIFIERS, COMBINED, fitted
from tests.support.mlflow_models import save_sklearn
from webapp.catalog.prepared import read_facts
from webapp.catalog.preparer import PrepareLimits, prepare_in_child
from webapp.catalog.reviewed import REVIEWED_TYPES
from webapp.catalog.structure import check_structure

__all__ = ["_own_modules"]  # a fixture that every test here takes

pytestmark = pytest.mark.filterwarnings("ignore")
FAR = 10**6
Damage = Callable[[Any], object]


@pytest.fixture(scope="module")
def saved_models(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A folder with a model as MLflow saved it, made once for each kind."""

    @cache
    def save(name: str) -> Path:
        import skops.io

        model = fitted((CLASSIFIERS | COMBINED)[name](), name)
        types = skops.io.get_untrusted_types(data=skops.io.dumps(model))
        place = tmp_path_factory.mktemp("saved") / "m"
        return save_sklearn(model, place, skops_trusted_types=types)

    return save


def tamper(folder: Path, damage: Damage) -> None:
    """Write a model's file again with other numbers in it."""
    import skops.io

    model = skops.io.load(folder / "model.skops", trusted=sorted(REVIEWED_TYPES))
    damage(model)
    skops.io.dump(model, folder / "model.skops")


def put(**values: Any) -> Damage:
    """Other values for attributes of the model; a function makes them from what was there."""

    def change(model: Any) -> None:
        for name, value in values.items():
            vars(model)[name] = value(vars(model).get(name)) if callable(value) else value

    return change


def entry(place: Any, value: Any) -> Callable[[Any], Any]:
    """An array with another value at a place."""

    def change(array: Any) -> Any:
        array = array.copy()
        array[place] = value
        return array

    return change


def node(column: str, index: int, value: Any) -> Damage:
    """Another node for an estimator's tree."""

    def change(estimator: Any) -> None:
        state = estimator.tree_.__getstate__()
        nodes = state["nodes"].copy()
        nodes[column][index] = value
        estimator.tree_.__setstate__(state | {"nodes": nodes})

    return change


def bin_node(column: str, value: Any) -> Damage:
    """Another root for the first tree of HistGradientBoosting."""

    def change(model: Any) -> None:
        tree = model._predictors[0][0]
        tree.nodes = tree.nodes.copy()
        root = np.flatnonzero(tree.nodes["is_leaf"] == 0)[0]
        tree.nodes[column][root] = value

    return change


def state(index: int, change: Callable[[Any], Any]) -> Damage:
    """Another part of the state of the tree in which neighbours are searched."""

    def change_tree(model: Any) -> None:
        values = list(model._tree.__getstate__())
        values[index] = change(values[index])
        model._tree.__setstate__(tuple(values))

    return change_tree


def within(place: Callable[[Any], Any], damage: Damage) -> Damage:
    return lambda model: damage(place(model))


TREES = "damaged, in its trees: "
TREE, FOREST = "DecisionTreeClassifier", "RandomForestClassifier"
BOOSTED, BINS, CATEGORIES = (
    "GradientBoostingClassifier",
    "HistGradientBoostingClassifier",
    "boosting categories",
)
DAMAGED_TREES: dict[str, tuple[str, Damage]] = {
    "a child beyond the end": (TREE, node("left_child", 0, FAR)),
    "a child before the start": (TREE, node("right_child", 0, -7)),
    "a circle": (TREE, node("right_child", 1, 0)),
    "a node that is its own child": (TREE, node("left_child", 0, 0)),
    "a column beyond the last": (TREE, node("feature", 0, 4)),
    "a column before the first": (TREE, node("feature", 0, -9)),
    "a threshold that is no number": (TREE, node("threshold", 0, np.nan)),
    "columns that are no number": (TREE, put(n_features_in_="many")),
    "no tree at all": (TREE, put(tree_={"node_count": 3})),
    "in a forest": (FOREST, within(lambda m: m.estimators_[2], node("left_child", 0, FAR))),
    "in a pipeline": ("pipeline", within(lambda m: m[-1].estimators_[0], node("feature", 0, 99))),
    "in boosting": (BOOSTED, within(lambda m: m.estimators_[2, 0], node("feature", 0, 99))),
    "columns of boosting": (BOOSTED, within(lambda m: m.estimators_[2, 0], put(n_features_in_=99))),
    "sums of boosting": (BOOSTED, put(estimators_=lambda trees: trees.repeat(3, 1))),
    "no tree in boosting": (BOOSTED, lambda m: m.estimators_.fill(None)),
    "a tree of bins, child": (BINS, bin_node("left", FAR)),
    "a tree of bins, circle": (BINS, bin_node("right", 0)),
    "a tree of bins, column": (BINS, bin_node("feature_idx", 4)),
    "a tree of bins, before the first": (BINS, bin_node("feature_idx", -1)),
    "a tree of bins, threshold": (BINS, bin_node("num_threshold", np.nan)),
    "a tree of bins, categories": (BINS, bin_node("is_categorical", 1)),
    "a tree of bins without nodes": (
        BINS,
        within(lambda m: m._predictors[0][0], put(nodes=lambda nodes: nodes[:0])),
    ),
    "as if it were being fitted": (BINS, put(_in_fit=True)),
    "a set that isn't there": (CATEGORIES, bin_node("bitset_idx", FAR)),
    "columns before boosting": (
        CATEGORIES,
        within(lambda m: m._bin_mapper, put(is_categorical_=np.ones(2, np.uint8))),
    ),
}


def shorten_first_guess(model: Any) -> None:
    """It answers one row for each of its parts, not one for each row."""
    vote = CLASSIFIERS["VotingClassifier"]().set_params(flatten_transform=False)
    vote.fit(np.eye(4), [0, 1, 0, 1])
    model.init_ = COMBINED["pipeline"]().set_params(**{"step 0": vote, "step 1": "passthrough"})
    model.init_.steps[-1] = ("guess", CLASSIFIERS["DummyClassifier"]().fit(np.eye(2), [0, 1]))


BOXES, BALLS, WEIGHED = "neighbors in boxes", "neighbors in balls", "neighbors of scaled columns"
NEAR, REACH = "KNeighborsClassifier", "neighbors within reach"
INDEX = "damaged, in its index of neighbours: "
DAMAGED_NEIGHBORS: dict[str, tuple[str, Damage]] = {
    "a row beyond the last": (BOXES, state(1, entry(0, FAR))),
    "a row before the first": (BOXES, state(1, entry(0, -FAR))),
    "a row twice": (BALLS, state(1, entry(0, 1))),
    "too few rows": (BALLS, state(1, lambda rows: rows[:5].copy())),
    "a node that ends beyond": (BOXES, state(2, lambda n: end_at(n, FAR))),
    "too few nodes": (BOXES, state(2, lambda nodes: nodes[:2].copy())),
    "a count of nodes": (BALLS, state(6, lambda count: count * 2)),
    "a leaf that is none": (BALLS, state(2, lambda nodes: without_leaves(nodes))),
    "bounds of fewer nodes": (BOXES, state(3, lambda bounds: bounds[:, :1].copy())),
    "bounds of fewer columns": (BALLS, state(3, lambda bounds: bounds[:, :, :1].copy())),
    "bounds that are no numbers": (BOXES, state(3, lambda bounds: bounds * np.nan)),
    "a leaf of no rows": (BALLS, state(4, lambda size: size * 0)),
    "no distance": (BOXES, state(11, lambda _: None)),
    "weights of fewer columns": (WEIGHED, state(11, lambda d: with_weights(d, np.ones(2)))),
    "rows of other columns": (NEAR, put(_fit_X=lambda rows: rows[:, :2].copy())),
    "no neighbour": (NEAR, put(n_neighbors=0)),
    "more neighbours than rows": (NEAR, put(n_neighbors=FAR)),
    "a label that is no class": (REACH, put(_y=entry(0, FAR))),
    "a label before the first": (REACH, put(_y=entry(0, -1))),
    "too few labels": (REACH, put(_y=lambda labels: labels[:3].copy())),
    "norms of a distance": (REACH, put(metric_params={"Y_norm_squared": [1.0]})),
}


def end_at(nodes: Any, end: int) -> Any:
    nodes = nodes.copy()
    nodes["idx_end"][-1] = end
    return nodes


def without_leaves(nodes: Any) -> Any:
    nodes = nodes.copy()
    nodes["is_leaf"] = 0
    return nodes


def with_weights(distance: Any, weights: Any) -> Any:
    power, _, matrix = distance.__getstate__()
    distance.__setstate__((power, weights, matrix))
    return distance


MACHINE, SPARSE = "SVC", "columns, sparse"
VECTORS = "damaged, in its support vectors: "


def without_zeros(weights: Any) -> Any:
    weights = weights * 0
    weights.eliminate_zeros()
    return weights


def sparse(**values: Any) -> Damage:
    """Other arrays for the sparse support vectors."""
    return within(lambda m: m[-1].support_vectors_, put(**values))


DAMAGED_VECTORS: dict[str, tuple[str, Damage]] = {
    "counts that add up to more": (MACHINE, put(_n_support=entry(0, FAR))),
    "counts below none": (MACHINE, put(_n_support=lambda n: np.array([-1, n.sum() + 1], n.dtype))),
    "counts of more classes": (MACHINE, put(_n_support=lambda n: np.append(n, 0).astype(n.dtype))),
    "fewer vectors": (MACHINE, put(support_vectors_=lambda v: v[:1].copy())),
    "vectors of fewer columns": (MACHINE, put(support_vectors_=lambda v: v[:, :1].copy())),
    "fewer weights": (MACHINE, put(_dual_coef_=lambda w: w[:, :1].copy())),
    "fewer numbers": (MACHINE, put(support_=lambda s: s[:1].copy())),
    "no offset": (MACHINE, put(_intercept_=np.empty(0))),
    "no second scale": (MACHINE, put(_probB=np.empty(0))),
    "weights that are left out": (
        SPARSE,
        within(lambda m: m[-1], put(_dual_coef_=without_zeros)),
    ),
}
OTHERS: dict[str, tuple[str, Damage, str]] = {
    "rows of a first guess": (BOOSTED, shorten_first_guess, "damaged, in its first guesses: "),
    "a kernel of rows": (MACHINE, put(kernel="precomputed"), "Its kernel can't be served"),
    "another machine": (MACHINE, put(_impl="one_class"), "Its kernel can't be served"),
    "a place beyond a matrix": (
        SPARSE,
        sparse(indices=entry(0, FAR)),
        "damaged, in its csr_matrix: ",
    ),
    "a row beyond a matrix": (
        SPARSE,
        sparse(indptr=entry(-1, FAR)),
        "model.skops isn't a file that skops",
    ),
    "categories out of order": (
        "columns",
        within(
            lambda m: m[0].named_transformers_["a"], put(categories_=lambda c: [c[0][::-1]] * 2)
        ),
        "damaged, in its categories: ",
    ),
    "a method": (MACHINE, put(predict_proba=lambda _: np.log1p), "in its methods: predict_proba"),
    "a function of rows": (
        "function",
        within(lambda m: m[0], put(kw_args={"out": np.zeros((2, 16, 4))})),
        "Its FunctionTransformer can't be served",
    ),
    "a calibrator of fewer numbers": (
        "calibrated forest",
        within(
            lambda m: m.calibrated_classifiers_[0].calibrators[0],
            put(X_thresholds_=lambda x: x[:-1].copy()),
        ),
        "model.skops isn't a file that skops",
    ),
    "weights of a network": (
        "MLPClassifier",
        lambda m: m.coefs_.__setitem__(0, np.ones((3, 2))),
        "Loading or scoring it failed: ValueError",
    ),
    "a process of fewer rows": (
        "GaussianProcessClassifier",
        within(lambda m: m.base_estimator_, put(X_train_=lambda rows: rows[:3].copy())),
        "Loading or scoring it failed: ValueError",
    ),
}
ALL = {
    **{name: (*case, TREES) for name, case in DAMAGED_TREES.items()},
    **{name: (*case, INDEX) for name, case in DAMAGED_NEIGHBORS.items()},
    **{name: (*case, VECTORS) for name, case in DAMAGED_VECTORS.items()},
    **OTHERS,
}


@pytest.mark.parametrize("name", ALL)
def test_a_damaged_model_is_refused(
    saved_models: Callable[[str], Path], tmp_path: Path, name: str
) -> None:
    kind, damage, reason = ALL[name]
    folder = shutil.copytree(saved_models(kind), tmp_path / "m")
    tamper(folder, damage)
    assert reason in refused(folder, tmp_path / "out")


def test_the_process_that_prepares_says_the_same(
    saved_models: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = shutil.copytree(saved_models(BOXES), tmp_path / "m")
    tamper(folder, DAMAGED_NEIGHBORS["a row beyond the last"][1])
    result = prepare_in_child(PrepareLimits()).run(folder, tmp_path / "out")
    assert result.ok, result.reason
    assert str(read_facts(tmp_path / "out").reason).startswith(f"Its file is {INDEX}")


def test_it_does_not_walk_for_ever() -> None:
    circle: list[Any] = [np.array([None, {"x": 1}], dtype=object)]
    circle.append(circle)
    check_structure(circle)
