"""CSV files as DuckDB reads them: UTF-8, with the separator that uploaded files would be read with.

DuckDB guesses separators and quotes from the values, and knows neither gzip under another name nor
UTF-16 without a mark. So both are found as ``webapp.files`` finds them, and a file that isn't plain
is read from a copy.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import tempfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from webapp.bundle.reading import GZIP
from webapp.files.csv_reader import find_layout
from webapp.files.encoding import find_encoding
from webapp.files.types import FileError
from webapp.lake.errors import LakeError

_HEAD = 1 << 16  # bytes that tell the encoding, and hold the header
_BLOCK = 1 << 20
_PLAIN = ("utf-8", "utf-8-sig")


@dataclass(frozen=True)
class _AnyNames:
    names: tuple[str, ...] = ()  # so the separator that makes most columns


class PlainCsv:
    """Files, in place of some their copies until ``close``, and DuckDB's options for them."""

    def __init__(self, files: Sequence[str]) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        try:
            self.files = [str(self._plain(Path(file))) for file in files]
        except BaseException:
            self.close()
            raise
        self.options = _options(self.files)

    def close(self) -> None:
        """Remove the copies."""
        if self._folder is not None:
            self._folder.cleanup()

    def check_widths(self) -> None:
        """Raise LakeError for a row of another width in the first lines of a file."""
        for file in self.files if self.options else ():
            rows = csv.reader(_head(Path(file)).decode("utf-8-sig", "replace").splitlines(),
                              delimiter=self.options["delim"])  # fmt: skip
            lines = [(rows.line_num, len(row)) for row in rows if row][self.options["skip"] :]
            for line, width in lines:
                if width != lines[0][1]:
                    raise LakeError(
                        f"{file}, line {line} has {width} values, the header {lines[0][1]} names: "
                        "give each row one value per column"
                    )

    def _plain(self, file: Path) -> Path:
        is_packed = _starts_with_gzip(file)
        encoding = find_encoding(_head(file))
        if encoding in _PLAIN and (not is_packed or file.suffix.lower() == ".gz"):
            return file
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="everycase-csv-")
        copy = Path(self._folder.name, *file.absolute().parts[1:])  # day=1 in a path is a column
        copy = copy.with_suffix("") if copy.suffix.lower() == ".gz" else copy
        copy.parent.mkdir(parents=True, exist_ok=True)
        decoder = codecs.getincrementaldecoder(encoding)()
        with _open(file) as source, copy.open("wb") as target:
            while block := source.read(_BLOCK):
                target.write(decoder.decode(block).encode())
            target.write(decoder.decode(b"", final=True).encode())
        return copy


def _starts_with_gzip(file: Path) -> bool:
    with file.open("rb") as source:
        return source.read(len(GZIP)) == GZIP


def _open(file: Path) -> BinaryIO:
    return cast("BinaryIO", gzip.open(file) if _starts_with_gzip(file) else file.open("rb"))


def _head(file: Path) -> bytes:
    """The first lines; an even number of bytes of what is cut, as UTF-16 has."""
    try:
        with _open(file) as source:
            head = source.read(_HEAD)
    except (EOFError, zlib.error) as error:
        raise OSError(f"{file} can't be unpacked with gzip ({error}): is it complete?") from None
    end = head.rfind(b"\n") + 1
    return head if len(head) < _HEAD or not end else head[: end + end % 2]


def _options(files: Sequence[str]) -> dict[str, Any]:
    """What all the files have in common; nothing where DuckDB is to look for itself."""
    layouts = set()
    for file in files:
        text = _head(Path(file)).decode("utf-8-sig", "replace")
        try:
            layout = find_layout(text, _AnyNames())
        except FileError:
            return {}
        layouts.add((layout.delimiter, layout.line, len(layout.header) > 1))
    if len(layouts) != 1:
        return {}
    delimiter, line, has_columns = layouts.pop()
    return {"delim": delimiter, "quote": '"', "skip": line - 1} if has_columns else {}
