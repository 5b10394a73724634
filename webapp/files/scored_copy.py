"""Give a file back as CSV: its own columns and rows in order, with columns added to them."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass

from webapp.files.types import FileError, Limits, ParsedFile

ERROR = "error"


@dataclass(frozen=True)
class AddedColumns:
    """Columns to add: their names, and for every case the texts that its rows get."""

    names: tuple[str, ...]
    by_case: Sequence[Sequence[str]]  # [2**d][len(names)]


def write_copy(file: ParsedFile, columns: AddedColumns, limits: Limits) -> bytes:
    """The file as CSV (UTF-8, its own delimiter and line ends) with ``added`` and ``error``.

    A bad row gets empty texts and its message in ``error``. Texts that are carried along stay
    as they are, formulas too: they are the user's own and must survive a round trip.
    """
    lines = _Lines(limits.result)
    # csv quotes a value for the characters of this line end, so "\n" alone would let "\r" pass.
    writer = csv.writer(lines, delimiter=file.delimiter, lineterminator="\r\n")
    writer.writerow([*file.header, *_free_names((*columns.names, ERROR), file.header)])
    empty = [""] * len(columns.names)
    bad = iter(file.bad)
    for record, case in zip(file.records(), file.cases.tolist(), strict=True):
        tail = [*columns.by_case[case], ""] if case >= 0 else [*empty, next(bad).message]
        if len(record) != len(file.header):
            record = _fit_width(record, len(file.header), file.delimiter)
        writer.writerow(record + tail)
    text = file.newline.join(lines.texts) + file.newline
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
                "columns that are not needed."
            )
        self.texts.append(text[:-2])


def _free_names(names: Sequence[str], header: Sequence[str]) -> list[str]:
    """``names``, each with the first number behind it that no column of the file has."""
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
    """A row of the wrong width in ``width`` fields, nothing lost: the last takes the surplus."""
    if len(record) < width:
        return record + [""] * (width - len(record))
    return [*record[: width - 1], delimiter.join(record[width - 1 :])]
