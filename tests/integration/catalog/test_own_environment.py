"""Models in environments that uv builds from the package index: the old one's own numbers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from webapp.catalog.answering import describe_answering
from webapp.catalog.limits import PrepareLimits
from webapp.catalog.prepared import Facts, Prepared
from webapp.catalog.preparer import prepare_in_child
from webapp.catalog.records import run_once
from webapp.catalog.venvs.build import BuildError, Environments
from webapp.catalog.venvs.requirements import Requirements
from webapp.catalog.venvs.uv import Uv
from webapp.confinement.confine import Confinement
from webapp.confinement.landlock import landlock_version
from webapp.limited_process import run_child

# The oldest with wheels for this Python whose NumPy they were built with
PACKAGES = (
    "lightgbm==4.1.0",
    "numpy==1.26.4",
    "scikit-learn==1.3.2",
    "scipy==1.11.4",
    "skops==0.13.0",
)
PYTHON = f"3.{sys.version_info[1]}.99"  # which nobody has, so the nearest that is here answers
COLUMNS = [{"type": "double", "name": name} for name in ("a", "b", "c")]

# Runs in that environment, as MLflow of its time would there
SAVE = """
import json, pickle, sys
import lightgbm, numpy, skops.io
from sklearn.ensemble import RandomForestClassifier
folder = sys.argv[1]
X = (numpy.arange(8)[:, None] >> numpy.arange(3) & 1).astype(float)
X = numpy.tile(X, (20, 1))
y = (X.sum(axis=1) + numpy.random.RandomState(0).rand(160) > 1.9).astype(int)
forest = RandomForestClassifier(5, random_state=0).fit(X, y)
skops.io.dump(forest, folder + "/model.skops")
with open(folder + "/model.pkl", "wb") as file:
    pickle.dump(forest, file)
booster = lightgbm.train(
    {"objective": "binary", "verbose": -1, "min_data_in_leaf": 2}, lightgbm.Dataset(X, y), 5
)
booster.save_model(folder + "/model.lgb")
answers = [forest.predict_proba(X[:8])[:, 1].tolist(), booster.predict(X[:8]).tolist()]
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def environments(tmp_path_factory: pytest.TempPathFactory) -> Environments:
    """A folder with one environment, which all tests here share."""
    environments = Environments(tmp_path_factory.mktemp("environments"), seconds=200)
    try:
        environments.get(Requirements(PYTHON, PACKAGES))
    except BuildError as error:
        text = str(error)
        if any(words in text for words in ("ailed to fetch", "dns", "connect", "not found in")):
            pytest.skip(f"there is no package index here: {text}")
        raise
    return environments


@pytest.fixture(scope="module")
def saved_files(
    environments: Environments, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[list[float]]]:
    """Files of models that were fitted in that environment, and what they answered there."""
    environment = environments.get(Requirements(PYTHON, PACKAGES))
    folder = tmp_path_factory.mktemp("files")
    command = [environment.python, "-c", SAVE, str(folder)]
    environ = {**os.environ, "PYTHONPATH": environment.packages}
    output = subprocess.run(command, env=environ, check=True, capture_output=True).stdout
    return folder, json.loads(output)


def model_folder(folder: Path, flavor: str, values: dict[str, str], file: Path) -> Path:
    """A folder as MLflow writes it, with one file."""
    folder.mkdir()
    python = {"loader_module": f"mlflow.{flavor}", "python_version": PYTHON}
    mlmodel = {
        "flavors": {flavor: values, "python_function": python},
        "signature": {"inputs": json.dumps(COLUMNS)},
    }
    (folder / "MLmodel").write_text(json.dumps(mlmodel))
    (folder / "requirements.txt").write_text("\n".join(("mlflow==3.1.0", *PACKAGES)))
    (folder / "python_env.yaml").write_text(f"python: {PYTHON}\n")
    (folder / file.name).write_bytes(file.read_bytes())
    return folder


def sklearn_folder(folder: Path, file: Path) -> Path:
    form = "skops" if file.suffix == ".skops" else "cloudpickle"
    values = {"pickled_model": file.name, "serialization_format": form}
    return model_folder(folder, "sklearn", values | {"sklearn_version": "1.3.2"}, file)


def prepare(folder: Path, environments: Environments, **limits: bool) -> Prepared | Facts | None:
    preparer = prepare_in_child(PrepareLimits(**limits), environments=environments, always_own=True)
    place = folder.parent / f"{folder.name}-scratch"
    place.mkdir()
    return run_once(folder, place / "prepared", preparer.run)


def reason_of(outcome: Prepared | Facts | None) -> str:
    assert isinstance(outcome, Facts)
    return str(outcome.reason)


