"""Versions are evaluated by their score tables, or with a reason why not."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.support.synthetic_rows import labelled_rows, write_csv
from webapp.cases import Features
from webapp.catalog.digest import model_digest
from webapp.catalog.prepared import Facts, write_prepared
from webapp.catalog.scan import Scanner
from webapp.stats.counts import Counts
from webapp.stats.metrics import evaluate
from webapp.training.errors import DataError, EvaluateError
from webapp.training.evaluate import EvaluateRequest, Evaluation, as_json, describe, run

ROWS = labelled_rows(300, features=3)
G3 = Features.numbered(3)
COUNTS = Counts.of(G3.number(ROWS[:, :-1]), ROWS[:, -1], G3.cases)
SCORES = np.linspace(0.1, 0.8, 8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "models").mkdir()
    write_csv(tmp_path / "rows.csv", ROWS)
    return tmp_path


def add(
    folder: Path, name: str, features: tuple[str, ...] = G3.names, own: bool = True, **facts: object
) -> Path:
    """Add a version whose model is a placeholder file."""
    place = folder / "models" / name
    place.mkdir()
    (place / "MLmodel").write_text(name)
    digest = model_digest(place)
    values = Facts(digest=digest, features=features, **facts)  # type: ignore[arg-type]
    scores = None if values.reason else SCORES[: 1 << len(features)]
    record = folder / "prepared" / Scanner(folder / "models", folder).scan()[0].key
    write_prepared(place / "everycase" if own else record, values, scores)
    return place


def run_on(folder: Path, *versions: str, rows: str = ":") -> Evaluation:
    request = EvaluateRequest(str(folder / "rows.csv"), rows, versions)
    return run(
        request, models=folder / "models", prepared=folder / "prepared", cache=folder / "cache"
    )


@pytest.mark.parametrize("own", [True, False])
def test_metrics_are_those_of_the_table_on_the_counts(folder: Path, own: bool) -> None:
    add(folder, "a_v1", own=own)
    result = run_on(folder, "a_v1")
    assert result.versions[0].metrics == evaluate(SCORES, COUNTS)
    assert as_json(result)["versions"][0]["log_loss"] == evaluate(SCORES, COUNTS).log_loss
    assert "a_v1" in describe(result)


@pytest.mark.parametrize("names", [("G2",), ("G3", "G1"), ("G1", "G2", "G3"), ("G2", "G3", "G1")])
def test_columns_are_taken_by_name(folder: Path, names: tuple[str, ...]) -> None:
    add(folder, "a_v1", names)
    target = Features(names)
    columns = [G3.names.index(name) for name in names]
    counts = Counts.of(target.number(ROWS[:, columns]), ROWS[:, -1], target.cases)
    result = run_on(folder)
    assert result.versions[0].metrics == evaluate(SCORES[: target.cases], counts)
    assert np.array_equal(result.counts.n, counts.n)


def test_other_columns_and_rows_without_a_label_are_left_out(folder: Path) -> None:
    add(folder, "a_v1")
    path = folder / "rows.csv"
    text = path.read_text().replace("\n", ",7\n").replace("label,7", "label,id")
    path.write_text(text + "1,0,1,,8\n" * 30)
    result = run_on(folder)
    assert result.versions[0].metrics == evaluate(SCORES, COUNTS)
    assert (result.unlabelled, result.gap, as_json(result)["warning"]) == (30, None, None)
    assert "300 rows" in describe(result)
    assert "; 30 without a label" in describe(result)


def test_rows_that_can_not_carry_a_verdict_say_so(folder: Path) -> None:
    add(folder, "a_v1")
    rows = "1,0,1,1\n" * 300 + "0,1,0,\n" * 99 + "0,1,0,0\n" * 2
    (folder / "rows.csv").write_text("G1,G2,G3,label\n" + rows)
    result = run_on(folder)
    assert "99 rows have no label, and only 2 of 302 have label 0" in str(result.gap)
    assert f"no verdict can rest on these rows: {result.gap}" in describe(result)
    (folder / "rows.csv").write_text("G1,G2,G3,label\n1,0,1,\n")
    result = run_on(folder)
    assert result.versions[0].reason == "None of the rows has a label"
    assert "1 row, all without a label" in describe(result)


def test_a_version_that_can_not_be_evaluated_says_why_and_the_others_go_on(folder: Path) -> None:
    add(folder, "good_v1")
    add(folder, "other_v1", ("G1", "G9"))
    add(folder, "refused_v1", reason="it is a pickle")
    (add(folder, "changed_v1") / "MLmodel").write_text("changed")
    (add(folder, "cut_v1") / "everycase" / "score_table.npy").unlink()
    (folder / "models" / "new_v1").mkdir()
    (folder / "models" / ".hidden").mkdir()
    result = run_on(folder)
    reasons = {one.version: one.reason for one in result.versions}
    assert reasons.pop("good_v1") is None
    assert reasons.keys() == {"other_v1", "refused_v1", "changed_v1", "cut_v1", "new_v1"}
    for name, reason in {
        "other_v1": "It needs the feature G9",
        "refused_v1": "it is a pickle",
        "changed_v1": "changed after its score table was made",
        "cut_v1": "score_table.npy is missing",
        "new_v1": "Not prepared yet",
    }.items():
        assert reason in str(reasons[name])
        assert f"not evaluated: {reasons[name]}" in describe(result)
    assert {"version": "other_v1", "reason": reasons["other_v1"]} in as_json(result)["versions"]


@pytest.mark.parametrize(
    ("training_rows", "rows", "n"),
    [
        ("1:100", "101:300", 0),
        ("1:100", "100:300", 1),
        ("51:100", "1:300", 50),
        ("1:100", ":", 100),
        ("all", ":", 0),
    ],
)
def test_rows_that_a_version_was_trained_on_are_reported(
    folder: Path, training_rows: str, rows: str, n: int
) -> None:
    sha256 = run_on_nothing(folder)
    add(folder, "a_v1", training={"sha256": sha256, "rows": training_rows})
    add(folder, "b_v1", training={"sha256": "another file", "rows": training_rows})
    result = run_on(folder, rows=rows)
    assert [one.trained_on for one in result.versions] == [n, 0]


def run_on_nothing(folder: Path) -> str:
    """The SHA-256 of the rows, from an evaluation of a version that is removed again."""
    place = add(folder, "x_v1", reason="for its digest only")
    sha256 = run_on(folder).sha256
    (place / "everycase" / "facts.json").unlink()
    (place / "everycase").rmdir()
    (place / "MLmodel").unlink()
    place.rmdir()
    return sha256


def test_an_auc_without_both_labels_is_null(folder: Path) -> None:
    add(folder, "a_v1")
    (folder / "rows.csv").write_text("G1,G2,G3,label\n1,0,1,0\n")
    answer = json.loads(json.dumps(as_json(run_on(folder)), allow_nan=False))
    assert answer["versions"][0]["auc"] is None
    assert answer["positives"] == 0


def test_versions_are_asked_for_by_name_and_once(folder: Path) -> None:
    for name in ("a_v1", "b_v1", "c_v1"):
        add(folder, name)
    result = run_on(folder, "c_v1", "a_v1", "c_v1")
    assert [one.version for one in result.versions] == ["c_v1", "a_v1"]
    with pytest.raises(EvaluateError, match=r"there is no version d_v1 in .*a_v1, b_v1, c_v1"):
        run_on(folder, "a_v1", "d_v1")


def test_what_is_missing_is_named(folder: Path) -> None:
    with pytest.raises(EvaluateError, match="there are no versions"):
        run_on(folder)
    add(folder, "a_v1")
    with pytest.raises(DataError, match="--rows 1:301"):
        run_on(folder, rows="1:301")
    with pytest.raises(EvaluateError, match="can't be read"):
        run(
            EvaluateRequest("rows.csv", ":"),
            models=folder / "none",
            prepared=folder,
            cache=folder,
        )
