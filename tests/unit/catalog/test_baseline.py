"""Training counts in the forms in which people and spreadsheets save them."""

from __future__ import annotations

from pathlib import Path

import pytest

from webapp.catalog.baseline import BaselineError, read_counts

FORMS = {
    "as we write it": "case,n,positives\n0,5,1\n7,2,2\n",
    "Excel": "\ufeffcase;n;positives\r\n0;5;1\r\n7;2;2\r\n;;\r\n",
    "decimals": "case,n,positives\n0.0,5.0,1.0\n7.0,2.0,2.0\n",
    "decimal commas": "case;n;positives\n0,0;5,00;1,0\n7;2;2\n",
    "tabs": "case\tn\tpositives\n0\t5\t1\n7\t2\t2\n",
    "other order": "Positives, N ,Case,note\n1,5,0,a\n2,2,7,b\n",
    "old Mac": "case,n,positives\r0,5,1\r7,2,2",
    "quoted": '"case","n","positives"\n"0","5","1"\n"7","2","2"\n\n',
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_forms(tmp_path: Path, form: str, encoding: str) -> None:
    text = FORMS[form].removeprefix("\ufeff") if encoding == "utf-16" else FORMS[form]
    (tmp_path / "b.csv").write_bytes(text.encode(encoding))
    counts = read_counts(tmp_path / "b.csv", 8)
    assert counts.n.tolist() == [5, 0, 0, 0, 0, 0, 0, 2]
    assert counts.positives.tolist() == [1, 0, 0, 0, 0, 0, 0, 2]
    assert not counts.n.flags.writeable


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "its first row must name the columns case, n, positives"),
        ("n,positives\n1,0\n", "its first row must name"),
        ("case,n,positives\n", "it counts no events"),
        ("case,n,positives\n0,0,0\n", "it counts no events"),
        ("case,n,positives\n0,1\n", "positives in line 2 is empty: write a whole number"),
        ("case,n,positives\n0,1,0\n1,one,0\n", "n in line 3 is one: write a whole number"),
        ("case,n,positives\n0,1.5,0\n", "n in line 2 is 1.5"),
        ("case;n;positives\n0;1.000;0\n", "n in line 2 is 1.000"),
        ("case,n,positives\n8,1,0\n", "case 8 in line 2 is out of range: 0 to 7"),
        ("case,n,positives\n-1,1,0\n", "case in line 2 is -1"),
        ("case,n,positives\n0,1,0\n0,1,0\n", "case 0 is repeated in line 3"),
        ("case,n,positives\n0,1,2\n", r"line 2 has more positives \(2\) than n \(1\)"),
        ("case,n,positives\n0,99999999999999999999,2\n", "n in line 2 is 9999"),
    ],
)
def test_what_makes_no_sense(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "b.csv").write_text(text)
    with pytest.raises(BaselineError, match=message):
        read_counts(tmp_path / "b.csv", 8)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(BaselineError, match="No such file"):
        read_counts(tmp_path / "b.csv", 8)
