"""A CSV file is read in a lake as it is read everywhere else."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from webapp.cases import Features
from webapp.files.csv_reader import parse_csv
from webapp.files.sniff import unpack
from webapp.files.types import Limits
from webapp.lake.columns import read_flags
from webapp.lake.engines import open_engine
from webapp.lake.errors import LakeError
from webapp.lake.sources import read_source

pytestmark = pytest.mark.filterwarnings("ignore")  # what DuckDB and Ibis warn of is not ours

BOTH = Features(("mobile", "late"))
ROWS = "mobile,late,town\n1,0,Kiel\n0,1,Köln\n1,1,Ulm\n"
AS_PEOPLE_HAVE_THEM: dict[str, Callable[[str], bytes]] = {
    "UTF-16 without a mark": lambda text: text.encode("utf-16-le"),
    "UTF-16 with a mark": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    "gzip named .csv": lambda text: gzip.compress(text.encode()),
    "decimal commas": lambda text: re.sub("([01])", r"\1,0", text.replace(",", ";")).encode(),
    "a first line for Excel": lambda text: f"sep=;\n{text.replace(',', ';')}".encode(),
    "Windows-1252": lambda text: text.encode("cp1252"),
    "single quotes": lambda text: text.replace("Kiel", "'Kiel").encode(),
}


def cases_in(place: Path) -> tuple[list[int], list[str]]:
    """The case and the town of each row."""
    with open_engine(read_source(str(place))) as engine:
        table = engine.table
        rows = engine.fetch(table.select(case=read_flags(table, BOTH).case, town=table.town))
    return rows.column("case").to_pylist(), rows.column("town").to_pylist()


@pytest.mark.parametrize("kind", AS_PEOPLE_HAVE_THEM)
def test_it_is_read_as_an_uploaded_file(kind: str, tmp_path: Path) -> None:
    content = AS_PEOPLE_HAVE_THEM[kind](ROWS)
    (tmp_path / "x.csv").write_bytes(content)
    plain = unpack(content, Limits())
    cases, towns = cases_in(tmp_path / "x.csv")
    assert cases == parse_csv(plain, BOTH, Limits()).cases.tolist() == [1, 2, 3]
    assert towns[1] == "Köln"


def test_folders_of_copies_are_columns_and_nothing_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    for town in ("Bonn", "Trier"):
        folder = tmp_path / f"town={town}"
        folder.mkdir()
        folder.joinpath("x.csv").write_bytes("mobile;late\n1;0\n".encode("utf-16"))
    assert cases_in(tmp_path / "*" / "x.csv") == ([1, 1], ["Bonn", "Trier"])
    assert list(scratch.iterdir()) == []


def test_a_row_of_another_width_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(ROWS.replace("0,1,Köln", "0,1"), "utf-8")
    with pytest.raises(LakeError, match=r"x\.csv, line 3 has 2 values, the header 3 names"):
        cases_in(tmp_path / "x.csv")


def test_half_an_archive_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(gzip.compress(ROWS.encode())[:-12])
    with pytest.raises(LakeError, match="unpacked with gzip"):
        cases_in(tmp_path / "x.csv")
