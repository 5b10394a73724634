"""What a value means in a lake is what it means in a file: one list of words, the same numbers."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.support.writings import BLANK, MINUS_ONE, NEITHER, NO, YES
from tests.unit.lake.test_count import Landing
from webapp.bundle import yes_no
from webapp.cases import Features
from webapp.files.readings import MINUS, UNKNOWN, read_flag, read_label
from webapp.lake.columns import EMPTY, match_columns, read_flags
from webapp.lake.count import CountRequest, count
from webapp.lake.engines import open_engine
from webapp.lake.errors import LakeError
from webapp.lake.sources import read_source
from webapp.timing import DAY_MS

pytestmark = pytest.mark.filterwarnings("ignore")  # what DuckDB and Ibis warn of is not ours

ONE = Features(("late",))
EVERY = [*YES, *NO, *BLANK, *MINUS_ONE, *NEITHER]
WORDS = [form for word in (*yes_no.YES, *yes_no.NO) for form in (word, word.upper())]
# A file's reading of an input: 0, 1, or why not
AS_IN_FILES = {0: "0", 1: "1", "is empty; use 0 or 1": "empty"}


def written(path: Path, values: Iterable[Any], kind: pa.DataType) -> str:
    parquet.write_table(pa.table({"late": pa.array(list(values), kind)}), path)
    return str(path)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([*(value for value in EVERY if isinstance(value, str)), *WORDS, None], pa.string()),
        ([value for value in EVERY if isinstance(value, float)], pa.float64()),
        ([value for value in EVERY if type(value) is int], pa.int32()),
        ([0, 1, -1, 2], pa.decimal128(5, 2)),
    ],
    ids=["text", "float", "integer", "decimal"],
)
def test_an_input_means_the_same(values: list[Any], kind: pa.DataType, tmp_path: Path) -> None:
    place = written(tmp_path / "x.parquet", values, kind)
    with open_engine(read_source(place)) as engine:
        flags = read_flags(engine.table, ONE)
        rows = engine.table.select(
            value=engine.table.late, case=flags.case, check=flags.checks["late"]
        )
        answers = engine.fetch(rows).to_pylist()
    assert len(answers) == len(values)
    for row in answers:
        meaning = str(row["case"]) if row["case"] >= 0 else "empty"
        if row["case"] < 0 and row["check"] != EMPTY:
            meaning = "neither"
        assert meaning == AS_IN_FILES.get(read_flag(row["value"]), "neither"), row


def counted(
    tmp_path: Path,
    labels: list[Any],
    kind: pa.DataType,
    names: tuple[str, str] = ("late", "label"),
) -> tuple[dict[int, int], int]:
    """The number of events by label (-1: unknown), and of rows that can't be counted."""
    days = pa.array([20_000 * DAY_MS + i % 3 * DAY_MS for i in range(len(labels))])
    columns = {"timestamp": days.cast(pa.timestamp("ms")), names[0]: pa.array([1] * len(labels))}
    path = tmp_path / "x.parquet"
    parquet.write_table(pa.table(columns | {names[1]: pa.array(labels, kind)}), path)
    landing = Landing(version="a_v1")
    request = CountRequest("x", {"a_v1": ONE}, version="a_v1", at_once=1)
    with open_engine(read_source(str(path))) as engine:
        result = count(engine, landing, request, 30_000 * DAY_MS)
    totals: dict[int, int] = {}
    for (_, _, _, label), n in landing.counts().items():
        totals[label] = totals.get(label, 0) + n
    return totals, sum(result.wrong.values())


def test_names_may_differ_in_case_and_spaces(tmp_path: Path) -> None:
    assert counted(tmp_path, [1, 0, None], pa.int8(), names=("Late ", "LABEL")) == (
        {1: 1, 0: 1, -1: 1},
        0,
    )


def test_so_may_those_of_times_and_versions(tmp_path: Path) -> None:
    days = pa.array([20_000 * DAY_MS, 20_001 * DAY_MS]).cast(pa.timestamp("ms"))
    columns = {" TimeStamp": days, "LATE": [1, 0], "Version ": ["a_v1", "b_v1"]}
    parquet.write_table(pa.table(columns), tmp_path / "x.parquet")
    landing = Landing(version="a_v1")
    request = CountRequest("x", {"a_v1": ONE, "b_v1": ONE}, at_once=1)
    with open_engine(read_source(str(tmp_path / "x.parquet"))) as engine:
        assert engine.proof.times.keys() == {" TimeStamp"}
        count(engine, landing, request, 30_000 * DAY_MS)
    assert [set(rows.version) for _, rows in landing.days.values()] == [{"a_v1"}, {"b_v1"}]


REPEATS = {
    "parquet": ("late", "Late", "two columns are named late ('late' and 'Late')"),
    "csv": ("timestamp", "TIMESTAMP", "two columns are named timestamp"),
}


@pytest.mark.parametrize("form", REPEATS)
def test_a_name_twice_is_refused(form: str, tmp_path: Path) -> None:
    """Also where DuckDB, to which case is nothing, names the second column anew."""
    first, second, problem = REPEATS[form]
    columns = {"timestamp": "2024-01-01", "late": "1", "label": "0"} | {first: "1", second: "1"}
    path = tmp_path / f"x.{form}"
    if form == "csv":
        path.write_text(f"{','.join(columns)}\n{','.join(columns.values())}\n")
    else:
        parquet.write_table(pa.table({name: [value] for name, value in columns.items()}), path)
    request = CountRequest("x", {"a_v1": ONE}, version="a_v1")
    with open_engine(read_source(str(path))) as engine, pytest.raises(LakeError) as caught:
        count(engine, Landing(version="a_v1"), request, 30_000 * DAY_MS)
    assert str(caught.value).startswith(problem)
    with pytest.raises(LakeError, match="two columns are named late"):
        match_columns(["late", " LATE"], ONE.names)
    assert match_columns(["a", "A", "b "], ["A", "a", "b"]) == {"a": "a", "A": "A", "b": "b "}


@pytest.mark.parametrize(
    ("labels", "kind"),
    [
        ([1, -1, -1, 1, 1, None, -1], pa.int16()),
        ([1.0, -1.0, -1.0, 1.0, 1.0, float("nan"), -1.0], pa.float64()),
        (["yes", "-1", "-1.0", "1,0", "Ja", "n/a", "−1"], pa.string()),
    ],
    ids=["integer", "float", "text"],
)
def test_minus_one_is_a_negative_where_there_is_no_zero(
    labels: list[Any], kind: pa.DataType, tmp_path: Path
) -> None:
    """In the whole column, not in the days that are counted at once."""
    assert counted(tmp_path, labels, kind) == ({1: 3, 0: 3, -1: 1}, 0)
    zero = "no" if kind == pa.string() else 0
    assert counted(tmp_path, [*labels, zero], kind) == ({1: 3, 0: 1, -1: 1}, 3)
    in_files = [1, MINUS, MINUS, 1, 1, UNKNOWN, MINUS]
    assert [read_label(label) for label in labels] == in_files
