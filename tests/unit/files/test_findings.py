"""What is said of a file: how it was read, and each fault once with its count."""

from __future__ import annotations

import gzip

import numpy as np
import pyarrow as pa
import pytest

from tests.unit.files.test_same_reading import parquet
from webapp.cases import Features
from webapp.files.count_labelled import count_rows
from webapp.files.counted_message import CountedFile, pack_counts, unpack_counts
from webapp.files.csv_reader import parse_csv
from webapp.files.findings import describe_fault
from webapp.files.types import Limits
from webapp.stats.counts import Counts

FEATURES = Features(("mail", "mobile"))


def counted(content: bytes) -> CountedFile:
    return count_rows(content, FEATURES, Limits(rows=200_000, bad_kept=5), lambda *_: None)


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        ("mail,mobile,label\n1,0,1\n0,1,\n", ()),
        ("mail;mobile;label\nTRUE;FALSE;1\n", ("TRUE/FALSE as 1/0", "separator ;")),
        ("mail\tmobile\tlabel\n1\t0\t-1\n", ("-1 as 0", "separator tab")),
        ("Mail,mobile, label\n1.0,1,1\n", ("1.0 as 1", "column Mail as mail")),
        (
            "mail|mobile|label\nyes|no|yes\nJA|Y|t\n",
            ("yes, JA, Y, … as 1; no as 0", "separator |"),
        ),
    ],
)
def test_how_it_was_read(text: str, notes: tuple[str, ...]) -> None:
    quick = counted(text.encode())
    assert "; ".join(quick.notes) == "; ".join(notes)
    careful = counted(text.encode("utf-16"))
    assert set("; ".join(careful.notes).split("; ")) == {
        *"; ".join(notes).split("; "),
        "UTF-16",
    } - {""}
    assert counted(gzip.compress(text.encode())).notes == ("gzip", *quick.notes)


def test_other_encodings_are_named() -> None:
    file = parse_csv("mail,mobile,n\n1,0,é\n".encode("cp1252"), FEATURES, Limits())
    assert file.notes == ("Windows-1252",)
    assert parse_csv(b"sep=;\nmail;mobile\n1;0\n", FEATURES, Limits()).notes == ("separator ;",)


BAD = "mail,mobile,label\n" + "1,,1\n" * 5 + "1,0,1\n" + "2,,1\n0.5,1,0\n" + "1,1\n" * 3 + "1,1,x\n"
SAID = [
    "mobile is empty in 5 rows (lines 2, 3, 4, …): write 0 or 1, or leave these rows out",
    "3 rows (lines 10, 11 and 12) have more or fewer values than the header: "
    "put values that hold a separator in quotes",
    'mail is neither 0 nor 1 in 2 rows (lines 8 and 9); first, mail is "2": write 0 or 1',
    'Line 13: label is "x"; use 0 or 1',
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"], ids=["quick", "careful"])
def test_each_fault_is_said_once(encoding: str) -> None:
    file = counted(BAD.encode(encoding))
    again = unpack_counts(pack_counts(file), FEATURES.cases)
    assert [describe_fault(fault, file.unit) for fault in again.faults] == SAID
    assert sum(fault.n for fault in file.faults) == file.bad_total == 11


def test_faults_of_many_blocks_and_of_parquet() -> None:
    rows = 120_000
    text = "mail,mobile,label\n" + "1,0,1\n" * rows + "1,,1\n" * 3 + "1\n" + "1,2,1\n" * 70_000
    file = counted(text.encode())
    assert [(fault.kind, fault.n, fault.lines) for fault in file.faults] == [
        ("value", 70_000, (rows + 6, rows + 7, rows + 8)),
        ("empty", 3, (rows + 2, rows + 3, rows + 4)),
        ("width", 1, (rows + 5,)),
    ]
    columns = {"mail": [True] * 70_000 + [None], "mobile": [0.0] * 70_001, "label": [1] * 70_001}
    table = counted(parquet(**{name: pa.array(values) for name, values in columns.items()}))
    assert [(fault.kind, fault.lines) for fault in table.faults] == [("empty", (70_001,))]
    assert table.notes == ("True/0.0 as 1/0",)


def test_a_file_from_before_has_none() -> None:
    old = CountedFile("line", Counts(np.zeros(4, np.int64), np.zeros(4, np.int64)), 0, ())
    values = {k: v for k, v in pack_counts(old).items() if k not in ("notes", "faults")}
    assert unpack_counts(values, 4).notes == ()
