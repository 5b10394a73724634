"""Scoring a file: the sums, the preview, the CSV, whatever the parser runs in."""

import csv
import io
import math
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from tests.support.app_access import make_app
from webapp.cases import Features
from webapp.catalog.prepared import Facts, Prepared
from webapp.catalog.versions import Version
from webapp.files.findings import Fault
from webapp.files.parse import respond
from webapp.services.predict.score_file import (
    BadRow,
    FileError,
    Limits,
    PreviewRow,
    ScoredFile,
    example_csv,
    score_file,
    score_rows,
    scored_csv,
    scored_name,
)
from webapp.stats.counts import Counts


def version(names: tuple[str, ...] = ("G1", "G2"), *, baseline: bool = True) -> Version:
    """A version whose scores are no round numbers; case 0 has no training player, case k has k."""
    features = Features(names)
    scores = np.random.default_rng(7).random(features.cases)
    n = np.arange(features.cases)
    counts = Counts(n, n // 2) if baseline else None
    facts = Facts("digest", names)
    return Version("toy_v1", "ready", prepared=Prepared(facts, features, scores, counts))


def here(message: bytes, _limits: Limits) -> bytes:
    """The parser in this process, for tests of everything around it."""
    return respond(message)


def score(
    content: bytes, of: Version, name: str = "a.csv", limits: Limits | None = None
) -> ScoredFile:
    ticks = count(10.0, 0.25)
    return score_file(content, name, of, limits or Limits(), here, lambda: next(ticks))


def test_a_file_is_summed_up() -> None:
    toy = version()
    scores = toy.prepared.scores  # type: ignore[union-attr]
    result = score(b"id,G1,G2\na,1,1\nb,on,0\nc,0,0\nd,0,1\n", toy)
    values = [float(scores[3]), float(scores[0]), float(scores[2])]
    assert result == ScoredFile(
        filename="a.csv",
        version="toy_v1",
        unit="line",
        rows=3,
        mean_probability=pytest.approx(math.fsum(values) / 3, rel=1e-15),
        expected_positives=pytest.approx(math.fsum(values), rel=1e-15),
        never_seen=1,
        bad_total=1,
        bad=(BadRow(3, "G1", 'G1 is "on"; use 0 or 1'),),
        preview=(
            PreviewRow(2, 3, values[0], 3),
            PreviewRow(4, 0, values[1], 0),
            PreviewRow(5, 2, values[2], 2),
        ),
        seconds=0.25,
        faults=(Fault("G1", "value", 1, (3,), 'G1 is "on"; use 0 or 1'),),
    )


def test_without_a_baseline_training_is_not_mentioned() -> None:
    toy = version(baseline=False)
    result = score(b"G1,G2\n1,1\n", toy)
    assert result.never_seen is None
    assert result.preview[0].training_rows is None
    assert scored_csv(b"G1,G2\n1,1\n", toy, parse=here).splitlines()[1].endswith(b",3,,toy_v1,")


def test_no_good_row_is_no_error() -> None:
    result = score(b"G1,G2\n1,2\n", version())
    assert (result.rows, result.mean_probability, result.expected_positives) == (0, None, 0.0)
    assert (result.never_seen, result.preview, result.bad_total) == (0, (), 1)


def test_lists_are_cut_and_totals_are_not() -> None:
    content = b"G1,G2\n" + b"1,x\n" * 30 + b"1,0\n" * 30
    result = score(content, version(), limits=Limits(bad_shown=4, preview=3))
    assert (result.bad_total, len(result.bad)) == (30, 4)
    assert (result.rows, len(result.preview)) == (30, 3)
    assert result.preview[0].line == 32


def test_the_scored_csv_has_full_precision() -> None:
    toy = version()
    content = scored_csv(b"G2,id,G1\n1,a,0\n,b,0\n1,c,1\n", toy, parse=here).decode()
    rows = list(csv.reader(io.StringIO(content)))
    columns = ["probability", "case", "training_players", "version", "error"]
    assert rows[0] == ["G2", "id", "G1", *columns]
    assert rows[2] == ["", "b", "0", "", "", "", "", "G2 is empty; use 0 or 1"]
    for row in (rows[1], rows[3]):
        case = int(row[4])
        assert float(row[3]) == toy.prepared.scores[case]  # type: ignore[union-attr]
        assert row[4:] == [str(case), str(case), "toy_v1", ""]


@pytest.mark.parametrize("features", [1, 3, 8, 10, 12, 16])
@pytest.mark.parametrize("kind", [np.uint8, np.int64, bool])
def test_score_rows_is_the_table(features: int, kind: type) -> None:
    toy = version(Features.numbered(features).names)
    table = toy.prepared.scores  # type: ignore[union-attr]
    rows = np.random.default_rng(3).integers(0, 2, (500, features)).astype(kind)
    rows[0], rows[1] = 0, 1
    plain = [table[sum(int(bit) << i for i, bit in enumerate(row))] for row in rows]
    scores = score_rows(rows, toy)
    assert scores.dtype == np.float64
    assert scores.tolist() == plain


def test_score_rows_of_every_case_in_any_layout() -> None:
    toy = version(Features.numbered(16).names)
    prepared = toy.prepared
    assert prepared is not None
    matrix = prepared.features.matrix()
    assert np.array_equal(score_rows(matrix, toy), prepared.scores)
    assert np.array_equal(score_rows(np.asfortranarray(matrix), toy), prepared.scores)
    assert np.array_equal(score_rows(matrix[::-3], toy), prepared.scores[::-3])


@pytest.mark.parametrize("status", ["preparing", "unavailable"])
def test_a_version_that_is_not_ready(status: str) -> None:
    waiting = Version("toy_v1", status)  # type: ignore[arg-type]
    with pytest.raises(FileError, match=f"toy_v1 can't score a file: it is {status}"):
        score(b"G1\n1\n", waiting)
    with pytest.raises(FileError):
        scored_csv(b"G1\n1\n", waiting, parse=here)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04...", b"G1\n1\n", b"G1,G2\n"])
def test_both_ways_refuse_the_same(content: bytes) -> None:
    with pytest.raises(FileError) as one:
        score(content, version())
    with pytest.raises(FileError) as other:
        scored_csv(content, version(), parse=here)
    assert str(one.value) == str(other.value)


@pytest.mark.parametrize(
    ("name", "base", "copy"),
    [
        ("players.csv", "players.csv", "players_scored.csv"),
        ("C:\\me\\players.parquet", "players.parquet", "players_scored.csv"),
        ("../../etc/passwd", "passwd", "passwd_scored.csv"),
        ("a.b.csv", "a.b.csv", "a.b_scored.csv"),
        ("x\r\nSet-Cookie: a", "xSet-Cookie: a", "xSet-Cookie: a_scored.csv"),
        ("", "file", "file_scored.csv"),
        ("..", "file", "file_scored.csv"),
        ("n" * 300 + ".csv", "n" * 96 + ".csv", "n" * 96 + "_scored.csv"),
    ],
)
def test_names_are_made_safe(name: str, base: str, copy: str) -> None:
    assert score(b"G1,G2\n1,1\n", version(), name).filename == base
    assert scored_name(name) == copy


def test_the_example_is_scored() -> None:
    toy = version(Features.numbered(10).names)
    result = score(example_csv(Features.numbered(10)).encode(), toy)
    assert (result.rows, result.bad_total) == (5, 0)


def test_the_download_shows_that_it_is_at_work(tmp_path: Path) -> None:
    """The file is scored again for it, which may take a second or more."""
    app = make_app(tmp_path)
    app.server.test_client().get("/_dash-dependencies")
    (callback,) = (c for c in app._callback_list if c["output"] == "score-download.data")
    assert callback["running"] == {
        "running": {"score-download-button.loading": True},
        "runningOff": {"score-download-button.loading": False},
    }
    app.services.close()