@pytest.fixture
def no_builds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any run of uv fails."""

    def refuse(_self: Uv, *arguments: str) -> None:
        raise AssertionError(f"uv was run: {arguments}")

    monkeypatch.setattr(Uv, "run", refuse)


@pytest.mark.usefixtures("no_builds")
def test_a_version_answers_as_it_did_there_and_another_reuses_its_environment(
    environments: Environments, saved_files: tuple[Path, list[list[float]]], tmp_path: Path
) -> None:
    files, (forest, booster) = saved_files
    outcome = prepare(sklearn_folder(tmp_path / "m", files / "model.skops"), environments)
    assert isinstance(outcome, Prepared), outcome
    np.testing.assert_allclose(outcome.scores, forest, rtol=0, atol=1e-12)
    versions = outcome.facts.answered_by
    assert (versions["scikit-learn"], versions["lightgbm"]) == ("1.3.2", "4.1.0")
    assert versions["python"].startswith(f"3.{sys.version_info[1]}.")
    assert describe_answering(outcome.facts).endswith(", scikit-learn 1.3.2, as it was saved.")
    assert outcome.facts.cost["megabytes"] > 50

    values = {"data": "model.lgb", "model_class": "lightgbm.basic.Booster"}
    folder = model_folder(tmp_path / "n", "lightgbm", values, files / "model.lgb")
    outcome = prepare(folder, environments)
    assert isinstance(outcome, Prepared), outcome
    np.testing.assert_allclose(outcome.scores, booster, rtol=0, atol=1e-12)


@pytest.mark.usefixtures("no_builds")
def test_a_pickle_is_refused_there_too_unless_it_is_allowed(
    environments: Environments, saved_files: tuple[Path, list[list[float]]], tmp_path: Path
) -> None:
    files, (forest, _) = saved_files
    folder = sklearn_folder(tmp_path / "m", files / "model.pkl")
    assert "cloudpickle, which can run any code" in reason_of(prepare(folder, environments))
    outcome = prepare(
        sklearn_folder(tmp_path / "n", files / "model.pkl"), environments, allow_pickle=True
    )
    assert isinstance(outcome, Prepared), outcome
    np.testing.assert_allclose(outcome.scores, forest, rtol=0, atol=1e-12)
    # a file of LightGBM that is none, but a pickle: its library may not unpickle it
    values = {"data": "model.pkl", "model_class": "lightgbm.sklearn.LGBMClassifier"}
    (files / "model.lgbm").write_bytes((files / "model.pkl").read_bytes())
    folder = model_folder(
        tmp_path / "o", "lightgbm", values | {"data": "model.lgbm"}, files / "model.lgbm"
    )
    assert "Loading it unpickles" in reason_of(prepare(folder, environments))


@pytest.mark.usefixtures("no_builds")
def test_a_tree_that_points_outside_is_not_asked(
    environments: Environments, saved_files: tuple[Path, list[list[float]]], tmp_path: Path
) -> None:
    files, _ = saved_files
    damage = (
        "import sys, skops.io\n"
        "types = skops.io.get_untrusted_types(file=sys.argv[1])\n"
        "model = skops.io.load(sys.argv[1], trusted=types)\n"
        "tree = model.estimators_[0].tree_\n"
        "tree.children_left[0] = 0\n"
        "skops.io.dump(model, sys.argv[2])\n"
    )
    environment = environments.get(Requirements(PYTHON, PACKAGES))
    bad = tmp_path / "model.skops"
    command = [environment.python, "-c", damage, str(files / "model.skops"), str(bad)]
    environ = {**os.environ, "PYTHONPATH": environment.packages}
    subprocess.run(command, env=environ, check=True)
    outcome = prepare(sklearn_folder(tmp_path / "m", bad), environments)
    assert "a node points outside of its tree" in reason_of(outcome)


def test_a_build_that_fails_is_the_reason(environments: Environments, tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "m", "lightgbm", {"data": "x"}, Path(__file__))
    (folder / "x").write_text("tree")
    (folder / "requirements.txt").write_text("scikit-learn==0.18.1\n")
    reason = reason_of(prepare(folder, environments))
    assert reason.startswith("Its environment couldn't be built: Because scikit-learn==0.18.1 has")
    assert "ALLOW_SOURCE=1" in reason


CODE = """import json, os, socket, sys
tries = {
    "read": lambda: open("/etc/passwd").read(),
    "list": lambda: os.listdir("/root"),
    "write": lambda: open(sys.argv[1], "w"),
    "network": lambda: socket.socket(),
    "program": lambda: os.execv(sys.executable, [sys.executable, "-c", ""]),
    "process": lambda: os.fork(),
}
done = []
for name, run in tries.items():
    try: run(); done.append(name)
    except OSError: pass
done += [name for name in os.environ if "SECRET" in name or name.startswith("UV_")]
raise SystemExit(json.dumps({"done": done}))
"""


@pytest.mark.skipif(not landlock_version(), reason="this kernel has no Landlock")
def test_code_of_its_packages_is_confined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "not for models")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://user:password@index.example/simple")
    packages, home = tmp_path / "packages", tmp_path / "home"
    for folder in (packages, home):
        folder.mkdir()
    (packages / "spy.py").write_text(CODE)
    (packages / "spy.pth").write_text("import spy\n")  # run by Python's site
    python = Path(sys.executable).resolve()
    folders = [str(packages), *(str(python.parent.parent / name) for name in ("lib", "bin"))]
    result = run_child(
        "webapp.catalog.venvs.entry",
        [str(python)],
        seconds=30,
        megabytes=2048,
        stdin=json.dumps({"packages": [str(packages)]}).encode(),
        confinement=Confinement(tuple(folders), str(home), starts=str(python)),
    )
    assert result.reason == 'ended with: {"done": []}'
