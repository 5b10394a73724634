"""``everycase train`` and ``everycase evaluate`` as people run them: in processes of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.synthetic_rows import labelled_rows, write_csv
from webapp.cases import Features
from webapp.catalog.digest import model_digest
from webapp.catalog.prepared import read_prepared
from webapp.settings import ROOT
from webapp.stats.counts import Counts
from webapp.stats.metrics import evaluate

ROWS = labelled_rows(1200)
ARGUMENTS = ("--rows", "1:1000", "--name", "made_up")


def environment(folder: Path) -> dict[str, str]:
    return {
        **os.environ,
        "MODELS_URI": str(folder / "models"),
        "VAR_DIR": str(folder / "var"),
        "PYTHONPATH": str(ROOT),
    }


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "webapp.cli", *map(str, arguments)]


def run(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), env=environment(folder), capture_output=True, text=True, timeout=120
    )


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def refused(folder: Path, *arguments: str | Path) -> str:
    """The one-line message of a run that must fail."""
    process = run(folder, *arguments)
    assert process.returncode == 1, process.stderr
    assert process.stdout == ""
    assert "Traceback" not in process.stderr
    (line,) = process.stderr.splitlines()
    assert line.startswith("Error: ")
    return line


@pytest.fixture(scope="module")
def training_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder with one trained version, and what the command printed."""
    folder = tmp_path_factory.mktemp("trained")
    data = write_csv(folder / "rows.csv", ROWS)
    process = run(folder, "train", "--data", data, *ARGUMENTS)
    assert (process.returncode, process.stderr) == (0, "")
    return folder, process.stdout


def test_train_prints_what_it_did(training_run: tuple[Path, str]) -> None:
    folder, output = training_run
    assert "rows 1:1000 of rows.csv" in output
    assert "1,000 rows" in output
    assert "logit (logistic regression)" in output
    assert "Validation log loss 0." in output
    assert str(folder / "models" / "made_up_v1") in output


def test_a_version_is_whole_and_describes_itself(training_run: tuple[Path, str]) -> None:
    place = training_run[0] / "models" / "made_up_v1"
    version = read_prepared(place / "everycase")
    facts = version.facts.training
    assert version.facts.digest == model_digest(place)
    assert version.features == Features.numbered(10)
    assert version.baseline is not None
    assert version.baseline.total == facts["n"] == 1000
    assert version.baseline.base_rate == ROWS[:1000, -1].mean()
    assert (facts["source"], facts["rows"]) == ("rows.csv", "1:1000")
    requirements = (place / "requirements.txt").read_text().split()
    assert [line.partition("==")[0] for line in requirements] == [
        "mlflow",
        "scikit-learn",
        "skops",
        "numpy",
    ]


def test_a_version_holds_no_local_paths(training_run: tuple[Path, str]) -> None:
    folder, _ = training_run
    for path in (folder / "models").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            for trace in (str(folder), str(ROOT), str(Path.home())):
                assert trace.encode() not in content, path


def test_training_again_makes_the_next_version_with_the_same_table(
    training_run: tuple[Path, str], tmp_path: Path
) -> None:
    models = tmp_path / "models"
    (models / "made_up_v7").mkdir(parents=True)
    data = training_run[0] / "rows.csv"
    both = [
        subprocess.Popen(
            command("train", "--data", data, *ARGUMENTS),
            env=environment(tmp_path),
            stdout=subprocess.DEVNULL,
        )
        for _ in range(2)
    ]
    assert [process.wait(120) for process in both] == [0, 0]
    assert names(models) == ["made_up_v7", "made_up_v8", "made_up_v9"]
    first = read_prepared(training_run[0] / "models" / "made_up_v1" / "everycase").scores
    for name in ("made_up_v8", "made_up_v9"):
        assert np.array_equal(read_prepared(models / name / "everycase").scores, first)


