"""Models as they are met: of old formats, from Windows, from Git, half copied."""

from __future__ import annotations

import pickle
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.catalog.test_prepare import _own_modules, agree, refused, served
from tests.support import mlflow_models as foreign
from tests.support.mlflow_models import all_cases, columns, frame, logit, save_sklearn, tensor
from webapp.catalog.limits import PrepareLimits
from webapp.catalog.prepare import main
from webapp.catalog.prepared import read_facts, read_prepared
from webapp.catalog.preparer import prepare_in_child

__all__ = ["_own_modules"]  # a fixture that every test here takes

pytestmark = pytest.mark.filterwarnings("ignore")
NAMES = ("a", "b", "c")
MODEL = logit(3, NAMES)
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n"
_READ = "def load_context(self, context):\n        open(context.artifacts['numbers']).read()\n    "

Edit = Callable[[Path], object]


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One model of each kind, to be copied: ``sklearn``, and ``code`` with a file of numbers."""
    folder = tmp_path_factory.mktemp("originals")
    save_sklearn(MODEL, folder / "sklearn", signature=columns(NAMES))
    (folder / "numbers.json").write_text("[1, 2]")
    numbers = {"numbers": str(folder / "numbers.json")}
    foreign.save_code(folder / "code", signature=columns(NAMES), artifacts=numbers)
    file = folder / "code" / "code_model.py"
    file.write_text(file.read_text().replace("def predict", f"{_READ}def predict"))
    return folder


def described(change: Callable[[dict[str, Any]], object]) -> Edit:
    """An edit of MLmodel as YAML."""

    def edit(folder: Path) -> None:
        content = yaml.safe_load((folder / "MLmodel").read_text())
        change(content)
        (folder / "MLmodel").write_text(yaml.safe_dump(content))

    return edit


def rewritten(name: str, change: Callable[[bytes], bytes]) -> Edit:
    """An edit of the bytes of a file."""
    return lambda folder: (folder / name).write_bytes(change((folder / name).read_bytes()))


def signature(text: object) -> Edit:
    return described(lambda content: content.update(signature=text))


def inputs(text: object) -> Edit:
    return described(lambda content: content["signature"].update(inputs=text))


def from_windows(folder: Path) -> None:
    """What MLflow writes on Windows: the place of the file there, and paths of artifacts."""

    def change(content: dict[str, Any]) -> None:
        pyfunc = content["flavors"]["python_function"]
        pyfunc["model_code_path"] = r"C:\Users\me\churn\code_model.py"
        pyfunc["artifacts"]["numbers"] = {"path": r"artifacts\numbers.json", "uri": r"C:\n.json"}

    described(change)(folder)


def without_pip(folder: Path) -> None:
    (folder / "conda.yaml").write_text("channels: [defaults]\ndependencies: [python=3.9]\n")
    (folder / "requirements.txt").unlink()
    (folder / "python_env.yaml").unlink()


def with_optional(folder: Path) -> None:
    kinds = '{"type": "integer", "name": "a", "required": false}, {"type": "boolean", "name": "b"}'
    inputs(f'[{kinds}, {{"type": "double", "name": "c"}}]')(folder)


SERVED: dict[str, tuple[str, Edit]] = {
    "CRLF": ("sklearn", rewritten("MLmodel", lambda text: text.replace(b"\n", b"\r\n"))),
    "byte order mark": ("sklearn", rewritten("MLmodel", lambda text: b"\xef\xbb\xbf" + text)),
    "Windows": ("code", from_windows),
    "no pip": ("sklearn", without_pip),
    "kinds of columns": ("sklearn", with_optional),
    "no signature": ("sklearn", described(lambda content: content.pop("signature"))),
    "one flavor": ("sklearn", described(lambda content: content["flavors"].pop("python_function"))),
    "a later MLflow": ("sklearn", described(lambda content: content.update(news={"a": [1]}))),
    "an odd example": (
        "sklearn",
        described(lambda content: content.update(saved_input_example_info=[1])),
    ),
}


@pytest.mark.parametrize("name", SERVED)
def test_what_is_odd_but_whole_is_served(tmp_path: Path, originals: Path, name: str) -> None:
    kind, edit = SERVED[name]
    folder = shutil.copytree(originals / kind, tmp_path / "m")
    edit(folder)
    prepared = served(folder, tmp_path / "out")
    assert prepared.features.names == NAMES
    rows = all_cases(3)
    answers = MODEL.predict_proba(frame(rows, NAMES))[:, 1]
    agree(prepared, foreign.answer_of_code(rows) if kind == "code" else answers)


def test_a_tensor_of_any_width(tmp_path: Path) -> None:
    model = logit(3)
    save_sklearn(model, tmp_path / "m", signature=tensor(-1))
    agree(served(tmp_path / "m", tmp_path / "out"), model.predict_proba(all_cases(3))[:, 1])


def test_a_tensor_of_another_width(tmp_path: Path) -> None:
    save_sklearn(logit(3), tmp_path / "m", signature=tensor(4))
    assert refused(tmp_path / "m", tmp_path / "out").startswith(
        "Its signature isn't that of its fit: it has 4 inputs, the model was fitted on 3. Save it"
    )


def test_mlflow_told_to_load_no_pickle(
    tmp_path: Path, originals: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It refuses skops then, too; its types are checked here, and the process is told nothing."""
    monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
    result = prepare_in_child(PrepareLimits()).run(originals / "sklearn", tmp_path / "out")
    assert result.ok
    answers = MODEL.predict_proba(frame(all_cases(3), NAMES))[:, 1]
    agree(read_prepared(tmp_path / "out"), answers)


