"""Native readers of models work inside the process that confines them, and fail inside of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.boosters import NAMES, data, fit_lightgbm, fit_xgboost, save, sigmoid_graph
from tests.support.mlflow_models import all_cases, frame
from webapp.catalog.limits import PrepareLimits
from webapp.catalog.prepared import Facts, Prepared
from webapp.catalog.preparer import prepare_in_child
from webapp.catalog.records import run_once

pytestmark = pytest.mark.filterwarnings("ignore")
CASES = frame(all_cases(len(NAMES)), NAMES)
# LightGBM uses the same threads (OpenMP) as XGBoost
FITS: dict[str, Any] = {
    "xgboost": fit_xgboost,
    "onnx": lambda: sigmoid_graph(["n", 3]),
}


def prepare_confined(folder: Path, home: Path) -> Prepared | Facts | None:
    """By the process that the server starts for a model, where its code isn't run."""
    home.mkdir()
    limits = PrepareLimits(seconds=60, megabytes=1024, allow_code=False)
    return run_once(folder, home / "prepared", prepare_in_child(limits).run)


@pytest.mark.parametrize("flavor", FITS)
def test_a_model_is_prepared_in_confinement(tmp_path: Path, flavor: str) -> None:
    model = FITS[flavor]()
    outcome = prepare_confined(save(flavor, model, tmp_path / "m"), tmp_path / "home")
    assert isinstance(outcome, Prepared), outcome
    if flavor == "onnx":
        odds = all_cases(len(NAMES)) @ [1, -1, 0.5]
        assert np.abs(outcome.scores - 1 / (1 + np.exp(-odds))).max() < 1e-6
    else:
        assert np.abs(outcome.scores - model.predict_proba(CASES)[:, 1]).max() <= 1e-12


def test_a_file_that_was_tampered_with_harms_that_process_alone(tmp_path: Path) -> None:
    """A tree that reads column 10⁹ of three: LightGBM follows it, wherever that is."""
    booster = fit_lightgbm(data()[1]).booster_
    folder = save("lightgbm", booster, tmp_path / "m")
    file = folder / "model.lgb"
    lines = file.read_text().splitlines()
    column = next(i for i, line in enumerate(lines) if line.startswith("split_feature="))
    count = len(lines[column].split(" "))
    lines[column] = "split_feature=" + " ".join(["1000000000"] * count)
    file.write_text("\n".join(lines) + "\n")
    outcome = prepare_confined(folder, tmp_path / "home")
    assert isinstance(outcome, Facts)
    assert str(outcome.reason).startswith(("Preparing it crashed", "Loading or scoring it failed"))