def test_a_killed_training_leaves_no_version_and_the_next_one_cleans_up(
    training_run: tuple[Path, str], tmp_path: Path
) -> None:
    models = tmp_path / "models"
    arguments = command("train", "--data", training_run[0] / "rows.csv", *ARGUMENTS)
    process = subprocess.Popen(arguments, env=environment(tmp_path), stdout=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not list(models.glob(".training-*/model")):
        assert process.poll() is None, "ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    (name,) = names(models)
    assert name.startswith(".training-")
    assert (
        run(tmp_path, "train", "--data", training_run[0] / "rows.csv", *ARGUMENTS).returncode == 0
    )
    assert names(models) == ["made_up_v1"]


def test_without_keras_the_message_says_how_to_install_it(
    training_run: tuple[Path, str], tmp_path: Path
) -> None:
    script = (
        "import sys; sys.modules['keras'] = None;"
        " from webapp.cli.main import main; main(sys.argv[1:])"
    )
    data = str(training_run[0] / "rows.csv")
    process = subprocess.run(
        [sys.executable, "-c", script, "train", "--data", data, *ARGUMENTS, "--estimator", "keras"],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert process.returncode == 1
    assert process.stderr == (
        "Error: --estimator keras: keras isn't installed here. "
        "Run in the project's folder: pip install -e '.[keras]'\n"
    )
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--name", "../x"), "--name '../x'"),
        (("--name", "x_v3"), "leave out the number"),
        (("--name", "x" * 91), "at most 90"),
        (("--name", "x", "--rows", "1:1201"), "the file has only 1,200 rows"),
        (("--name", "x", "--rows", "7"), "use FIRST:LAST"),
        (("--name", "x", "--rows", "1:5"), "at least 10 are needed"),
        (("--name", "x", "--data", "none.csv"), "--data none.csv"),
        (("--name", "x", "--sha256", "0" * 64), f"not {'0' * 64}"),
        (("--name", "x", "--data", "http://127.0.0.1:1/x.csv"), "can't be downloaded"),
    ],
)
def test_what_can_not_be_trained_is_refused_in_one_line(
    training_run: tuple[Path, str], tmp_path: Path, arguments: tuple[str, ...], problem: str
) -> None:
    assert problem in refused(tmp_path, "train", "--data", training_run[0] / "rows.csv", *arguments)
    assert not (tmp_path / "models").exists()


def test_a_bad_line_is_named(tmp_path: Path) -> None:
    data = write_csv(tmp_path / "rows.csv", ROWS)
    lines = data.read_text().splitlines()
    lines[50] = lines[50][:-1] + "7"
    data.write_text("\n".join(lines))
    message = refused(tmp_path, "train", "--data", data, *ARGUMENTS)
    assert message == 'Error: line 51: label is "7"; use 0 or 1'


def test_evaluate_gives_the_metrics_of_the_score_tables(training_run: tuple[Path, str]) -> None:
    folder, _ = training_run
    data = folder / "rows.csv"
    process = run(folder, "evaluate", "--data", data, "--rows", "901:1200", "--json", "made_up_v1")
    assert (process.returncode, process.stderr) == (0, "")
    answer: dict[str, Any] = json.loads(process.stdout)
    rows = ROWS[900:1200]
    counts = Counts.of(Features.numbered(10).number(rows[:, :-1]), rows[:, -1], 1024)
    scores = read_prepared(folder / "models" / "made_up_v1" / "everycase").scores
    metrics = evaluate(scores, counts).as_dict()
    assert answer["versions"] == [{"version": "made_up_v1", **metrics, "trained_on": 100}]
    assert (answer["rows"], answer["n"]) == ("901:1200", 300)
    output = run(folder, "evaluate", "--data", data, "--rows", "901:1200").stdout
    assert f"{metrics['log_loss']:.5f}  {metrics['auc']:.5f}" in output
    assert "trained on 100 of these rows" in output


def test_evaluate_names_what_is_wrong(training_run: tuple[Path, str], tmp_path: Path) -> None:
    folder, _ = training_run
    data = folder / "rows.csv"
    assert "no version nope" in refused(folder, "evaluate", "--data", data, "nope")
    assert "no version ../models" in refused(folder, "evaluate", "--data", data, "../models")
    assert "--rows 1:9999" in refused(folder, "evaluate", "--data", data, "--rows", "1:9999")
    (tmp_path / "models").mkdir()
    assert "there are no versions" in refused(tmp_path, "evaluate", "--data", data)


def test_evaluate_loads_no_model_library(training_run: tuple[Path, str]) -> None:
    script = (
        "import sys; from webapp.cli.main import main; main(sys.argv[1:], standalone_mode=False);"
        "print({m.partition('.')[0] for m in sys.modules}"
        " & {'mlflow', 'sklearn', 'pandas', 'keras', 'skops'})"
    )
    folder, _ = training_run
    process = subprocess.run(
        [sys.executable, "-c", script, "evaluate", "--data", str(folder / "rows.csv")],
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert process.stdout.splitlines()[-1] == "set()"
