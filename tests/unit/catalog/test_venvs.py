"""What is asked of an environment, what uv says, and what comes back from it, without building."""

from __future__ import annotations

import ast
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from webapp.catalog.answering import describe_answering, describe_cost
from webapp.catalog.prepared import Facts, PreparedError
from webapp.catalog.venvs import build
from webapp.catalog.venvs.build import BuildError, Environments
from webapp.catalog.venvs.outcome import examine_answers
from webapp.catalog.venvs.requirements import Requirements, read_requirements
from webapp.catalog.venvs.uv import last_line
from webapp.catalog.venvs.wishes import has_wish, set_wish

PROGRAM = Path(build.__file__).parent / "program"
MLMODEL = """
flavors:
  python_function: {loader_module: mlflow.lightgbm, python_version: 3.9.18, data: model.lgb}
  lightgbm: {data: model.lgb, model_class: lightgbm.basic.Booster, lgb_version: 3.3.5}
signature:
  inputs: '[{"type": "double", "name": "a"}, {"type": "double", "name": "b"}]'
"""


def requirements_of(folder: Path, **options: bool) -> Requirements:
    values = {"has_loader": True, "is_skops": False, "allow_any": False}
    return read_requirements(folder, "", **(values | options))


def test_the_files_of_mlflow(tmp_path: Path) -> None:
    (tmp_path / "python_env.yaml").write_text(
        "python: 3.9.13\nbuild_dependencies: [pip==23.0]\ndependencies: ['-r requirements.txt']\n"
    )
    (tmp_path / "requirements.txt").write_text(
        "\ufeff# saved\r\nmlflow==2.3.0\r\nscikit_learn==1.2.2 # fits\r\nnumpy==1.23.5\r\n\r\n"
    )
    packages = ("numpy==1.23.5", "scikit_learn==1.2.2")
    assert requirements_of(tmp_path) == Requirements("3.9.13", packages)
    assert "mlflow==2.3.0" in requirements_of(tmp_path, has_loader=False).packages


def test_conda_with_and_without_a_pip_section(tmp_path: Path) -> None:
    head = "dependencies:\n- python=3.8.2\n- pip<=23.0\n"
    (tmp_path / "conda.yaml").write_text(f"{head}- pip:\n  - mlflow\n  - lightgbm==3.3.5\n")
    assert requirements_of(tmp_path) == Requirements("3.8.2", ("lightgbm==3.3.5",))
    (tmp_path / "conda.yaml").write_text(f"{head}- scikit-learn=0.24.1=py38h\n- openssl=1.1\n")
    assert requirements_of(tmp_path).packages == ("numpy<2", "scikit-learn==0.24.1")


@pytest.mark.parametrize(
    ("is_skops", "lines", "packages"),
    [
        # older scikit-learn doesn't start with a NumPy that came after it
        (False, "scikit-learn==1.2.2", ("numpy<2", "scikit-learn==1.2.2")),
        (False, "scikit-learn==1.4.2", ("scikit-learn==1.4.2",)),
        (False, "scikit-learn==1.2.2\nnumpy==1.24.0", ("numpy==1.24.0", "scikit-learn==1.2.2")),
        # older skops run code that their files name
        (True, "skops==0.11.0", ("skops>=0.13.0",)),
        (True, "skops==0.14", ("skops==0.14",)),
        (True, "scikit-learn==1.7.0", ("scikit-learn==1.7.0", "skops>=0.13.0")),
    ],
)
def test_what_is_added(
    tmp_path: Path, is_skops: bool, lines: str, packages: tuple[str, ...]
) -> None:
    (tmp_path / "requirements.txt").write_text(lines)
    assert requirements_of(tmp_path, is_skops=is_skops).packages == packages


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://evil.example/simple",
        "-r /etc/passwd",
        "-e .",
        "./wheel.whl",
        "numpy @ file:///tmp/numpy.whl",
        "git+https://example.org/numpy.git",
        "numpy==1.0 --no-binary :all:",
        "numpy==1.0\x0b--index-url=x",
    ],
)
def test_only_names_and_versions_are_taken(tmp_path: Path, line: str) -> None:
    (tmp_path / "requirements.txt").write_text(f"numpy==1.23.5\n{line}\n")
    with pytest.raises(PreparedError, match=r"requirements.txt has a line that isn't a package"):
        requirements_of(tmp_path, allow_any=True)


