"""Files as people have them: the page and the commands read the same rows, or refuse both."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.workbooks import packed, sheet_xml, workbook
from webapp.cases import Features
from webapp.files.count_labelled import count_rows
from webapp.files.counted_message import CountedFile
from webapp.files.types import FileError, Limits
from webapp.stats.label_gaps import find_gap
from webapp.training.data import read_labelled, read_ordered
from webapp.training.errors import DataError
from webapp.training.rows import RowRange

FEATURES = Features(("mail", "mobile"))
# mail, mobile, label; None is unknown
ROWS = [(1, 0, 1), (0, 1, 0), (1, 1, 1), (0, 0, 0), (1, 0, 0), (0, 0, 1)]
PLAIN = "mail,mobile,label\n" + "".join(f"{a},{b},{y}\n" for a, b, y in ROWS)


def written(
    words: tuple[str, str], delimiter: str = ",", label: tuple[str, str] | None = None
) -> str:
    """The rows with other words for 0 and 1."""
    lines = [delimiter.join(("mail", "mobile", "label"))]
    for a, b, y in ROWS:
        lines.append(delimiter.join((words[a], words[b], (label or words)[y])))
    return "\n".join(lines) + "\n"


def parquet(**columns: object) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    return file.getvalue()


MAIL, MOBILE, LABEL = (list(column) for column in zip(*ROWS, strict=True))
SAME = {
    "plain": PLAIN.encode(),
    "semicolons": PLAIN.replace(",", ";").encode(),
    "tabs": PLAIN.replace(",", "\t").encode(),
    "bars": PLAIN.replace(",", "|").encode(),
    "CR alone": PLAIN.replace("\n", "\r").encode(),
    "CR LF and a mark": PLAIN.replace("\n", "\r\n").encode("utf-8-sig"),
    "UTF-16": PLAIN.encode("utf-16"),
    "UTF-16 without a mark": PLAIN.encode("utf-16-le"),
    "UTF-16 big-endian without a mark": PLAIN.encode("utf-16-be"),
    "UTF-32": PLAIN.encode("utf-32"),
    "gzip": gzip.compress(PLAIN.encode()),
    "quotes": written(('"0"', '"1"')).encode(),
    "spaces": written((" 0 ", " 1")).encode(),
    "True and False": written(("False", "True")).encode(),
    "TRUE and FALSE": written(("FALSE", "TRUE")).encode(),
    "WAHR and FALSCH": written(("FALSCH", "WAHR"), ";").encode(),
    "yes and no": written(("no", "yes")).encode(),
    "Y and N": written(("N", "Y")).encode(),
    "t and f": written(("f", "t")).encode(),
    "floats": written(("0.0", "1.0")).encode(),
    "floats with commas": written(("0,0", "1,0"), ";").encode(),
    "leading zeros": written(("00", "01")).encode(),
    "full width": written(("０", "１")).encode(),
    "-1 and 1": written(("0", "1"), label=("-1", "1")).encode(),
    "-1.0 and 1.0": written(("0", "1"), label=("-1.0", "1.0")).encode(),
    "+1 and +0": written(("+0", "+1")).encode(),
    "Excel's first line": ("sep=;\r\n" + PLAIN.replace(",", ";")).encode("utf-8-sig"),
    "Excel's first line, with the comma": ("sep=,\n" + PLAIN).encode(),
    "a header in capitals, with marks": PLAIN.replace(
        "mail,mobile,label", "\ufeff\ufeffMAIL, Mo bile ,Label"
    ).encode(),
    "Windows-1252": PLAIN.replace("\n", ",Zoë €\n").encode("cp1252"),
    "an unknown encoding": PLAIN.replace("\n", ",\x81\xff\n").encode("latin-1"),
    "blank lines": PLAIN.replace("\n", "\n\n").encode(),
    "no end of line": PLAIN.rstrip().encode(),
    "other columns": PLAIN.replace("\n", ",7\n").replace("label,7", "label,id").encode(),
    "a column without a name": PLAIN.replace("\n", ",\n").encode(),
    "another order": "\n".join(",".join(line.split(",")[::-1]) for line in PLAIN.split()).encode(),
    "a workbook": workbook([["mail", "mobile", "label"], *ROWS]),
    "a workbook of booleans and texts": workbook(
        [[], ["Label", "id", "MAIL", "mobile"], *([bool(y), "", f"{a}.0", b] for a, b, y in ROWS)],
        [["other"]],
    ),
    "a workbook without places": packed(
        {
            "xl/worksheets/sheet1.xml": sheet_xml(
                [["mail", "mobile", "label"], *ROWS], with_places=False
            )
        }
    ),
    "a workbook, packed": gzip.compress(workbook([["mail", "mobile", "label"], *ROWS])),
    "Parquet": parquet(mail=MAIL, mobile=MOBILE, label=LABEL),
    "Parquet of booleans and floats": parquet(
        mail=[bool(v) for v in MAIL],
        mobile=[float(v) for v in MOBILE],
        label=[str(v) for v in LABEL],
    ),
    "Parquet of -1 and 1": parquet(
        mail=MAIL, mobile=MOBILE, label=pa.array([2 * v - 1 for v in LABEL], pa.int8())
    ),
}  # fmt: skip


def on_the_page(content: bytes) -> CountedFile:
    return count_rows(content, FEATURES, Limits(), lambda *_: None)


@pytest.mark.parametrize("content", SAME.values(), ids=SAME.keys())
def test_the_same_rows_in_other_writing_are_the_same(tmp_path: Path, content: bytes) -> None:
    counts = on_the_page(content)
    assert (counts.bad_total, counts.unknown) == (0, 0)
    assert counts.counts.n.tolist() == [2, 2, 1, 1]
    assert counts.counts.positives.tolist() == [1, 1, 0, 1]
    path = tmp_path / "rows"
    path.write_bytes(content)
    rows = read_ordered(path, RowRange(), FEATURES)
    assert rows.case.tolist() == [a + 2 * b for a, b, _ in ROWS]
    assert rows.label.tolist() == LABEL
    some = read_ordered(path, RowRange(2, 4), FEATURES)
    assert (some.case.tolist(), some.label.tolist()) == ([2, 3, 0], [0, 1, 0])


BAD = {
    "a word": (PLAIN.replace("0,1,0", "0,1,maybe"), 'line 3: label is "maybe"; use 0 or 1'),
    "1 and 2": (written(("0", "1"), label=("2", "1")), 'line 3: label is "2"; use 0 or 1'),
    "-1 beside 0": (PLAIN + "1,1,-1\n", 'line 8: label is "-1", but other rows have 0; use 0 or 1'),
    "-1 as input": (PLAIN + "-1,1,1\n", 'line 8: mail is "-1"; use 0 or 1'),
    "a blank input": (PLAIN + "1,,1\n", "line 8: mobile is empty; use 0 or 1"),
    "NaN": (PLAIN + "1,NaN,1\n", "line 8: mobile is empty; use 0 or 1"),
    "x": (PLAIN + "x,1,1\n", 'line 8: mail is "x"; use 0 or 1'),
    "short": (PLAIN + "1,1\n", "line 8: 2 values, but the header in line 1 has 3 columns"),
    "long": (PLAIN + "1,1,1,1\n", "line 8: 4 values, but the header in line 1 has 3 columns"),
    "CR alone": (PLAIN.replace("\n", "\r") + "1,2,1\r", 'line 8: mobile is "2"; use 0 or 1'),
    "after blank lines": ("\n" + PLAIN.replace("\n", "\n\n") + "1,2,1\n", 'line 16: mobile is "2"'),
}


@pytest.mark.parametrize(("text", "problem"), BAD.values(), ids=BAD.keys())
def test_a_bad_row_is_listed_by_the_page_and_refused_by_commands(
    tmp_path: Path, text: str, problem: str
) -> None:
    file = on_the_page(text.encode())
    first = file.bad[0]
    assert f"{file.unit} {first.line}: {first.message}".startswith(problem)
    path = tmp_path / "rows.csv"
    path.write_text(text, newline="")
    with pytest.raises(DataError) as caught:
        read_labelled(path, RowRange(), FEATURES)
    assert str(caught.value).startswith(problem)
    good = first.line - 2 if text.startswith("mail") else 1
    assert read_labelled(path, RowRange(1, max(1, good)), FEATURES).counts.total == max(1, good)


REFUSED = {
    "empty": (b"", "The file is empty"),
    "header alone": (b"mail,mobile,label\n", "a header but no rows"),
    "no header": (b"1,0,1\n0,1,0\n", "no columns mail, mobile, label"),
    "a comment first": (b"# exported\n" + PLAIN.encode(), "no columns mail, mobile, label"),
    "a name twice": (b"mail,mobile,label,mail\n1,0,1,1\n", "2 columns named mail: keep one"),
    "no label": (b"mail,mobile\n1,0\n", "no column label"),
    "a zip archive": (b"PK\x03\x04rest", "zip archive"),
    "half of a workbook": (workbook([["mail", "mobile", "label"], *ROWS])[:-40], "be unpacked"),
    "a name twice, but for case": (b"mail,mobile,label,Mail\n1,0,1,1\n", "2 columns named mail"),
    "another encoding": (
        "mail,mobile,label\n1,0,Sí\n".encode("cp1252"),
        "isn't UTF-8 text (line 2, label)",
    ),
    "NUL": (PLAIN.encode() + b"\0\0", "NUL character in line 8"),
    "HTML": (b"<!DOCTYPE html><html></html>", "no columns mail, mobile, label"),
    "lines of JSON": (b'{"mail":1,"mobile":0,"label":1}\n', "no columns mail, mobile, label"),
    "half of a gzip": (gzip.compress(PLAIN.encode())[:-9], "can't be unpacked with gzip"),
    "half of a Parquet file": (SAME["Parquet"][:-40], "can't be read as Parquet"),
}


@pytest.mark.parametrize(("content", "problem"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_read_is_refused_by_both(
    tmp_path: Path, content: bytes, problem: str
) -> None:
    with pytest.raises(FileError) as page:
        on_the_page(content)
    path = tmp_path / "rows.csv"
    path.write_bytes(content)
    with pytest.raises(DataError) as command:
        read_labelled(path, RowRange(), FEATURES)
    assert problem in str(page.value)
    assert str(command.value) == f"rows.csv: {page.value}"


def test_a_blank_label_is_unknown_and_never_0(tmp_path: Path) -> None:
    text = PLAIN + "1,0,\n1,1,NaN\n"
    file = on_the_page(text.encode())
    assert (file.counts.total, file.unknown, file.bad_total, file.rows) == (6, 2, 0, 8)
    path = tmp_path / "rows.csv"
    path.write_text(text)
    rows = read_ordered(path, RowRange(), FEATURES)
    assert rows.label.tolist() == [*LABEL, -1, -1]
    assert (rows.counts.total, rows.unlabelled, len(rows.matured.case)) == (6, 2, 6)
    assert np.array_equal(rows.counts.n, file.counts.n)


def test_rows_that_lost_their_labels_by_class_are_no_evidence() -> None:
    """Two classes as 1 and 2, -1 beside blanks: what is left is one-sided."""
    classes = "mail,mobile,label\n" + "1,0,1\n" * 201 + "0,1,2\n" * 199
    file = on_the_page(classes.encode())
    assert (file.bad_labels, file.bad_total) == (199, 199)
    gap = find_gap(file.counts, file.bad_labels, file.unknown)
    assert gap is not None
    assert "the labels of 199 rows can't be read" in gap
    blank = "mail,mobile,label\n" + "1,0,1\n" * 300 + "0,1,\n" * 99 + "0,1,0\n"
    file = on_the_page(blank.encode())
    gap = find_gap(file.counts, file.bad_labels, file.unknown)
    assert gap is not None
    assert "99 rows have no label, and only 1 of 301 has label 0" in gap
    healthy = "mail,mobile,label\n" + "1,0,1\n" * 100 + "0,1,0\n" * 200 + "0,1,\n" * 50 + "0,1,z\n"
    file = on_the_page(healthy.encode())
    assert find_gap(file.counts, file.bad_labels, file.unknown) is None
