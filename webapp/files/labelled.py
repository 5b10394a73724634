"""Read the rows of a labelled file: inputs and label. Only for the parsing processes and commands.

A label is 0 or 1, or unknown where it is blank. A column of -1 and 1 alone is read as 0 and 1;
where 0 occurs as well, -1 is no label.
"""

from __future__ import annotations

import codecs
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.files.csv_reader import find_layout, parse_csv
from webapp.files.encoding import find_encoding
from webapp.files.findings import Fault, Findings
from webapp.files.readings import LABEL, MINUS, UNKNOWN, LabelledColumns, Schema
from webapp.files.sniff import Kind, sniff_kind
from webapp.files.types import BAD_LABEL, BadRow, Limits, OnProgress, ParsedFile, Unit

_HEAD = 1 << 16  # bytes in which a header ends
_MIXED = 'is "-1", but other rows have 0; use 0 or 1'


class LabelledRows(NamedTuple):
    """The rows of a labelled file in its order.

    ``cases`` int32[n] are case numbers of the inputs, plus 2^d times the label (0, 1, UNKNOWN), or
    below 0 for bad rows; ``line`` int32[n] is where each row starts. ``bad`` are the first bad
    rows, in order.
    """

    unit: Unit
    line: NDArray[np.int32]
    cases: NDArray[np.int32]
    bad: list[BadRow]
    notes: tuple[str, ...] = ()  # what was read how
    faults: tuple[Fault, ...] = ()


def read_header(content: bytes, limits: Limits) -> list[str]:
    """The names of the columns of a labelled file, without spaces around them. Raises FileError."""
    kind = sniff_kind(content, limits)
    if kind == "parquet":
        from webapp.files import parquet_reader

        return parquet_reader.read_names(content)
    if kind == "workbook":
        from webapp.files import workbook

        return workbook.read_names(content, limits)
    decoder = codecs.getincrementaldecoder(find_encoding(content))("replace")
    text = decoder.decode(content[:_HEAD])
    return [name.strip() for name in find_layout(text, LabelledColumns(())).header]


def read_rows(content: bytes, inputs: tuple[str, ...], limits: Limits) -> LabelledRows:
    """The rows of a file that has these inputs and a label. Raises FileError."""
    schema = LabelledColumns(inputs)
    kind = sniff_kind(content, limits)
    if kind != "csv":
        return _in_order(parse_table(content, kind, schema, limits), len(inputs))
    from webapp.files.arrow_csv import parse_plain_csv

    plain = parse_plain_csv(content, schema, limits, lambda *_: None)
    if plain is None or plain.bad:  # bad rows are not in the file's order
        return _in_order(parse_csv(content, schema, limits), len(inputs))
    line = np.arange(2, len(plain.cases) + 2, dtype=np.int32)
    if mixes_negatives(plain.cases, len(inputs)):
        return _in_order(parse_csv(content, schema, limits), len(inputs))
    cases = settle_negatives(plain.cases, len(inputs))
    return LabelledRows("line", line, cases, [], plain.findings.describe())


def read_unlabelled(content: bytes, inputs: tuple[str, ...], limits: Limits) -> LabelledRows:
    """The rows of a file that has these inputs; all labels are unknown. Raises FileError."""
    schema = Features(inputs)
    kind = sniff_kind(content, limits)
    if kind == "csv":
        file = parse_csv(content, schema, limits)
    else:
        file = parse_table(content, kind, schema, limits)
    cases = np.where(file.cases < 0, file.cases, file.cases + (UNKNOWN << len(inputs)))
    return LabelledRows(
        file.unit, file.line, cases.astype(np.int32), list(file.bad), file.notes, file.faults
    )


def parse_table(content: bytes, kind: Kind, schema: Schema, limits: Limits) -> ParsedFile:
    """The rows of a file that isn't text. Raises FileError."""
    if kind == "workbook":
        from webapp.files.workbook import parse_workbook

        return parse_workbook(content, schema, limits)
    from webapp.files.parquet_reader import parse_parquet

    return parse_parquet(content, schema, limits)


def parse_labelled_csv(
    content: bytes, inputs: tuple[str, ...], limits: Limits, on_progress: OnProgress
) -> LabelledRows:
    """The rows of any CSV by the careful reader. Raises FileError."""
    return _in_order(parse_csv(content, LabelledColumns(inputs), limits, on_progress), len(inputs))


def mixes_negatives(cases: NDArray[np.int32], d: int) -> bool:
    """True if the labels of good rows hold both 0 and -1."""
    label = cases >> d
    return bool((label == MINUS).any() and (label == 0).any())


def settle_negatives(cases: NDArray[np.int32], d: int) -> NDArray[np.int32]:
    """The cases with label 0 where it was -1, for labels that don't mix the two."""
    return np.where(cases >> d == MINUS, cases - (MINUS << d), cases)


def _in_order(file: ParsedFile, d: int) -> LabelledRows:
    bad = list(file.bad)
    if not mixes_negatives(file.cases, d):
        cases = settle_negatives(file.cases, d)
        return LabelledRows(file.unit, file.line, cases, bad, file.notes, file.faults)
    wrong = file.cases >> d == MINUS
    bad += [BadRow(int(line), LABEL, f"{LABEL} {_MIXED}") for line in file.line[wrong]]
    label_findings = Findings()
    if wrong.any():
        label_findings.note_fault(LABEL, f"{LABEL} {_MIXED}", file.line[wrong].tolist())
    bad.sort(key=lambda row: row.line)
    cases = np.where(wrong, BAD_LABEL, file.cases).astype(np.int32)
    faults = (*file.faults, *label_findings.faults)
    return LabelledRows(file.unit, file.line, cases, bad, file.notes, faults)