def test_other_packages_are_code(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("lightgbm==3.3.5\nmy-tricks==1.0\n")
    with pytest.raises(PreparedError, match=r"needs my-tricks, .*ALLOW_CODE=1 installs them"):
        requirements_of(tmp_path)
    assert "my-tricks==1.0" in requirements_of(tmp_path, allow_any=True).packages


def test_files_that_say_nothing(tmp_path: Path) -> None:
    with pytest.raises(PreparedError, match=r"requirements.txt is missing.*PREPARE_ENV=here"):
        requirements_of(tmp_path)
    (tmp_path / "conda.yaml").write_text("a: [")
    with pytest.raises(PreparedError, match=r"conda.yaml can't be read"):
        requirements_of(tmp_path)


@pytest.mark.parametrize(
    ("output", "text"),
    [
        (
            "Using Python 3.11.7 environment at: x\n"
            "error: No solution found when resolving dependencies\n"
            "  cause: Because scikit-learn==0.18 has no usable wheels and you require\n"
            "         scikit-learn==0.18, your requirements are unsatisfiable.\n\n"
            "hint: Wheels are required\n",
            "Because scikit-learn==0.18 has no usable wheels and you require scikit-learn==0.18, "
            "your requirements are unsatisfiable",
        ),
        (
            "error: Failed to fetch: https://user:secret@index.example/simple/numpy/",
            "Failed to fetch: the package index",
        ),
        ("", "it said nothing"),
    ],
)
def test_the_last_line_of_uv(output: str, text: str) -> None:
    assert last_line(output) == text


def test_without_uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "find_uv", lambda: None)
    with pytest.raises(BuildError, match=r"pip install -e '.\[own\]'"):
        Environments(tmp_path / "e").get(Requirements("3.9", ("numpy",)))


FAKE = """#!/bin/sh
echo "$@" >> {log}
case "$*" in
  *3.9.13*|*"python 3.9 "*) echo "error: No interpreter found for Python 3.9"; exit 2 ;;
  venv*) mkdir -p $2/bin $2/lib/python3.10/site-packages; ln -s {python} $2/bin/python
         echo "version_info = 3.10.4" > $2/pyvenv.cfg ;;
  pip*) if cat -- "$@" 2>&1 | grep -q ^fail; then echo "error: boom"; exit 1; fi ;;
esac
"""


