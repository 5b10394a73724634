"""A saved version is a plain MLflow model that answers what its score table says."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.synthetic_rows import labelled_rows
from webapp.cases import Features
from webapp.catalog.digest import model_digest
from webapp.catalog.prepared import read_prepared
from webapp.catalog.stores import saving
from webapp.catalog.stores.folder import FolderStore
from webapp.catalog.stores.saving import NewVersion, SavingError, save_version
from webapp.catalog.stores.store import next_version
from webapp.stats.counts import Counts
from webapp.training.estimators import ESTIMATORS, frame
from webapp.training.fit import train
from webapp.training.rows import LabelledCounts, RowRange

# What mlflow, keras and jax warn of while they are imported is not ours to fix.
pytestmark = pytest.mark.filterwarnings("ignore")

NAMES = ("b", "a", "c d", "é")
FEATURES = Features(NAMES)
ROWS = labelled_rows(500, features=4)
COUNTS = Counts.of(FEATURES.number(ROWS[:, :-1]), ROWS[:, -1], FEATURES.cases)
KERAS = pytest.mark.skipif(
    not (find_spec("keras") and find_spec("jax")), reason="the keras extra is absent"
)


def new_version(estimator: str, name: str = "small") -> NewVersion:
    spec = ESTIMATORS[estimator]
    data = LabelledCounts(FEATURES, COUNTS, RowRange(1, 500))
    when = datetime(2026, 1, 1, tzinfo=UTC)
    version = train(data, spec, 0, source="rows.csv", sha256="0" * 64, when=when)
    return NewVersion(name, version.model, spec.flavor, FEATURES, COUNTS, version.facts.as_dict())


@pytest.mark.parametrize(
    "estimator", ["logit", "logit2", "hgb", pytest.param("keras", marks=KERAS)]
)
def test_the_saved_model_answers_its_score_table(
    tmp_path: Path, estimator: str, capsys: pytest.CaptureFixture[str]
) -> None:
    new = new_version(estimator)
    capsys.readouterr()
    place = tmp_path / save_version(FolderStore(tmp_path), new)
    assert capsys.readouterr() == ("", "")
    import mlflow.pyfunc

    model = mlflow.pyfunc.load_model(str(place))
    answers = np.asarray(model.predict(frame(FEATURES)))[:, -1]
    prepared = read_prepared(place / "everycase")
    assert np.abs(answers - prepared.scores).max() < 1e-12
    assert model.metadata.get_input_schema().input_names() == list(NAMES)
    assert model.metadata.metadata["everycase"] == new.training
    assert prepared.facts.digest == model_digest(place)
    assert prepared.facts.training == new.training
    assert prepared.features == FEATURES
    assert np.array_equal(prepared.baseline.n, COUNTS.n)
    assert [path.name for path in tmp_path.iterdir()] == ["small_v1"]


@pytest.mark.parametrize("estimator", ["logit", "logit2", "hgb"])
def test_no_type_is_trusted_without_need(tmp_path: Path, estimator: str) -> None:
    import skops.io

    place = tmp_path / save_version(FolderStore(tmp_path), new_version(estimator))
    types = skops.io.get_untrusted_types(file=place / "model.skops")
    assert sorted(types) == sorted(saving.TRUSTED_TYPES.get(estimator, []))


@pytest.mark.parametrize(
    ("there", "number"),
    [
        ((), 1),
        (("small_v1", "small_v2"), 3),
        (("small_v1", "small_v9", "smaller_v20", "small_v", "small_vx", "a_small_v30"), 10),
        (("small_v010",), 11),
        ((".training-x", "small"), 1),
    ],
)
def test_numbers_go_on_from_the_highest(there: tuple[str, ...], number: int) -> None:
    assert next_version("small", there) == f"small_v{number}"


@pytest.mark.parametrize("name", ["", ".x", "a/b", "../a", "a b", "x_v3", "a" * 91, "é", "a\n"])
def test_bad_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SavingError, match="--name"):
        save_version(FolderStore(tmp_path), new_version("logit", name))
    assert list(tmp_path.iterdir()) == []


class _NotFinite:
    """Stands in for a loaded model whose answers are useless."""

    def predict(self, rows: Any) -> np.ndarray:
        return np.full((len(rows), 2), np.nan)


def test_a_model_that_can_not_be_served_is_not_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow.pyfunc

    monkeypatch.setattr(mlflow.pyfunc, "load_model", lambda _: _NotFinite())
    with pytest.raises(SavingError, match=r"can't be served: .* not finite"):
        save_version(FolderStore(tmp_path), new_version("logit"))
    assert list(tmp_path.iterdir()) == []


def test_what_caused_a_training_is_kept_beside_its_table(tmp_path: Path) -> None:
    why = {"policy": "on_gain", "verdict": "drifted", "gain": 0.0031}
    store = FolderStore(tmp_path)
    place = tmp_path / save_version(store, new_version("logit"), why)
    assert json.loads((place / "everycase" / "why.json").read_text()) == why
    assert read_prepared(place / "everycase").facts.digest == model_digest(place)
    assert store.location(place.name) == str(place)


def test_saving_where_mlflow_is_told_to_load_no_pickle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It refuses skops then, too, and a new version is loaded once to be scored."""
    monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
    assert save_version(FolderStore(tmp_path), new_version("logit")) == "small_v1"
    assert os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] == "false"


def test_a_folder_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    file = tmp_path / "models"
    file.write_text("not a folder")
    with pytest.raises(SavingError, match=f"{file} can't be written"):
        save_version(FolderStore(file), new_version("logit"))


def test_drafts_in_use_are_left_alone(tmp_path: Path) -> None:
    with FolderStore(tmp_path).draft() as first:
        (tmp_path / ".training-left-over").mkdir()
        with FolderStore(tmp_path).draft() as second:
            assert first.is_dir()
            assert second != first
            assert not (tmp_path / ".training-left-over").exists()
    assert list(tmp_path.iterdir()) == []
