"""The file of out-of-fold scores: read as written, or refused with the reason."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.support.model_folders import THREE
from tests.support.versions import counts_for, scores_for
from webapp.catalog.digest import file_digest
from webapp.catalog.out_of_fold import OutOfFoldError, read_out_of_fold, write_out_of_fold
from webapp.catalog.prepared import (
    OUT_OF_FOLD,
    Facts,
    PreparedError,
    read_facts,
    read_prepared,
    write_prepared,
)
from webapp.catalog.records import write_record
from webapp.settings import ROOT
from webapp.stats.counts import Counts
from webapp.stats.scored_counts import ScoredCounts
from webapp.training.fit import split

BASELINE = counts_for(THREE)


@pytest.fixture
def out_of_fold() -> ScoredCounts:
    """The training counts in three folds, each with scores of its own."""
    folds = split(BASELINE, 3, seed=0)
    return ScoredCounts.of_folds([(scores_for(THREE) / (k + 3), f) for k, f in enumerate(folds)])


def test_it_is_read_to_the_last_bit(tmp_path: Path, out_of_fold: ScoredCounts) -> None:
    write_out_of_fold(tmp_path / "f.csv", out_of_fold)
    again = read_out_of_fold(tmp_path / "f.csv", BASELINE)
    for ours, theirs in zip(_arrays(out_of_fold), _arrays(again), strict=True):
        assert np.array_equal(ours, theirs)


def _arrays(rows: ScoredCounts) -> tuple[np.ndarray, ...]:
    return rows.fold, rows.case, rows.scores, rows.counts.n, rows.counts.positives


HEAD = "fold,case,n,positives,score"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "its first row must be fold,case"),
        ("case,n\n1,2", "its first row must be fold,case"),
        (f"{HEAD}\n0,1,2\n", "line 2 has 3 cells: 0,1,2"),
        (f"{HEAD}\n0,8,1,0,0.5\n", "a case out of range: 0 to 7"),
        (f"{HEAD}\n0,-1,1,0,0.5\n", "a case out of range: 0 to 7"),
        (f"{HEAD}\n0,1,1,2,0.5\n", "0 <= positives <= n"),
        (f"{HEAD}\n0,1,0,0,0.5\n", "every row must have events"),
        (f"{HEAD}\n0,1,1,0,1.5\n", "between 0 and 1"),
        (f"{HEAD}\n0,1,1,0,nan\n", "between 0 and 1"),
        (f"{HEAD}\n0,1,x,0,0.5\n", "could not convert string 'x' to int64"),
        (f"{HEAD}\n0,1,1,0,0.5\n", "don't add up to the training counts"),
        (HEAD, "don't add up to the training counts"),
    ],
)
def test_a_broken_file_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "f.csv").write_text(text)
    with pytest.raises(OutOfFoldError, match=reason):
        read_out_of_fold(tmp_path / "f.csv", BASELINE)


def test_cells_are_not_held_as_text(tmp_path: Path) -> None:
    """Some 100 bytes a row instead of 600; with 16 inputs there may be 327,680 rows."""
    n = np.ones(20_000, np.int64)
    baseline, scores = Counts(n, n * 0), np.random.default_rng(0).random(len(n))
    write_out_of_fold(tmp_path / "f.csv", ScoredCounts.of_folds([(scores, baseline)]))
    tracemalloc.start()
    try:
        again = read_out_of_fold(tmp_path / "f.csv", baseline)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert np.array_equal(again.scores, scores)
    assert peak < 250 * len(n)


def test_it_is_part_of_a_prepared_version(tmp_path: Path, out_of_fold: ScoredCounts) -> None:
    place = tmp_path / "v"
    facts = Facts("digest", THREE.names)
    write_prepared(place, facts, scores_for(THREE), BASELINE, out_of_fold)
    assert read_facts(place).out_of_fold_sha256 == file_digest(place / OUT_OF_FOLD)
    again = read_prepared(place).out_of_fold
    assert again is not None
    assert np.array_equal(again.scores, out_of_fold.scores)
    (place / OUT_OF_FOLD).write_text(HEAD)
    with pytest.raises(PreparedError, match=r"out_of_fold\.csv was changed after it was made"):
        read_prepared(place)


def test_a_record_of_a_version_keeps_it(tmp_path: Path, out_of_fold: ScoredCounts) -> None:
    """Where a folder's own files were made elsewhere, what is served is written anew."""
    write_prepared(
        tmp_path / "own", Facts("d", THREE.names), scores_for(THREE), BASELINE, out_of_fold
    )
    write_record(read_prepared(tmp_path / "own"), tmp_path / "record", "rules")
    again = read_prepared(tmp_path / "record").out_of_fold
    assert again is not None
    assert np.array_equal(again.case, out_of_fold.case)


def test_folds_of_other_events_are_refused(tmp_path: Path, out_of_fold: ScoredCounts) -> None:
    other = Counts(BASELINE.n + 1, BASELINE.positives)
    write_prepared(tmp_path / "v", Facts("d", THREE.names), scores_for(THREE), other, out_of_fold)
    with pytest.raises(PreparedError, match="don't add up to the training counts"):
        read_prepared(tmp_path / "v")


@pytest.mark.parametrize("part", ["fold", "case", "scores"])
def test_parts_must_have_one_length(out_of_fold: ScoredCounts, part: str) -> None:
    with pytest.raises(ValueError, match="of the same length"):
        replace(out_of_fold, **{part: getattr(out_of_fold, part)[1:]})


@pytest.mark.parametrize("name", [p.name for p in (ROOT / "models").iterdir() if p.is_dir()])
def test_shipped_versions_have_theirs(name: str) -> None:
    """Their mean loss by fold is the validation that their facts name."""
    prepared = read_prepared(ROOT / "models" / name / "everycase")
    out = prepared.out_of_fold
    assert out is not None
    p = out.scores
    losses = -(out.counts.positives * np.log(p)
               + (out.counts.n - out.counts.positives) * np.log1p(-p))  # fmt: skip
    means = [losses[out.fold == k].sum() / out.counts.n[out.fold == k].sum() for k in range(5)]
    validation = prepared.facts.training["validation"]["log_loss"]
    precision = 1e-4 if name.startswith("keras") else 1e-12  # its digits are the processor's
    assert np.mean(means) == pytest.approx(validation, abs=precision)
