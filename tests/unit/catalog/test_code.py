"""Models that bring code, and whether it is run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import skops.io

from tests.support import mlflow_models as foreign
from webapp.catalog.code import find_code, own_code, refuse_code, refuse_outside
from webapp.catalog.limits import PrepareLimits
from webapp.catalog.prepare import examine
from webapp.catalog.prepared import PreparedError
from webapp.catalog.preparer import prepare_in_child
from webapp.catalog.trust import refuse_unknown_types
from webapp.settings import Settings

pytestmark = pytest.mark.filterwarnings("ignore")
NUMBERS: dict[str, Any] = {
    "sklearn": {"pickled_model": "model.skops", "serialization_format": "skops", "code": None},
    "python_function": {"loader_module": "mlflow.sklearn", "model_path": "model.skops"},
}


@pytest.mark.parametrize(
    ("flavors", "place"),
    [
        (NUMBERS, None),
        ({"python_function": {"loader_module": "mlflow.keras", "data": "data"}}, None),
        ({"xgboost": {"model_class": "xgboost.sklearn.XGBClassifier"}}, None),
        ({"lightgbm": {"data": "model.lgb"}}, None),
        (
            {
                "python_function": {
                    "loader_module": "mlflow.pyfunc.model",
                    "model_code_path": "/a/b.py",
                }
            },
            "in b.py",
        ),
        ({"python_function": {"loader_module": "mlflow.sklearn", "code": "code"}}, "in code"),
        ({"sklearn": {"code": "code"}}, "in code"),
        ({"python_function": {"loader_module": "my_loader"}}, "loaded by my_loader"),
        ({"python_function": {"loader_module": "mlflow.pyfunc.model"}}, "loaded by mlflow.pyfunc."),
        ({"python_function": {"loader_module": "mlflow.tensorflow"}}, "loaded by mlflow.tensor"),
        ({"xgboost": {"model_class": "subprocess.Popen"}}, "the class subprocess.Popen"),
        ({"lightgbm": {"model_class": "os.system"}}, "the class os.system"),
    ],
)
def test_what_counts_as_code(tmp_path: Path, flavors: dict[str, Any], place: str | None) -> None:
    assert str(find_code(flavors)).startswith(str(place))
    if place is None:
        refuse_code(tmp_path, flavors)
    else:
        with pytest.raises(PreparedError, match=r"It brings code of its own, .*ALLOW_CODE=1"):
            refuse_code(tmp_path, flavors)


def test_a_folder_of_code_counts_even_unnamed(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    with pytest.raises(PreparedError, match="in its folder code/"):
        refuse_code(tmp_path, NUMBERS)


@pytest.mark.parametrize(
    "flavor",
    [
        {"data": "../other_v1/model.lgb"},
        {"data": "/etc/passwd"},
        {"artifacts": {"numbers": {"path": "artifacts/../../var/secret_key"}}},
        {"code": ["../code"]},
    ],
)
def test_a_path_that_leaves_the_folder(tmp_path: Path, flavor: dict[str, Any]) -> None:
    with pytest.raises(PreparedError, match="names a file outside its folder"):
        refuse_outside(tmp_path, {"python_function": flavor})


def test_where_its_author_had_a_file_is_no_path(tmp_path: Path) -> None:
    artifacts = {"numbers": {"path": "artifacts/n.json", "uri": "/home/ann/n.json"}}
    flavor = {"model_code_path": "/home/ann/model.py", "artifacts": artifacts}
    refuse_outside(tmp_path, {"python_function": flavor})


def test_a_link_that_leaves_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "m"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "inner").symlink_to("../MLmodel")
    (tmp_path / "linked").symlink_to(folder)
    refuse_outside(tmp_path / "linked", NUMBERS)
    (folder / "data" / "outer").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PreparedError, match="data/outer is a link to a place outside"):
        refuse_outside(folder, NUMBERS)


@pytest.mark.parametrize(
    ("flavor", "name"),
    [
        ({"serialization_format": "skops", "data": "model.bin"}, "model.bin"),
        ({}, "hidden/model.skops"),
    ],
)
def test_types_that_only_the_model_trusts(
    tmp_path: Path, flavor: dict[str, Any], name: str
) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    skops.io.dump(foreign.Answering(), tmp_path / name)
    trusted_types = ["tests.support.mlflow_models"]
    kind = {"model_class": "lightgbm.sklearn.LGBMClassifier", "skops_trusted_types": trusted_types}
    flavors = {"lightgbm": {**kind, **flavor}}
    with pytest.raises(PreparedError, match=r"not reviewed, .*Answering, and code isn't run here"):
        refuse_unknown_types(tmp_path, flavors)
    skops.io.dump(foreign.logit(), tmp_path / name)
    refuse_unknown_types(tmp_path, flavors)


def test_code_is_refused_before_it_is_loaded(tmp_path: Path) -> None:
    foreign.save_running(tmp_path / "m", "raise SystemExit('it ran')")
    with pytest.raises(PreparedError, match=r"code of its own, in m_model.py, and code isn't run"):
        examine(tmp_path / "m", allow_pickle=False, allow_code=False)
    rules = prepare_in_child(PrepareLimits(allow_code=False)).rules
    assert rules != prepare_in_child(PrepareLimits()).rules


def test_what_ran_is_noted(tmp_path: Path) -> None:
    """The Models page marks a version by it."""
    foreign.save_running(tmp_path / "m", "x = 1")
    _, _, details = examine(tmp_path / "m", allow_pickle=False)
    assert details["code"] == "in m_model.py"
    assert own_code(tmp_path / "n", NUMBERS) is None
    (tmp_path / "n" / "code").mkdir(parents=True)
    assert own_code(tmp_path / "n", NUMBERS) == "in its folder code/"


def test_whose_code_runs_by_default() -> None:
    assert Settings.read({}).runs_code
    assert not Settings.read({"MODELS_URI": "s3://models"}).runs_code
    assert Settings.read({"MODELS_URI": "s3://models", "ALLOW_CODE": "1"}).runs_code
    assert Settings.read({"MODELS_URI": "s3://models", "ALLOW_PICKLE": "1"}).runs_code
    assert not Settings.read({"ALLOW_CODE": "0"}).runs_code
