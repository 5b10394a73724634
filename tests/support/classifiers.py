"""Every classifier of scikit-learn, fitted in a moment, and ways to combine them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.support.mlflow_models import rows_of

# Those with nothing to answer with: no predict_proba for any parameters
WITHOUT_PROBABILITIES = {
    "LinearSVC",
    "OneVsOneClassifier",
    "OutputCodeClassifier",
    "PassiveAggressiveClassifier",
    "Perceptron",
    "RidgeClassifier",
    "RidgeClassifierCV",
}


@cache
def _kinds() -> dict[str, Any]:
    from sklearn.experimental import enable_halving_search_cv  # noqa: F401
    from sklearn.gaussian_process import kernels
    from sklearn.model_selection import _search_successive_halving, _split
    from sklearn.utils import all_estimators

    kinds = dict(all_estimators())
    for module in (_search_successive_halving, _split, kernels):
        kinds |= {name: kind for name, kind in vars(module).items() if isinstance(kind, type)}
    return kinds


def of(name: str, *values: Any, **parameters: Any) -> Any:
    """An estimator, kernel or splitter of scikit-learn by its name."""
    return _kinds()[name](*values, **parameters)


def logit() -> Any:
    return of("LogisticRegression")


def forest() -> Any:
    return of("RandomForestClassifier", 3, random_state=0)


def vectors() -> Any:
    return of("LinearSVC", random_state=0)


def _seed() -> Any:
    return np.random.RandomState(0)


def pair() -> list[tuple[str, Any]]:
    return [("a", forest()), ("b", of("GaussianNB"))]


# How each classifier is made
CLASSIFIERS: dict[str, Callable[[], Any]] = {
    "AdaBoostClassifier": lambda: of("AdaBoostClassifier", n_estimators=3),
    "BaggingClassifier": lambda: of("BaggingClassifier", n_estimators=3),
    "BernoulliNB": lambda: of("BernoulliNB"),
    "CalibratedClassifierCV": lambda: of("CalibratedClassifierCV", logit(), cv=2),
    "CategoricalNB": lambda: of("CategoricalNB"),
    "ClassifierChain": lambda: of("ClassifierChain", logit()),
    "ComplementNB": lambda: of("ComplementNB"),
    "DecisionTreeClassifier": lambda: of("DecisionTreeClassifier"),
    "DummyClassifier": lambda: of("DummyClassifier"),
    "ExtraTreeClassifier": lambda: of("ExtraTreeClassifier"),
    "ExtraTreesClassifier": lambda: of("ExtraTreesClassifier", 3),
    "FixedThresholdClassifier": lambda: of("FixedThresholdClassifier", logit()),
    "GaussianNB": lambda: of("GaussianNB"),
    "GaussianProcessClassifier": lambda: of("GaussianProcessClassifier"),
    "GradientBoostingClassifier": lambda: of("GradientBoostingClassifier", n_estimators=3),
    "HistGradientBoostingClassifier": lambda: of("HistGradientBoostingClassifier", max_iter=3),
    "KNeighborsClassifier": lambda: of("KNeighborsClassifier"),
    "LabelPropagation": lambda: of("LabelPropagation"),
    "LabelSpreading": lambda: of("LabelSpreading"),
    "LinearDiscriminantAnalysis": lambda: of("LinearDiscriminantAnalysis"),
    "LogisticRegression": logit,
    "LogisticRegressionCV": lambda: of("LogisticRegressionCV", Cs=2, cv=2),
    "MLPClassifier": lambda: of("MLPClassifier", (2,), max_iter=5),
    "MultiOutputClassifier": lambda: of("MultiOutputClassifier", logit()),
    "MultinomialNB": lambda: of("MultinomialNB"),
    "NearestCentroid": lambda: of("NearestCentroid"),
    "NuSVC": lambda: of("NuSVC", probability=True),
    "OneVsRestClassifier": lambda: of("OneVsRestClassifier", logit()),
    "QuadraticDiscriminantAnalysis": lambda: of("QuadraticDiscriminantAnalysis"),
    "RadiusNeighborsClassifier": lambda: of("RadiusNeighborsClassifier", 2.0),
    "RandomForestClassifier": forest,
    "SGDClassifier": lambda: of("SGDClassifier", loss="log_loss"),
    "SVC": lambda: of("SVC", probability=True),
    "SelfTrainingClassifier": lambda: of("SelfTrainingClassifier", logit()),
    "StackingClassifier": lambda: of("StackingClassifier", pair(), cv=2),
    "TunedThresholdClassifierCV": lambda: of("TunedThresholdClassifierCV", logit(), cv=2),
    "VotingClassifier": lambda: of("VotingClassifier", pair(), voting="soft"),
}


def _pipeline(*steps: Any) -> Any:
    return of("Pipeline", [(f"step {i}", step) for i, step in enumerate(steps)])


def _by_column() -> Any:
    encoder = of("OneHotEncoder", dtype=np.float32)
    scaler = of("StandardScaler")
    steps = [("a", encoder, [0, 1]), ("b", scaler, [2])]
    return of("ColumnTransformer", steps, remainder="passthrough")


def _neighbors(**parameters: Any) -> Any:
    return of("KNeighborsClassifier", 3, **parameters)


def _process(kernel: Any) -> Any:
    return of("GaussianProcessClassifier", kernel, optimizer=None)


def _search(name: str, **parameters: Any) -> Any:
    return of(name, logit(), {"C": [0.5, 1.0, 2.0]}, **parameters, cv=2)


# The same within others, and with the parameters that lead through other code
COMBINED: dict[str, Callable[[], Any]] = {
    "pipeline": lambda: _pipeline(of("StandardScaler"), of("PolynomialFeatures"), forest()),
    "imputed and chosen": lambda: _pipeline(of("SimpleImputer"), of("SelectKBest", k=2), logit()),
    "columns": lambda: _pipeline(_by_column(), logit()),
    "columns, sparse": lambda: _pipeline(of("OneHotEncoder"), of("SVC", probability=True)),
    "columns, forest": lambda: _pipeline(of("OneHotEncoder"), forest()),
    "columns, neighbors": lambda: _pipeline(of("OneHotEncoder"), _neighbors()),
    "function": lambda: _pipeline(of("FunctionTransformer", np.log1p), logit()),
    "calibrated forest": lambda: of(
        "CalibratedClassifierCV", forest(), method="isotonic", cv=2, ensemble=False
    ),
    "calibrated vectors": lambda: of("CalibratedClassifierCV", vectors(), method="sigmoid", cv=2),
    "calibrated kernel": lambda: of("CalibratedClassifierCV", of("SVC"), cv=2),
    "by temperature": lambda: of("CalibratedClassifierCV", vectors(), method="temperature", cv=2),
    "stacked vectors": lambda: of("StackingClassifier", [("c", vectors()), *pair()], cv=2),
    "bagged kernels": lambda: of("BaggingClassifier", of("SVC"), 2),
    "bagged columns": lambda: of("BaggingClassifier", None, 3, max_features=2),
    "boosted logits": lambda: of("AdaBoostClassifier", logit(), n_estimators=2),
    "forest against the rest": lambda: of("OneVsRestClassifier", forest()),
    "forest and a threshold": lambda: of("FixedThresholdClassifier", forest(), threshold=0.3),
    "forest and the best threshold": lambda: of(
        "TunedThresholdClassifierCV", forest(), scoring="f1", cv=2, store_cv_results=True
    ),
    "taught by itself": lambda: of("SelfTrainingClassifier", forest()),
    "grid": lambda: _search("GridSearchCV", scoring="roc_auc"),
    "grid of many scores": lambda: _search(
        "GridSearchCV", scoring=["neg_log_loss", "roc_auc"], refit="roc_auc"
    ),
    "random": lambda: _search("RandomizedSearchCV", n_iter=2),
    "halving": lambda: _search("HalvingGridSearchCV"),
    "random halving": lambda: _search("HalvingRandomSearchCV"),
    "repeated folds": lambda: of(
        "GridSearchCV", logit(), {"C": [1.0]}, cv=of("RepeatedStratifiedKFold", n_splits=2)
    ),
    "boosting from a logit": lambda: of(
        "GradientBoostingClassifier", n_estimators=2, init=_pipeline(of("StandardScaler"), logit())
    ),
    "boosting from zero": lambda: of(
        "GradientBoostingClassifier", n_estimators=2, init="zero", loss="exponential"
    ),
    "boosting categories": lambda: of(
        "HistGradientBoostingClassifier", max_iter=3, categorical_features=[0, 1]
    ),
    "boosting with an early end": lambda: of(
        "HistGradientBoostingClassifier", max_iter=3, early_stopping=True, max_features=0.5
    ),
    "network by another way": lambda: of("MLPClassifier", (2,), max_iter=5, solver="sgd"),
    "network with an early end": lambda: of(
        "MLPClassifier",
        (2,),
        max_iter=5,
        early_stopping=True,
        random_state=np.random.RandomState(0),
    ),
    "neighbors in balls": lambda: _neighbors(algorithm="ball_tree", leaf_size=2),
    "neighbors in boxes": lambda: _neighbors(algorithm="kd_tree", leaf_size=2, weights="distance"),
    "neighbors one by one": lambda: _neighbors(algorithm="brute", metric="manhattan"),
    "neighbors by powers": lambda: _neighbors(p=3, metric_params={"w": [1, 2, 3, 4]}),
    "neighbors by corners": lambda: _neighbors(algorithm="kd_tree", metric="chebyshev"),
    "neighbors of scaled columns": lambda: _neighbors(
        algorithm="ball_tree", metric="seuclidean", metric_params={"V": np.arange(1.0, 5)}
    ),
    "neighbors of turned columns": lambda: _neighbors(
        algorithm="ball_tree", metric="mahalanobis", metric_params={"VI": np.eye(4)}
    ),
    "neighbors by yes and no": lambda: _neighbors(algorithm="ball_tree", metric="hamming"),
    "neighbors within reach": lambda: of(
        "RadiusNeighborsClassifier", 2.0, algorithm="brute", metric="manhattan"
    ),
    "labels of neighbors": lambda: of("LabelPropagation", "knn", n_neighbors=5),
    "process of a sum": lambda: _process(1.0 * of("RBF") + of("WhiteKernel")),
    "process, smooth": lambda: _process(of("Matern", nu=2.5) * of("RationalQuadratic")),
    "process of powers": lambda: _process(of("DotProduct") ** 2 + of("PairwiseKernel")),
    "vectors of powers": lambda: of("SVC", kernel="poly", probability=True),
    "logit, another way": lambda: of("LogisticRegression", solver="liblinear"),
    "sparse logit": lambda: of("SGDClassifier", loss="modified_huber", penalty="l1", alpha=0.1),
}


def fitted(model: Any, name: str = "") -> Any:
    """A classifier that was fitted to a few rows of four inputs."""
    rows, label = rows_of(4, n=60)
    if name in ("ClassifierChain", "MultiOutputClassifier"):
        return model.fit(rows, label[:, None])
    model.fit(rows, label)
    return model.sparsify() if name == "sparse logit" else model


def probability(model: Any, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """What its own predict_proba says of the second class."""
    answers = model.predict_proba(rows)
    return np.asarray(answers[0] if isinstance(answers, list) else answers)[:, -1]
