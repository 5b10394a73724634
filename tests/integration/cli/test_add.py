"""``everycase add``: a model from where it lies, or nothing and the reason."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from tests.support import mlflow_models as foreign
from tests.support.mlflow_models import columns, logit, prepare_here, save_sklearn
from webapp.catalog.addition import Candidate
from webapp.catalog.prepared import Facts
from webapp.catalog.stores.folder import FolderStore
from webapp.cli.main import main

pytestmark = pytest.mark.filterwarnings("ignore")  # what mlflow warns of is not ours to fix
NAMES = ("a", "b", "c")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that MLflow saved, to be copied."""
    folder = tmp_path_factory.mktemp("saved") / "model"
    save_sklearn(logit(3, NAMES), folder, signature=columns(NAMES))
    return folder


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The command, with models prepared in this process; nothing is looked at by anybody else."""
    monkeypatch.setattr("webapp.cli.models.make_preparer", prepare_here)

    def add(*words: str | Path, **variables: str) -> Result:
        places = {"MODELS_URI": str(tmp_path / "models"), "VAR_DIR": str(tmp_path / "var")}
        return CliRunner().invoke(main, ["add", *map(str, words)], env=places | variables)

    return add


def names(tmp_path: Path) -> list[str]:
    """All that is in the folder of models, hidden or not."""
    folder = tmp_path / "models"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_it_says_what_it_found_and_gives_the_next_number(
    run: Callable[..., Result], original: Path, tmp_path: Path
) -> None:
    shutil.copytree(original, tmp_path / "churn")
    (tmp_path / "churn" / "__pycache__").mkdir()
    dry = run(tmp_path / "churn", "--dry-run")
    assert (dry.exit_code, names(tmp_path)) == (0, [])
    result = run(tmp_path / "churn")
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0] == f"Added {tmp_path}/models/churn_v1"
    assert lines[1].startswith("  flavor   sklearn, saved with scikit-learn 1.")
    assert lines[2] == "  inputs   3 yes/no: a, b, c"
    assert lines[3].startswith("  cases    8, all asked, in ")
    assert lines[4] == "  classes  0 and 1; the probability is that of 1"
    assert dry.output.splitlines()[1:3] == lines[1:3]
    assert not (tmp_path / "models" / "churn_v1" / "__pycache__").exists()
    assert run(tmp_path / "churn").output.startswith(f"Added {tmp_path}/models/churn_v2\n")
    assert names(tmp_path) == ["churn_v1", "churn_v2"]


def test_it_is_asked_once_alone(
    run: Callable[..., Result], original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was found as it was added is its record, which a server reads."""
    folders: list[Path] = []
    monkeypatch.setattr("webapp.cli.models.make_preparer", lambda _: prepare_here(folders=folders))
    assert run(original, "--as", "x").exit_code == 0
    assert len(folders) == 1


def test_its_own_environment_and_its_code_are_told() -> None:
    facts = Facts(
        "",
        ("a",),
        flavor="python_function",
        environment={"python": "3.9.18"},
        answered_by={"python": "3.9.18"},
        code="in model.py",
        notes=("Odd.",),
    )
    lines = Candidate(facts, FolderStore(Path()), Path(), Path(), None).lines()
    assert lines[0] == "flavor   python_function, saved with Python 3.9.18"
    assert lines[1] == "inputs   1 yes/no: a"
    assert lines[3:] == [
        "runtime  Answered by Python 3.9.18, as it was saved.",
        "code     its own, in model.py: it ran to ask the model",
        "note     Odd.",
    ]


@pytest.mark.parametrize(
    ("within", "hint"),
    [
        ("models/m-1f/artifacts", ""),
        ("models/m-1f/artifacts", "whole"),
        (f"{'8d2f' * 8}/artifacts/model", "MLmodel"),
    ],
)
def test_folders_of_mlflow(
    run: Callable[..., Result], original: Path, tmp_path: Path, within: str, hint: str
) -> None:
    """The one model below a folder; its name is told, as MLflow's folders have none."""
    folder = shutil.copytree(original, tmp_path / "mlruns" / "1" / within)
    origin = {"": folder.parent, "whole": tmp_path / "mlruns", "MLmodel": folder / "MLmodel"}[hint]
    result = run(origin)
    assert (result.exit_code, names(tmp_path)) == (1, [])
    assert "nothing says what it is called: name it, such as with --as churn" in result.output
    assert run(f"file://{origin}" if hint else origin, "--as", "churn_v3").exit_code == 0
    assert names(tmp_path) == ["churn_v3"]


def test_a_choice_of_the_positive_class_waits(run: Callable[..., Result], tmp_path: Path) -> None:
    import numpy as np

    rows, label = foreign.rows_of(3)
    model = logit(3).fit(rows, np.array(["stay", "churn"])[label])
    save_sklearn(model, tmp_path / "churn_v4")
    result = run(tmp_path / "churn_v4")
    assert (result.exit_code, names(tmp_path)) == (0, ["churn_v4"])
    assert "everycase choose churn_v4 --positive churn" in result.output


def as_pickle(folder: Path) -> None:
    foreign.change_described(folder, serialization_format=None)


def with_text(folder: Path) -> None:
    content = yaml.safe_load((folder / "MLmodel").read_text())
    content["signature"]["inputs"] = '[{"type": "string", "name": "city"}]'
    (folder / "MLmodel").write_text(yaml.safe_dump(content))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (
            as_pickle,
            "m_v1 isn't added. It was saved as pickle, which can run any code",
        ),
        (with_text, "m_v1 isn't added. Its input city has the type string, not yes/no."),
        (
            lambda folder: (folder / "MLmodel").unlink(),
            "m_v1 isn't added. Not an MLflow model: ",
        ),
    ],
)
def test_a_refusal_leaves_nothing_behind(
    run: Callable[..., Result],
    original: Path,
    tmp_path: Path,
    spoil: Callable[[Path], Any],
    reason: str,
) -> None:
    folder = shutil.copytree(original, tmp_path / "m_v1")
    spoil(folder)
    result = run(folder)
    assert (result.exit_code, names(tmp_path)) == (1, [])
    assert reason in result.output


@pytest.mark.parametrize(
    ("origin", "words", "problem"),
    [
        ("absent", (), "there is no folder absent. A model is a folder, s3://"),
        ("https://x.example/m", (), "https://x.example/m is of no kind that is taken here"),
        ("models:/churn/3", (), "MLFLOW_TRACKING_URI is unset: models:/churn/3 needs the address"),
        ("m-" + "0" * 32, (), "MLFLOW_TRACKING_URI is unset"),
        ("{here}/a.zip", (), "a.zip is a file: unpack it, and give the folder that has MLmodel"),
        ("{here}/two", (), "has 2 models inside: give one, such as {here}/two/a, {here}/two/b"),
        ("{here}/two/a", ("--as", "a b"), "--as 'a b': use letters, digits"),
        ("{here}/two/a", ("--as", "taken_v1"), "taken_v1 is in {here}/models already: --as taken"),
    ],
)
def test_what_is_not_there_is_named(
    run: Callable[..., Result],
    original: Path,
    tmp_path: Path,
    origin: str,
    words: tuple[str, ...],
    problem: str,
) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK")
    for name in ("two/a", "two/b", "models/taken_v1"):
        shutil.copytree(original, tmp_path / name)
    result = run(origin.format(here=tmp_path), *words)
    assert (result.exit_code, names(tmp_path)) == (1, ["taken_v1"])
    assert problem.format(here=tmp_path) in result.output
