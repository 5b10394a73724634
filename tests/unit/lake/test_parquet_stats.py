"""What statistics in Parquet files prove, and what they don't."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from webapp.cases import Features
from webapp.lake import expression
from webapp.lake.columns import read_flags
from webapp.lake.engines import find_timestamp_support, open_engine
from webapp.lake.errors import LakeError
from webapp.lake.parquet_stats import Extent
from webapp.lake.sources import read_source
from webapp.lake.times import read_time
from webapp.timing import DAY_MS

pytestmark = pytest.mark.filterwarnings("ignore")  # what DuckDB and Ibis warn of is not ours

TWO = Features.numbered(2)


def prove(folder: Path, *parts: Any) -> Any:
    for place, part in enumerate(parts):
        parquet.write_table(pa.table({"x": part}), folder / f"{place}.parquet", row_group_size=2)
    with open_engine(read_source(str(folder))) as engine:
        return engine.proof


@pytest.mark.parametrize("kind", [pa.int8(), pa.uint8(), pa.int32(), pa.int64(), pa.bool_()])
def test_zeros_and_ones_are_proven(kind: Any, tmp_path: Path) -> None:
    part = pa.array([1, 0, 1, 1], pa.int8()).cast(kind)
    assert prove(tmp_path, part, part).whole == {"x"}
    assert prove(tmp_path, part, part).binary == {"x"}


def test_a_gap_in_any_file_is_seen(tmp_path: Path) -> None:
    proof = prove(tmp_path, pa.array([0, 1, 1]), pa.array([1, 1, None, None, 0]))
    assert (proof.binary, proof.whole) == ({"x"}, set())


@pytest.mark.parametrize("odd", [2, -1, 1 << 40])
def test_another_value_in_any_row_group_is_seen(odd: int, tmp_path: Path) -> None:
    proof = prove(tmp_path, pa.array([0, 1, 1]), pa.array([1, 1, 0, odd, 1]))
    assert (proof.binary, proof.whole) == (set(), {"x"})


@pytest.mark.parametrize(
    "part",
    [
        pa.array([0.0, 1.0, float("nan")]),  # which statistics leave out
        pa.array(["0", "1"]),
        pa.array([Decimal(1), Decimal(0)], pa.decimal128(5, 1)),  # 1.0 is stored as 10
        pa.array([1, 0], pa.uint64()),
    ],
)
def test_other_types_prove_nothing(part: Any, tmp_path: Path) -> None:
    proof = prove(tmp_path, part)
    assert (proof.binary, proof.whole) == (set(), set())


def test_without_statistics_nothing_is_proven(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"x": [0, 1]}), tmp_path / "x.parquet", write_statistics=False)
    with open_engine(read_source(str(tmp_path))) as engine:
        assert (engine.proof.binary, engine.proof.whole) == (set(), set())


def test_what_is_proven_is_not_looked_at(tmp_path: Path) -> None:
    table = pa.table({"G1": pa.array([1, 0], pa.int8()), "G2": pa.array([1, 1], pa.int8())})
    parquet.write_table(table, tmp_path / "x.parquet")
    with open_engine(read_source(str(tmp_path))) as engine:
        query = engine.table.select(case=read_flags(engine.table, TWO, engine.proof).case)
        assert engine.fetch(query)["case"].to_pylist() == [3, 2]
        assert "BETWEEN" not in engine.backend.compile(query)
        wrong = expression.count_faults(engine.table, read_flags(engine.table, TWO, engine.proof))
        assert engine.fetch(wrong).num_rows == 0


def test_files_that_come_meanwhile_wait_and_those_that_change_are_refused(tmp_path: Path) -> None:
    table = pa.table({"G1": pa.array([1, 0], pa.int8())})
    parquet.write_table(table, tmp_path / "a.parquet")
    with open_engine(read_source(str(tmp_path))) as engine:
        parquet.write_table(table, tmp_path / "b.parquet")
        assert engine.fetch(engine.table).num_rows == 2
        parquet.write_table(pa.concat_tables([table, table]), tmp_path / "a.parquet")
        with pytest.raises(LakeError, match=r"a\.parquet changed while it was read"):
            engine.fetch(engine.table)


@pytest.mark.parametrize("unit", ["ms", "us"])
@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Prague"])
def test_the_days_of_timestamps_are_proven(unit: Any, zone: Any, tmp_path: Path) -> None:
    """As the rows say it, where they are asked."""
    moments = [1_699_999_999_999, None, 1_700_006_400_000, 86_399_999, -1]
    kind = pa.timestamp(unit, zone)
    column = pa.array(moments, pa.int64()).cast(pa.timestamp("ms", zone)).cast(kind)
    parquet.write_table(pa.table({"x": column}), tmp_path / "0.parquet", row_group_size=2)
    with open_engine(read_source(str(tmp_path))) as engine:
        time = read_time(engine.table, "x", "ms", find_timestamp_support(engine.source))
        (extent,) = engine.fetch(expression.extent(engine.table, time)).to_pylist()
        assert engine.proof.times["x"] == Extent(**extent)
        assert engine.proof.times["x"] == Extent(5, 4, -DAY_MS, 19_676 * DAY_MS)


def test_days_without_a_time_or_without_statistics_are_not_proven(tmp_path: Path) -> None:
    nothing = pa.array([None, None], pa.timestamp("us"))
    parquet.write_table(pa.table({"x": nothing}), tmp_path / "0.parquet")
    with open_engine(read_source(str(tmp_path))) as engine:
        assert engine.proof.times["x"] == Extent(2, 0, None, None)
    some = pa.table({"x": pa.array([0, 1], pa.timestamp("us"))})
    parquet.write_table(some, tmp_path / "1.parquet", write_statistics=False)
    with open_engine(read_source(str(tmp_path))) as engine:
        assert engine.proof.times == {}
