"""CatBoost in an environment of its own, from the package index: nothing else here needs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from webapp.settings import ROOT

_PACKAGES = ("catboost==1.2.10", "graphviz==0.21")  # its plots need more, which no model does
_SERVED = (
    *("plain", "as json", "backwards", "without names", "without signature", "texts"),
    *("categories", "two of many", "booster"),
)


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What came of each model of tests.support.catboost_models."""
    place = tmp_path_factory.mktemp("catboost")
    target = ["--python", sys.executable, "--no-deps", "--target", str(place / "site")]
    install = subprocess.run(
        [sys.executable, "-m", "uv", "pip", "install", "--quiet", *target, *_PACKAGES],
        capture_output=True,
        text=True,
        check=False,
    )
    if install.returncode:
        pytest.skip(f"CatBoost can't be installed: {install.stderr.strip().splitlines()[-1]}")
    paths = os.pathsep.join([str(place / "site"), str(ROOT)])
    run = subprocess.run(
        [sys.executable, "-m", "tests.support.catboost_models", str(place)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": paths},
    )
    assert run.returncode == 0, run.stderr
    return dict(json.loads(run.stdout.splitlines()[-1]))


@pytest.mark.parametrize("name", _SERVED)
def test_what_it_gives_itself_is_served(reports: dict[str, Any], name: str) -> None:
    report = reports[name]
    assert report["reason"] is None
    assert report["gap"] <= 1e-12
    assert report["environment"]["catboost"] == "1.2.10"


def test_its_classes_and_columns(reports: dict[str, Any]) -> None:
    assert (reports["plain"]["classes"], reports["plain"]["positive"]) == (["0", "1"], "1")
    assert (reports["texts"]["classes"], reports["texts"]["positive"]) == (["no", "yes"], "yes")
    assert reports["unplain"]["classes"] == ["churn", "stay"]
    assert "choose the positive one" in reports["unplain"]["reason"]
    assert reports["without names"]["features"] == ["G1", "G2", "G3"]
    assert reports["without signature"]["features"] == reports["plain"]["features"]
    assert reports["backwards"]["features"] == reports["plain"]["features"][::-1]


def test_what_gives_no_probability_of_two_classes(reports: dict[str, Any]) -> None:
    assert reports["three"]["reason"].startswith("It has 3 classes")
    reason = "It was fitted for RMSE, which gives no probability of a class. Fit a CatBoostClass"
    assert reports["numbers"]["reason"].startswith(reason)
