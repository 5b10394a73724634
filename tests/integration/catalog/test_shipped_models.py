"""The versions in models/: whole, as documented, and equal to what their models answer."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from webapp.catalog.digest import model_digest, model_files
from webapp.catalog.prepared import read_prepared
from webapp.settings import ROOT
from webapp.training.source import GAMES_SHA256, GAMES_URL

MODELS = ROOT / "models"
CARDS = (ROOT / "docs" / "models.md").read_text("utf-8")
# version: estimator, rows, how many, positives
SHIPPED = {
    "logit_games_v1": ("logit", "1:4000", 4000, 696),
    "keras_games_v1": ("keras", "1:4000", 4000, 696),
    "logit_games_v2": ("logit", "8001:12000", 4000, 495),
    "hgb_games_v1": ("hgb", "1:12000", 12000, 1861),
}
SKLEARN = [name for name, row in SHIPPED.items() if row[0] != "keras"]

# Asked the way each library is asked, not the way that the score table was made.
ASK = """
import json, os, sys, warnings
warnings.simplefilter("ignore")
os.environ.update(KERAS_BACKEND="jax", MLFLOW_DISABLE_TELEMETRY="true")
import numpy as np, pandas as pd
from webapp.cases import Features
features = Features.numbered(10)
answers = {}
for name in sys.argv[1:]:
    if name.startswith("keras"):
        import mlflow.keras
        model = mlflow.keras.load_model(f"models/{name}")
        answers[name] = np.asarray(model(features.matrix().astype("float32")))[:, 0].tolist()
    else:
        import mlflow.sklearn
        model = mlflow.sklearn.load_model(f"models/{name}")
        rows = pd.DataFrame(features.matrix(), columns=features.names)
        answers[name] = model.predict_proba(rows)[:, 1].tolist()
print(json.dumps(answers))
"""


def ask(*names: str) -> dict[str, list[float]]:
    process = subprocess.run(
        [sys.executable, "-c", ASK, *names], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert process.returncode == 0, process.stderr
    answers: dict[str, list[float]] = json.loads(process.stdout.splitlines()[-1])
    return answers


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_version_is_intact_and_trained_as_documented(name: str) -> None:
    estimator, rows, n, positives = SHIPPED[name]
    version = read_prepared(MODELS / name / "everycase")
    facts = version.facts.training
    assert version.facts.digest == model_digest(MODELS / name)
    assert (facts["estimator"], facts["rows"], facts["n"]) == (estimator, rows, n)
    assert (facts["source"], facts["sha256"]) == (GAMES_URL, GAMES_SHA256)
    assert version.baseline is not None
    assert version.baseline.total == n
    assert version.baseline.positives.sum() == facts["positives"] == positives
    assert np.count_nonzero(version.baseline.n) == facts["cases"]


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_version_carries_no_traces_of_where_it_was_made(name: str) -> None:
    for path in model_files(MODELS / name):
        assert not re.search(rb"/(home|Users|root|tmp|work)/|index-url", path.read_bytes()), path
        assert path.stat().st_size < 1_000_000
    pins = (MODELS / name / "requirements.txt").read_text().splitlines()
    assert all(re.fullmatch(r"[a-z-]+==[0-9.]+", line) for line in pins)


def test_shipped_tables_are_what_the_models_answer() -> None:
    for name, answers in ask(*SKLEARN).items():
        scores = read_prepared(MODELS / name / "everycase").scores
        assert np.abs(scores - answers).max() < 1e-12, name


@pytest.mark.skipif(not (find_spec("keras") and find_spec("jax")), reason="keras is absent")
def test_the_shipped_keras_table_is_what_the_model_answers() -> None:
    """To the last bits of its float32: which ones they are depends on the processor's vector
    instructions (0 with those it was made with, 1.2e-7 with SSE 4.2 only)."""
    scores = read_prepared(MODELS / "keras_games_v1" / "everycase").scores
    assert np.abs(scores - ask("keras_games_v1")["keras_games_v1"]).max() < 1e-6


@pytest.mark.parametrize("name", SHIPPED)
def test_every_card_gives_the_validation_and_the_digits_of_the_measurement(name: str) -> None:
    facts = read_prepared(MODELS / name / "everycase").facts.training
    card = CARDS.partition(f"## {name}")[2].partition("\n## ")[0]
    metrics = facts["validation"]
    assert f"{facts['n']:,} rows" in card
    assert f"log loss {metrics['log_loss']:.4f}, AUC {metrics['auc']:.4f}" in card
    figures = re.search(rf"^{name} +([\d.]+) +([\d.]+) +([\d.]+)$", CARDS, re.MULTILINE)
    assert figures is not None
    assert f"log loss {figures[1]}, AUC {figures[2]}, Brier {figures[3]}" in card


DATA = os.environ.get("EVERYCASE_DATA", "")
real = pytest.mark.skipif(not DATA, reason="EVERYCASE_DATA, the path of the games file, is unset")


@real
def test_the_documented_measurement_is_what_the_command_prints(tmp_path: Path) -> None:
    command = re.search(r"^\$ everycase (evaluate .*)$", CARDS, re.MULTILINE)
    assert command is not None
    process = subprocess.run(
        [sys.executable, "-m", "webapp.cli", *command[1].split(), "--data", DATA],
        cwd=ROOT,
        env={**os.environ, "VAR_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert process.returncode == 0, process.stderr
    assert process.stdout in CARDS


@real
@pytest.mark.parametrize("name", SKLEARN)
def test_training_again_gives_the_shipped_table(name: str, tmp_path: Path) -> None:
    estimator, rows, _, _ = SHIPPED[name]
    arguments = ("--data", DATA, "--rows", rows, "--estimator", estimator, "--name", "again")
    process = subprocess.run(
        [sys.executable, "-m", "webapp.cli", "train", *arguments],
        cwd=ROOT,
        env={**os.environ, "MODELS_URI": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert process.returncode == 0, process.stderr
    again = read_prepared(tmp_path / "again_v1" / "everycase").scores
    scores = read_prepared(MODELS / name / "everycase").scores
    assert np.abs(again - scores).max() < 1e-9  # other processors may add in another order
