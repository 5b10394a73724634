"""Write a file as CSV again, with its own rows and columns in order and scores beside them."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass

from webapp.files.types import FileError, Limits, ParsedFile
from webapp.grammar import as_cell

ERROR = "error"


@dataclass(frozen=True)
class AddedColumns:
    """Columns to add to a file: their names, and the texts of every case."""

    names: tuple[str, ...]
    by_case: Sequence[Sequence[str]]  # [2**d][len(names)]


def write_copy(file: ParsedFile, columns: AddedColumns, limits: Limits) -> bytes:
    """The file as CSV (its own encoding, delimiter and line ends), with ``columns`` and ``error``.

    A bad row gets empty texts and its message in ``error``, which is no formula for a spreadsheet.
    The file's own texts stay as they are, even formulas: they are the user's and must survive a
    round trip. Raises FileError if the copy is larger than ``limits.result``.
    """
    lines = _Lines(limits.result)
    # csv quotes values that hold a character of the line end, so "\n" alone would not quote "\r".
    writer = csv.writer(lines, delimiter=file.delimiter, lineterminator="\r\n")
    writer.writerow([*file.header, *_free_names((*columns.names, ERROR), file.header)])
    empty = [""] * len(columns.names)
    bad = iter(file.bad)
    for record, case in zip(file.records(), file.cases.tolist(), strict=True):
        tail = [*columns.by_case[case], ""] if case >= 0 else [*empty, as_cell(next(bad).message)]
        if len(record) != len(file.header):
            record = _fit_width(record, len(file.header), file.delimiter)
        writer.writerow(record + tail)
    preface = [file.preface] if file.preface else []
    text = file.newline.join([*preface, *lines.texts]) + file.newline
    if file.encoding != "utf-8":  # a guess: its own characters get the bytes that they had
        return text.encode(file.encoding, "replace")
    return text.encode("utf-8-sig" if file.bom else "utf-8")


class _Lines:
    """A file for csv.writer that keeps the lines without their ends, up to a size."""

    def __init__(self, most: int) -> None:
        self.texts: list[str] = []
        self._left = self._most = most

    def write(self, text: str) -> None:
        self._left -= len(text)
        if self._left < 0:
            raise FileError(
                f"The scored file would be larger than {self._most >> 20:,} MiB: leave out "
                "columns that aren't needed."
            )
        self.texts.append(text[:-2])


def _free_names(names: Sequence[str], header: Sequence[str]) -> list[str]:
    """``names``, with the first free number appended to those that ``header`` has already."""
    names_in_use = {name.strip() for name in header}
    result = []
    for name in names:
        number = 2
        free = name
        while free in names_in_use:
            free, number = f"{name}_{number}", number + 1
        names_in_use.add(free)
        result.append(free)
    return result


def _fit_width(record: list[str], width: int, delimiter: str) -> list[str]:
    """A record of the wrong width in ``width`` fields; the last one takes any surplus."""
    if len(record) < width:
        return record + [""] * (width - len(record))
    return [*record[: width - 1], delimiter.join(record[width - 1 :])]