_OLD = """artifact_path: model
flavors:
  python_function: {data: model.pkl, env: conda.yaml, loader_module: mlflow.sklearn}
  sklearn: {pickled_model: model.pkl, sklearn_version: 0.22.1}
run_id: 8d2f
utc_time_created: '2020-03-01 10:00:00.0'
"""


def test_a_model_of_mlflow_1_is_refused_and_its_mend_works(tmp_path: Path) -> None:
    import mlflow.sklearn

    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "MLmodel").write_text(_OLD)
    (tmp_path / "old" / "model.pkl").write_bytes(pickle.dumps(MODEL))
    problem = refused(tmp_path / "old", tmp_path / "out")
    assert problem.startswith("It was saved as pickle, which can run any code when loaded. Save it")
    assert "mlflow.sklearn.save_model(model, path)" in problem
    model = mlflow.sklearn.load_model(str(tmp_path / "old"))  # as docs/models.md says
    save_sklearn(model, tmp_path / "new")
    answers = MODEL.predict_proba(frame(all_cases(3), NAMES))[:, 1]
    agree(served(tmp_path / "new", tmp_path / "again"), answers)


def put(name: str, content: bytes) -> Edit:
    return rewritten(name, lambda _: content)


def code(begin: str) -> Edit:
    return rewritten("code_model.py", lambda text: begin.encode() + b"\n" + text)


