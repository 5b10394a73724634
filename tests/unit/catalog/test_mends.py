"""Which mend is named to whom. tests/integration/catalog/test_mends.py carries them out."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from webapp.catalog.mends import (
    FROM_CODE,
    flavor_of,
    install_mend,
    pickle_mend,
    probability_mend,
)
from webapp.settings import ROOT

PYFUNC = {"loader_module": "mlflow.pyfunc.model", "python_model": None}


@pytest.mark.parametrize(
    ("flavors", "flavor"),
    [
        ({"python_function": {"loader_module": "mlflow.sklearn"}, "sklearn": {}}, "sklearn"),
        ({"keras": {}, "python_function": {"loader_module": "mlflow.keras"}}, "keras"),
        ({"python_function": PYFUNC}, "python_function"),
        ({"python_function": {"loader_module": "mine"}}, "python_function"),
        ({"xgboost": {}, "python_function": {"loader_module": "mlflow.xgboost"}}, "xgboost"),
        ({"lightgbm": {}, "python_function": {"loader_module": "mlflow.lightgbm"}}, "lightgbm"),
        ({"langchain": {}, "python_function": PYFUNC}, "python_function"),
        ({"python_function": "odd"}, "python_function"),
    ],
    ids=str,
)
def test_the_flavor_that_answers(flavors: dict[str, Any], flavor: str) -> None:
    assert flavor_of(flavors) == flavor


@pytest.mark.parametrize("flavor", ["xgboost", "lightgbm", "keras", "python_function", "spark"])
def test_no_flavor_is_told_what_it_does_not_have(flavor: str) -> None:
    """Only scikit-learn has a predict function of choice, and skops by default."""
    for mend in (probability_mend(flavor), pickle_mend(flavor)):
        assert "pyfunc_predict_fn" not in mend
        assert "mlflow.sklearn" not in mend
    assert pickle_mend("xgboost").startswith(FROM_CODE)


def test_types_that_must_be_named() -> None:
    mend = pickle_mend("sklearn", ("sklearn.tree._tree.Tree",))
    assert "save_model(model, path, skops_trusted_types=['sklearn.tree._tree.Tree'])" in mend
    assert "save_model(model, path)" in pickle_mend("sklearn")


def test_each_package_that_is_missed_has_an_extra() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    for package in ("xgboost", "lightgbm", "catboost", "onnx", "onnxruntime", "keras", "jax"):
        mend = str(install_mend(package))
        extra = mend.partition("[")[2].partition("]")[0]
        assert mend == f"pip install -e '.[{extra}]'"
        assert any(requirement.startswith(package) for requirement in extras[extra])
    assert install_mend("pandas") is None
