"""Rows that a version wasn't trained on: which are counted, and why some files are refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tests.support.event_logs import hand_services
from tests.support.synthetic_rows import labelled_rows, write_csv
from tests.support.versions import ready
from webapp.cases import Features, InputError
from webapp.catalog.prepared import Prepared
from webapp.cli.main import main
from webapp.services.models.stored_rows import (
    FileRows,
    NoStoredRowsError,
    count_unseen,
    forget,
    store,
)
from webapp.stats import performance
from webapp.stats.counts import Counts
from webapp.training.data import OrderedRows
from webapp.training.rows import RowRange

G3 = Features.numbered(3)
RNG = np.random.default_rng(0)
CASE, LABEL = RNG.integers(0, 8, 400), (RNG.random(400) < 0.3).astype(np.int64)
SHA = "a" * 64


def rows(first: int = 1, label: np.ndarray = LABEL) -> OrderedRows:
    last = first + len(CASE) - 1
    return OrderedRows(G3, CASE, label, RowRange(first, last))


def trained_on(span: str = "", sha256: str = SHA) -> Prepared:
    prepared = ready("a_v1", G3).prepared
    assert prepared is not None
    facts = {"sha256": sha256, "rows": span} if span else {}
    return replace(prepared, facts=replace(prepared.facts, training=facts))


@pytest.mark.parametrize(
    ("span", "first", "keep"),
    [
        ("", 1, slice(None)),
        ("1:100", 1, slice(100, None)),
        ("51:250", 101, slice(150, None)),
        ("401:600", 101, slice(0, 300)),
        ("1:100", 101, slice(None)),
    ],
)
def test_rows_that_it_was_trained_on_are_left_out(span: str, first: int, keep: slice) -> None:
    part = count_unseen("a_v1", trained_on(span), rows(first), SHA)
    counts = Counts.of(CASE[keep], LABEL[keep], 8)
    assert np.array_equal(part.counts.n, counts.n)
    assert np.array_equal(part.counts.positives, counts.positives)
    assert part.left_out == 400 - len(CASE[keep])
    other_file = count_unseen("a_v1", trained_on(span, "b" * 64), rows(first), SHA)
    assert (other_file.left_out, other_file.counts.total) == (0, 400)


@pytest.mark.parametrize(
    ("span", "label", "reason"),
    [
        ("1:400", LABEL, "has no rows but those that a_v1 was trained on: send others"),
        ("", np.full(400, -1), "has no row with a label: send labelled rows"),
        ("", np.zeros(400, np.int64), "none of 400 outcomes are 1, and a verdict needs 10 of each"),
        ("1:360", LABEL, r"only 40 outcomes are known.*\(of the rows that a_v1 wasn't trained on"),
    ],
)
def test_a_file_that_says_nothing_is_refused(span: str, label: np.ndarray, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        count_unseen("a_v1", trained_on(span), rows(label=label), SHA)


def test_what_was_stored_is_said(tmp_path: Path) -> None:
    services = hand_services([ready("a_v1", G3)])
    parts = [count_unseen("a_v1", trained_on(span), rows(), SHA) for span in ("1:100", "")]
    sure, unsure = store(services, parts, FileRows("rows.csv", SHA, ":"), "ann", 1)
    assert sure.text.startswith(
        "Stored 300 rows of rows.csv for a_v1, without the 100 that a_v1 was trained on: log loss "
    )
    assert sure.text.endswith("Its performance is held against them.")
    assert "make sure that they aren't among these" in unsure.text
    assert sure.skill == performance.skill(trained_on().scores, parts[0].counts).value
    evaluation = services.evaluations.find(trained_on().facts.build)
    assert evaluation is not None
    assert (evaluation.n, evaluation.source, evaluation.actor) == (400, "rows.csv", "ann")
    services.close()


def test_the_command_needs_a_version_and_its_columns(tmp_path: Path) -> None:
    write_csv(tmp_path / "rows.csv", labelled_rows(200, features=3))
    env = {"VAR_DIR": str(tmp_path / "var"), "DATABASE_URL": ""}
    command = ["evaluate", "--data", str(tmp_path / "rows.csv"), "--store"]
    everybody = CliRunner().invoke(main, command, env=env)
    assert everybody.exit_code == 1
    assert "--store is for the versions that are named: name one or more" in everybody.output
    other = CliRunner().invoke(main, [*command, "logit_games_v1"], env=env)
    assert other.exit_code == 1
    assert "The file has no columns G4, G5, G6, G7, G8, G9, G10" in other.output


def test_the_command_stores_what_drift_then_compares_with(tmp_path: Path) -> None:
    write_csv(tmp_path / "rows.csv", labelled_rows(400, features=10))
    env = {"VAR_DIR": str(tmp_path / "var"), "DATABASE_URL": ""}
    run = CliRunner()
    command = ["evaluate", "logit_games_v1", "--data", str(tmp_path / "rows.csv"), "--store"]
    answer = run.invoke(main, command, env=env)
    assert answer.exit_code == 0, answer.output
    assert "Stored 400 rows of rows.csv for logit_games_v1: log loss" in answer.output
    drift = ["drift", "--version", "logit_games_v1", "--data", str(tmp_path / "rows.csv")]
    table = run.invoke(main, [*drift, "--baseline", "evaluation"], env=env)
    assert "logit_games_v1 against evaluation, 400 events: inconclusive" in table.output
    assert "in its evaluation −" in table.output, "random rows are no evidence for it"
    forget = run.invoke(main, ["evaluate", "logit_games_v1", "--forget"], env=env)
    assert forget.output == (
        "Forgot 400 rows of rows.csv for logit_games_v1. "
        "Its performance is held against its cross-validation.\n"
    )
    again = run.invoke(main, ["evaluate", "logit_games_v1", "--forget"], env=env)
    assert again.output == "Nothing to forget: no rows are stored for logit_games_v1.\n"
    later = run.invoke(main, [*drift, "--baseline", "evaluation"], env=env)
    assert "is evaluation, and logit_games_v1 has no such rows" in later.output


def test_who_forgets_stored_rows_is_in_the_audit_log(caplog: pytest.LogCaptureFixture) -> None:
    services, prepared = hand_services([ready("a_v1", G3)]), trained_on()
    store(services, [count_unseen("a_v1", prepared, rows(), SHA)], FileRows("r", SHA, ":"), "a", 1)
    with caplog.at_level("INFO", logger="everycase.audit"):
        forget(services, "a_v1", prepared, "bob")
    line = vars(caplog.records[-1])
    assert line["msg"] == "stored rows forgotten"
    assert [line[name] for name in ("actor", "version", "source", "n")] == ["bob", "a_v1", "r", 400]
    with pytest.raises(NoStoredRowsError, match="no rows are stored for a_v1"):
        forget(services, "a_v1", prepared, "bob")
    services.close()


@pytest.mark.parametrize("options", [["--forget", "--store"], ["--forget", "--data", "x.csv"]])
def test_forgetting_goes_alone(options: list[str]) -> None:
    answer = CliRunner().invoke(main, ["evaluate", "logit_games_v1", *options])
    assert answer.exit_code == 1
    assert "--forget goes without --store and --data" in answer.output
