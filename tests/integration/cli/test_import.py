"""``everycase import``: a table that was made elsewhere is a version like all others."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import yaml
from click.testing import CliRunner

from tests.support.mlflow_models import all_cases, frame, prepare_here, rows_of
from tests.support.table_snippet import MOST_LINES, find_snippet, load_writer
from webapp.cases import Features
from webapp.catalog.code import TABLE_MODEL, own_code, refuse_code
from webapp.catalog.index import RECORDS
from webapp.catalog.prepare import prepare
from webapp.catalog.prepared import Prepared, PreparedError, read_prepared
from webapp.catalog.scan import CatalogEntry, Scanner
from webapp.catalog.stores.folder import FolderStore
from webapp.catalog.stores.run_metadata import describe_run, read_own_facts
from webapp.catalog.stores.saving import SavingError
from webapp.catalog.stores.saving_table import NewTable, save_table
from webapp.catalog.trial import try_out
from webapp.cli.import_table import import_table
from webapp.settings import ROOT, Settings
from webapp.training.case_table import read_score_table

# What mlflow warns of while it is imported is not ours to fix.
pytestmark = pytest.mark.filterwarnings("ignore")

INPUTS = Features(("paid", "late payment", "0"))
SCORES = np.random.default_rng(0).random(8)
WHY = "the bank's own rule, until we have outcomes"


class Imported(NamedTuple):
    """A folder of models with one imported version, and what the command printed."""

    models: Path
    var: Path
    output: str

    @property
    def entry(self) -> CatalogEntry:
        (entry,) = Scanner(self.models, self.var / RECORDS).scan()
        return entry

    @property
    def place(self) -> Path:
        return self.models / "churn_v1"


def run(folder: Path, *arguments: str) -> Any:
    settings = Settings(models_uri=folder / "models", var_dir=folder / "var")
    return CliRunner().invoke(import_table, arguments, obj=settings)


@pytest.fixture(scope="module")
def imported_version(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    """Eight cases in reverse order, with counts, imported by the command."""
    folder = tmp_path_factory.mktemp("imported")
    rows = [[*row.tolist(), float(SCORES[case]), case * 10, case]
            for case, row in enumerate(INPUTS.matrix())]  # fmt: skip
    lines = [[*INPUTS.names, "probability", "n", "positives"], *rows[::-1]]
    table = folder / "rule.csv"
    table.write_text("\n".join(",".join(map(str, line)) for line in lines))
    result = run(folder, str(table), "--name", "churn", "--positive", "churn", "--why", WHY)
    assert result.exit_code == 0, result.output
    return Imported(folder / "models", folder / "var", result.output)


def try_here(folder: Path) -> Prepared:
    return try_out(folder, prepare_here())


def new_table(scores: Any = SCORES, positive: str | None = None) -> NewTable:
    return NewTable("rule", INPUTS, np.asarray(scores, np.float64), positive, None, {"n": 3})


def test_it_says_what_it_read_and_where_the_version_is(imported_version: Imported) -> None:
    assert "rule.csv: 8 cases of 3 inputs (paid, late payment, 0)" in imported_version.output
    assert "280 events, 10.00% positive" in imported_version.output
    assert str(imported_version.place) in imported_version.output
    assert os.listdir(imported_version.models) == ["churn_v1"], "no draft is left"  # noqa: PTH208


def test_it_is_served_with_its_numbers_counts_and_facts(imported_version: Imported) -> None:
    entry = imported_version.entry
    assert (entry.status, entry.warnings) == ("ready", ())
    prepared = read_prepared(Path(str(entry.place)))
    assert prepared.features == INPUTS
    assert np.array_equal(prepared.scores, SCORES)
    assert prepared.baseline is not None
    assert prepared.baseline.n.tolist() == [0, 10, 20, 30, 40, 50, 60, 70]
    assert prepared.baseline.positives.tolist() == list(range(8))
    assert prepared.facts.outcome == "churn"
    assert prepared.facts.code is None
    training = prepared.facts.training
    assert {name: training[name] for name in ("estimator", "source", "why", "n", "positives")} == {
        "estimator": "imported table", "source": "rule.csv", "why": WHY, "n": 280, "positives": 28,
    }  # fmt: skip


def test_it_is_prepared_once(imported_version: Imported) -> None:
    place = Path(str(imported_version.entry.place))
    assert place.parent == imported_version.var / RECORDS
    assert json.loads((place / "facts.json").read_text())["rules"]


def test_it_is_a_plain_mlflow_model_without_local_paths(imported_version: Imported) -> None:
    import mlflow.pyfunc
    import pandas as pd

    for path in imported_version.place.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            for trace in (str(imported_version.models.parent), str(ROOT), str(Path.home())):
                assert trace.encode() not in content, path
    model = mlflow.pyfunc.load_model(str(imported_version.place))
    rows = pd.DataFrame(INPUTS.matrix().astype(np.int64), columns=list(INPUTS.names))
    answers = model.predict(rows[list(INPUTS.names[::-1])])
    assert list(answers.columns) == ["not churn", "churn"]
    assert np.array_equal(answers["churn"], SCORES)


def test_the_other_class_can_be_chosen_and_turns_table_and_counts(
    imported_version: Imported, tmp_path: Path
) -> None:
    prepare(imported_version.place, tmp_path / "p", positive="not churn")
    other_class = read_prepared(tmp_path / "p")
    assert other_class.facts.outcome == "not churn"
    assert np.abs(other_class.scores - (1 - SCORES)).max() < 1e-15
    assert other_class.baseline is not None
    assert other_class.baseline.positives.tolist() == [case * 10 - case for case in range(8)]
    prepare(imported_version.place, tmp_path / "p", positive="churn")
    again = read_prepared(tmp_path / "p")
    assert again.baseline is not None
    assert again.baseline.positives.tolist() == list(range(8))


def test_its_code_is_ours_so_it_is_served_where_no_code_is_run(
    imported_version: Imported, tmp_path: Path
) -> None:
    flavors = yaml.safe_load((imported_version.place / "MLmodel").read_text())["flavors"]
    refuse_code(imported_version.place, flavors)
    copy = tmp_path / "m"
    copy.mkdir()
    file = copy / TABLE_MODEL.name
    file.write_bytes(TABLE_MODEL.read_bytes())
    assert own_code(copy, flavors) is None
    changes = {
        "other code": (lambda: file.write_text(file.read_text() + "print()\n"), flavors),
        "a folder of code": (lambda: (copy / "code").mkdir(), flavors),
        "another loader": (lambda: None, _flavor(flavors, loader_module="os")),
        "code beside it": (lambda: None, _flavor(flavors, code="more")),
        "data": (lambda: None, _flavor(flavors, data="data")),
        "another flavor": (lambda: None, {**flavors, "sklearn": {}}),
        "no file": (file.unlink, flavors),
    }
    for name in ("another loader", "code beside it", "data", "another flavor", "other code"):
        change, changed_flavors = changes[name]
        change()
        assert own_code(copy, changed_flavors), name
    file.write_bytes(TABLE_MODEL.read_bytes())
    for name in ("a folder of code", "no file"):
        change, changed_flavors = changes[name]
        change()
        assert own_code(copy, changed_flavors), name
        if (copy / "code").exists():
            (copy / "code").rmdir()


def _flavor(flavors: dict[str, Any], **values: str) -> dict[str, Any]:
    return {"python_function": {**flavors["python_function"], **values}}


def test_a_registry_gets_its_facts_and_why(imported_version: Imported) -> None:
    facts = read_own_facts(imported_version.place)
    metadata = describe_run("churn", facts, {"why": WHY})
    assert metadata.title == "churn imported table"
    assert metadata.metrics["n"] == 280
    assert metadata.tags["everycase.why.why"] == WHY
    assert "outcome" not in facts.training


@pytest.mark.parametrize(
    ("positive", "classes", "outcome"),
    [
        (None, ("0", "1"), None),
        ("yes", ("no", "yes"), None),
        ("0", ("1", "0"), "0"),
        ("nein", ("ja", "nein"), "nein"),
    ],
)
def test_rules_of_0_and_1_and_classes_with_plain_names(
    tmp_path: Path, positive: str | None, classes: tuple[str, str], outcome: str | None
) -> None:
    rule = [0, 1, 1, 0, 1, 0, 0, 1]
    store = FolderStore(tmp_path / "models")
    for number in (1, 2):  # names that are there are never taken again
        name, prepared = save_table(store, new_table(rule, positive), try_here)
        assert name == f"rule_v{number}"
    assert prepared.facts.classes == classes
    assert prepared.facts.outcome == outcome
    assert prepared.scores.tolist() == rule


@pytest.mark.parametrize("library", ["scikit-learn", "xgboost"])
def test_the_snippet_writes_the_table_of_any_predict_proba(tmp_path: Path, library: str) -> None:
    from sklearn.linear_model import LogisticRegression
    from xgboost import XGBClassifier

    rows, label = rows_of(3)
    if library == "xgboost":
        model, positive = XGBClassifier(n_estimators=3), 1
    else:
        model, positive, label = LogisticRegression(), "churn", np.array(["stay", "churn"])[label]
    model.fit(frame(rows, INPUTS.names), label)
    load_writer()(model, list(INPUTS.names), tmp_path / "t.csv", positive)
    answers = model.predict_proba(frame(all_cases(3), INPUTS.names))
    table = read_score_table(tmp_path / "t.csv")
    assert table.features == INPUTS
    assert np.array_equal(table.scores, answers[:, list(model.classes_).index(positive)])


def test_the_snippet_is_short() -> None:
    lines = find_snippet().splitlines()
    assert len([line for line in lines if line.strip()]) <= MOST_LINES


def _fails(_: Path) -> Prepared:
    raise PreparedError("it takes too long")


def _answers_otherwise(folder: Path) -> Prepared:
    table = folder / "artifacts" / "table.csv"
    table.write_text(table.read_text().replace(f"{float(SCORES[3])!r}", "0.5"))
    return try_here(folder)


@pytest.mark.parametrize(
    ("try_out", "reason"),
    [(_fails, "it takes too long"), (_answers_otherwise, "as a model it answers something else")],
)
def test_what_can_not_be_served_leaves_nothing(
    tmp_path: Path, try_out: Callable[[Path], Prepared], reason: str
) -> None:
    with pytest.raises(SavingError, match=reason):
        save_table(FolderStore(tmp_path / "models"), new_table(), try_out)
    assert list((tmp_path / "models").iterdir()) == []


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        (("--name", "x_v3"), "leave out the number"),
        (("--name", "x", "--positive", " "), "--positive: use one line of at most 100 characters"),
        (("--name", "x", "--why", "a\nb"), "--why: use one line of at most 1,000 characters"),
        (("--name", "x", "--counts", "TABLE"), "the table has n and positives already"),
        (("--name", "x", "--counts", "none.csv"), "none.csv' does not exist"),
        ((), "Missing option '--name'"),
    ],
)
def test_bad_options_are_refused_in_words(
    tmp_path: Path, more: tuple[str, ...], problem: str
) -> None:
    table = tmp_path / "t.csv"
    table.write_text("a,probability,n,positives\n0,1,1,0\n1,0,1,0\n")
    result = run(tmp_path, str(table), *(str(table) if each == "TABLE" else each for each in more))
    assert result.exit_code != 0
    assert problem in result.output
    assert not (tmp_path / "models").exists()
