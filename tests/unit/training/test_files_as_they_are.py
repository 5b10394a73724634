"""Files as people have them, for commands: labels that aren't needed, names, and what is said."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.support.synthetic_rows import header, labelled_rows, write_csv
from tests.support.workbooks import workbook
from webapp.cases import Features
from webapp.cli.main import main
from webapp.training.data import read_labelled, read_ordered
from webapp.training.errors import DataError
from webapp.training.rows import RowRange

TWO = Features(("a", "b"))


def write(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    "content",
    [
        "A;b\nyes;no\nyes;yes\n",
        "a,b,label\n1,0,\n1,1,NaN\n",
        workbook([["b", "a"], [0, 1], [1, 1]]),
    ],
    ids=["no column", "blank", "workbook"],
)
def test_missing_outcomes_are_unknown_and_never_0(tmp_path: Path, content: str | bytes) -> None:
    path = write(tmp_path / "rows", content)
    data = read_ordered(path, RowRange(), TWO, needs_label=False)
    assert (data.case.tolist(), data.label.tolist(), data.unlabelled) == ([1, 3], [-1, -1], 2)
    assert data.counts.total == 0


def test_a_label_is_still_asked_for_where_it_is_needed(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no column label"):
        read_labelled(write(tmp_path / "rows.csv", "a,b\n1,0\n"), RowRange(), TWO)


def test_columns_to_train_on_may_have_a_label_in_capitals(tmp_path: Path) -> None:
    data = read_labelled(write(tmp_path / "a.csv", "x,Label ,y\n1,yes,0\n0,no,1\n"), RowRange())
    assert data.features.names == ("x", "y")
    assert data.counts.positives.tolist() == [0, 1, 0, 0]
    assert data.notes == ("yes/no as 1/0", "column Label as label")
    with pytest.raises(DataError, match="'label' twice, once as 'Label'"):
        read_labelled(write(tmp_path / "b.csv", "x,label,Label\n1,1,0\n"), RowRange())


def test_many_bad_rows_are_counted(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.csv", "a,b,label\n1,0,1\n" + "2,0,1\n" * 6)
    with pytest.raises(DataError) as caught:
        read_labelled(path, RowRange(), TWO)
    assert str(caught.value) == (
        'line 3: a is "2"; use 0 or 1; 5 more rows can\'t be read (lines 4, 5, 6, …)'
    )


def test_drift_of_a_file_without_outcomes(tmp_path: Path) -> None:
    rows = labelled_rows(800)
    full = write_csv(tmp_path / "labelled.csv", rows)
    lines = [header(10).replace(",label", "").replace(",", ";")]
    lines += [";".join(("FALSE", "TRUE")[v] for v in row[:-1]) for row in rows.tolist()]
    plain = write(tmp_path / "plain.csv.gz", gzip.compress("\n".join(lines).encode()))

    def form(path: Path) -> dict[str, Any]:
        words = ["drift", "--version", "logit_games_v1", "--data", str(path), "--json"]
        result = CliRunner().invoke(main, words, env={"VAR_DIR": str(tmp_path / "var")})
        assert result.exit_code == 0, result.output
        notes = "Read gzip; TRUE/FALSE as 1/0; separator ;.\n" if path == plain else ""
        assert result.stderr == notes
        values: dict[str, Any] = json.loads(result.stdout)
        return values

    without, with_labels = form(plain), form(full)
    for same in ("n", "verdict", "total_variation", "unseen"):
        assert without[same] == with_labels[same], same
    assert without["harm"] == "unknown"
    assert without["labels"] is None
    assert with_labels["labels"] is not None
    assert "no outcomes are known" in without["sentence"]