_LFS = r" is a pointer of Git LFS, not the file itself: run git lfs pull"
_SIGNATURE = (
    r"^The signature in its MLmodel file can't be read\. Save it with signature=mlflow\.models\."
)
REFUSED: dict[str, tuple[str, Edit, str]] = {
    "pointer": ("sklearn", put("model.skops", POINTER), rf"^model\.skops{_LFS}"),
    "pointers": ("sklearn", put("MLmodel", POINTER), f"^MLmodel{_LFS}"),
    "numbers": ("code", put("artifacts/numbers.json", POINTER), rf"^artifacts/numbers\.json{_LFS}"),
    "code": ("code", put("code_model.py", POINTER), rf"^code_model\.py{_LFS}"),
    "no bytes": ("sklearn", put("model.skops", b""), r"^model\.skops is empty: copy it again"),
    "no code": ("code", put("code_model.py", b""), r"^code_model\.py is empty: copy it again"),
    "bits": (
        "sklearn",
        rewritten("model.skops", lambda text: text[:60] + b"x" * 30 + text[90:]),
        r"^model\.skops is damaged: it isn't a whole file of skops",
    ),
    "a page": (
        "sklearn",
        put("MLmodel", b"<!DOCTYPE html>\n<p>Sign in: now</p>"),
        "can't be read: it is a web page. Download the file itself$",
    ),
    "a merge": (
        "sklearn",
        rewritten("MLmodel", lambda text: b"<<<<<<< HEAD\n" + text),
        "can't be read: Git couldn't merge it. Keep one of the two",
    ),
    "an object": (
        "sklearn",
        put("MLmodel", b"flavors: !!python/object/apply:os.system ['x']"),
        "can't be read: line 1 isn't YAML. Copy it again",
    ),
    "two documents": ("sklearn", put("MLmodel", b"a: 1\n---\nb: 2\n"), "line 2 isn't YAML"),
    "a list of flavors": ("sklearn", put("MLmodel", b"flavors: [sklearn]"), "names no flavors"),
    "a number for a loader": (
        "code",
        described(lambda content: content["flavors"]["python_function"].update(loader_module=3)),
        "loader_module of python_function must be a module's name, such as mlflow.sklearn$",
    ),
    **{
        f"signature {text!r:.20}": ("sklearn", edit, _SIGNATURE)
        for text, edit in [(each, signature(each)) for each in ("x", [1], {"inputs": 3})]
    },
    **{
        f"inputs {text}": ("sklearn", inputs(text), _SIGNATURE)
        for text in ("[]", '[{"type": "long", "name"', '[{"type": "decimal", "name": "a"}]')
    },
    "exit": (
        "code",
        code("import sys\nsys.exit('no licence')"),
        r"^Loading or scoring it failed in code_model\.py, line 2: its code ends the program, with "
        r"sys\.exit \(no licence\)\. Save it again without that$",
    ),
    "exit when asked": (
        "code",
        rewritten("code_model.py", lambda text: text.replace(b"return p", b"raise SystemExit")),
        r"failed in code_model\.py, line \d+: its code ends the program",
    ),
    "an index": (
        "code",
        code("[][0]"),
        r"^Loading or scoring it failed in code_model\.py, line 1: IndexError: list index",
    ),
    "no Python": ("code", code("def x(:"), r"failed: code_model\.py, line 1, isn't Python: inv"),
    "gone": ("code", lambda folder: (folder / "code_model.py").unlink(), r"code_model\.py is miss"),
    "not of any width": (
        "code",
        lambda folder: (
            described(lambda content: content.pop("signature"))(folder),
            rewritten("code_model.py", lambda text: text.replace(b"p = rows", b"p = rows[:, 99]"))(
                folder
            ),
        ),
        r"^It has no signature, so that its inputs aren't known: asked for 10 columns without "
        r"names, it fails in code_model\.py, line \d+\. Save it with signature=mlflow\.mod",
    ),
    "another name": (
        "sklearn",
        lambda folder: (folder / "MLmodel").rename(folder / "MLmodel.txt"),
        r"^Not an MLflow model: MLmodel\.txt must be named MLmodel$",
    ),
    "packed": (
        "sklearn",
        lambda folder: (folder / "MLmodel").rename(folder / "churn.zip"),
        r"its MLmodel file is missing; unpack churn\.zip into the folder$",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_broken_says_what_to_do(tmp_path: Path, originals: Path, name: str) -> None:
    kind, edit, reason = REFUSED[name]
    folder = shutil.copytree(originals / kind, tmp_path / "m")
    edit(folder)
    problem = refused(folder, tmp_path / "out")
    assert re.search(reason, problem), problem
    assert not re.search(r"BadZip|Errno|MlflowException|stack trace|ndarray|<U\d", problem)


@pytest.mark.parametrize(
    "within", ["0/8d2f/artifacts/model", "artifacts", "mlruns/1/models/m-1/artifacts"]
)
def test_a_folder_of_mlflow_names_the_model_inside(
    tmp_path: Path, originals: Path, within: str
) -> None:
    shutil.copytree(originals / "sklearn", tmp_path / "m" / within)
    problem = refused(tmp_path / "m", tmp_path / "out")
    assert f"the model is inside it, in {within}/." in problem
    assert problem.endswith("churn_v1: everycase add does it")


def test_a_code_that_exits_leaves_a_reason(tmp_path: Path, originals: Path) -> None:
    """Also in the process's own way: the whole program, with its status."""
    folder = shutil.copytree(originals / "code", tmp_path / "m")
    code("raise SystemExit")(folder)
    assert main([str(folder), str(tmp_path / "out")]) == 0
    assert "ends the program" in str(read_facts(tmp_path / "out").reason)
