"""What kind of file it is, told by its first bytes."""

import gzip
import io
import zipfile

import pytest

from webapp.cases import Features
from webapp.files.csv_reader import parse_csv
from webapp.files.example import example_csv
from webapp.files.sniff import sniff_kind
from webapp.files.types import FileError, Limits


def test_parquet_is_known_by_its_content() -> None:
    assert sniff_kind(b"PAR1....PAR1", Limits()) == "parquet"
    assert sniff_kind(b"G1,G2\n0,1\n", Limits()) == "csv"
    assert sniff_kind(b" PAR1\n", Limits()) == "csv"


def _archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("content.xml", "<x/>")
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b" \r\n\t\n", "empty"),
        (_archive(), "zip archive, not CSV or an Excel workbook: save it as “CSV UTF-8”"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Excel workbook"),
        (gzip.compress(b"G1\n1\n", mtime=0), "gzip twice: unpack it"),
        (b"PARE" + b"\0" * 20, "encrypted"),
        (b"ARROW1\0\0", "Arrow"),
        (b"%PDF-1.7", "PDF"),
    ],
)
def test_other_files_are_named(content: bytes, word: str) -> None:
    with pytest.raises(FileError, match=word):
        sniff_kind(content, Limits())


@pytest.mark.parametrize(
    ("size", "message"),
    [
        (8 * 2**20 + 1, "slightly over the limit of 8 MiB"),
        (9 * 2**20, "has 9 MiB, and at most 8 MiB"),
        (25 * 2**19, "has 12.5 MiB, and at most 8 MiB"),
    ],
)
def test_a_file_that_is_too_large_says_how_large(size: int, message: str) -> None:
    with pytest.raises(FileError, match=message):
        sniff_kind(b"1" * size, Limits())


def test_the_largest_file_is_taken() -> None:
    assert sniff_kind(b"1" * (8 * 2**20), Limits()) == "csv"


@pytest.mark.parametrize("count", range(1, 17))
def test_the_example_is_a_file_that_can_be_read(count: int) -> None:
    features = Features.numbered(count)
    parsed_file = parse_csv(example_csv(features).encode(), features, Limits())
    assert not parsed_file.bad
    assert list(parsed_file.header) == list(features.names)
    assert len(set(parsed_file.cases.tolist())) == len(parsed_file.cases) >= 2


def test_the_example_quotes_names_that_need_it() -> None:
    features = Features(("owns, maybe", 'the "other"'))
    assert not parse_csv(example_csv(features).encode(), features, Limits()).bad