@pytest.fixture
def fake_uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for uv that gets no Python 3.9, and its log."""
    log, program = tmp_path / "log", tmp_path / "uv"
    program.write_text(FAKE.format(log=log, python=sys.executable))
    program.chmod(0o755)
    monkeypatch.setattr(build, "find_uv", lambda: str(program))
    return log


def test_the_nearest_python_that_is_there(tmp_path: Path, fake_uv: Path) -> None:
    environments, requirements = Environments(tmp_path / "e"), Requirements("3.9.13", ("numpy",))
    environment = environments.get(requirements)
    calls = fake_uv.read_text().splitlines()
    assert [line.split("--python ")[1].split()[0] for line in calls[:3]] == [
        "3.9.13",
        "3.9",
        "3.10",
    ]
    assert "--no-python-downloads" not in calls[0]
    assert "--only-binary :all:" in calls[3]
    assert environment.versions["python"] == "3.10.4"
    assert environments.get(requirements) == environment  # as it is kept
    assert len(fake_uv.read_text().splitlines()) == 4
    facts = Facts("d", environment={"python": "3.9.13"}, answered_by={"python": "3.10.4"})
    assert describe_answering(facts) == "Answered by Python 3.10.4; saved with Python 3.9.13."


def test_half_built_and_unused_ones_are_removed(tmp_path: Path, fake_uv: Path) -> None:
    environments = Environments(tmp_path / "e", allow_source=True)
    old = tmp_path / "e" / environments.key(Requirements("", ("numpy",)))
    environments.get(Requirements("", ("numpy",)))
    assert "--only-binary" not in fake_uv.read_text()  # with ALLOW_SOURCE=1
    os.utime(old / "environment.json", (0, 0))
    (tmp_path / "e" / ".draft-x").mkdir()
    with pytest.raises(BuildError, match="environment couldn't be built: boom"):
        Environments(tmp_path / "e").get(Requirements("", ("fail",)))
    names = {path.name for path in (tmp_path / "e").iterdir()}
    assert names <= {"lock", "pythons"}


def test_wishes(tmp_path: Path) -> None:
    assert not has_wish(tmp_path, "a")
    for digest in ("a", "b"):
        set_wish(tmp_path, digest, own=True)
    set_wish(tmp_path, "b", own=False)
    assert (has_wish(tmp_path, "a"), has_wish(tmp_path, "b")) == (True, False)


@pytest.mark.parametrize("path", sorted(PROGRAM.glob("*.py")), ids=lambda path: path.name)
def test_the_program_stands_alone(path: Path) -> None:
    tree = ast.parse(path.read_text(), feature_version=(3, 8))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 1 or node.module in {"__future__", "pathlib", "typing"}
        if isinstance(node, ast.Import) and node in tree.body:
            assert all(one.name in sys.stdlib_module_names for one in node.names)


def folder_of(tmp_path: Path) -> Path:
    (tmp_path / "MLmodel").write_text(MLMODEL)
    (tmp_path / "requirements.txt").write_text("lightgbm==3.3.5\n")
    return tmp_path


def answer(values: Any, kind: str = "f", names: Any = None) -> dict[str, Any]:
    shape = [len(values)] if values is not None else [4]
    return {"kind": kind, "shape": shape, "names": names, "values": values}


VALUES = [0.1, 0.2, 0.3, 0.4]
HALVES = [answer(VALUES[1::-1]), answer(VALUES[:1:-1])]
REPORT: dict[str, Any] = {"names": None, "width": 2, "classes": None, "is_proba": False}
ENVIRONMENT = {
    "versions": {"python": "3.9.18", "lightgbm": "3.3.5", "numpy": "1.23.5"},
    "seconds": 12.3,
    "megabytes": 206.2,
}


def test_answers_are_checked_as_ever(tmp_path: Path) -> None:
    report = REPORT | {"asked": [answer(VALUES), *HALVES, answer(VALUES)]}
    features, scores, details = examine_answers(folder_of(tmp_path), ENVIRONMENT, report, None)
    assert (features.names, scores.tolist()) == (("a", "b"), VALUES)
    assert details.pop("is_turned") is False
    facts = Facts("d", **details)
    assert (
        describe_answering(facts) == "Answered by Python 3.9.18, LightGBM 3.3.5, as it was saved."
    )
    assert describe_cost(facts) == "Its environment took 12 s to build and takes 206 MB."


@pytest.mark.parametrize(
    ("report", "reason"),
    [
        ({"refusal": "It is a pickle"}, "It is a pickle"),
        ({"missing": "cupy"}, "environment lacks cupy: add the package to its requirements"),
        ({"error": ["ValueError", "bad\nmodel"]}, "Loading or scoring it failed: ValueError: bad"),
        (REPORT | {"asked": []}, "without a result that can be read"),
        (REPORT | {"asked": [answer(None, "i")]}, "It returns classes, not probabilities"),
        (REPORT | {"asked": [answer(VALUES), *[answer([0.9, 0.8])] * 2, answer(VALUES)]}, "other"),
        (REPORT | {"names": ["a", "c"], "asked": []}, "it was fitted without it"),
        (REPORT | {"asked": [answer([0.1, 0.2, 0.3, 1.4])]}, "not between 0 and 1"),
    ],
)
def test_answers_that_cannot_be_served(tmp_path: Path, report: dict[str, Any], reason: str) -> None:
    with pytest.raises(PreparedError, match=reason):
        examine_answers(folder_of(tmp_path), ENVIRONMENT, json.loads(json.dumps(report)), None)
