"""What a value in a file means: the one place for inputs and labels, in CSV and in Parquet.

The words are those of ``webapp.bundle.yes_no``, as for requests (``webapp.bundle.rules``) and lakes
(``webapp.lake.columns``).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from webapp.bundle.yes_no import MINUS_ONE_PATTERN, find_flag, is_blank
from webapp.cases import shorten

LABEL = "label"
# Meanings of a label beside 0 and 1
UNKNOWN = 2  # the outcome isn't known: the value is blank
MINUS = 3  # -1: a negative, if the column holds -1 and 1 only

_MINUS_ONE = re.compile(MINUS_ONE_PATTERN)

# The meaning of a value, or the problem with it.
Reading = Callable[[object], int | str]


class Schema(Protocol):
    """The yes/no columns that a file must have; their values make a row's case."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names in the order of the case number's bits."""


@dataclass(frozen=True)
class LabelledColumns:
    """The columns of a labelled file: inputs, and the label as the highest digit of the case.

    So a row's case is that of its inputs, plus 2^d times the meaning of its label.
    """

    inputs: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The inputs and the label."""
        return (*self.inputs, LABEL)


def column_readings(schema: Schema) -> list[Reading]:
    """How the values of each column are read."""
    readings: list[Reading] = [read_flag] * len(schema.names)
    if isinstance(schema, LabelledColumns):
        readings[-1] = read_label
    return readings


def read_flag(value: object) -> int | str:
    """0 or 1, or the problem with the value.

    A number is 0 or 1, also as 0.0, 01, 1,0 or +1. A word is true, false, t, f, yes, no, y, n or
    their like in other languages, in any case.
    """
    flag = _find_flag(value)
    if flag is not None:
        return int(flag)
    if _is_blank(value):
        return "is empty; use 0 or 1"
    return f'is "{shorten(str(value))}"; use 0 or 1'


def read_label(value: object) -> int | str:
    """0, 1, UNKNOWN for a blank, MINUS for -1, or the problem with the value."""
    if _is_blank(value):
        return UNKNOWN
    return MINUS if _is_minus_one(value) else read_flag(value)


def _find_flag(value: object) -> bool | None:
    if isinstance(value, str):
        return find_flag(value)
    if isinstance(value, (bool, int, float, Decimal)) and value in (0, 1):
        return bool(value)
    return None


def _is_blank(value: object) -> bool:
    if isinstance(value, str):
        return is_blank(value)
    return value is None or (isinstance(value, (float, Decimal)) and value != value)  # NaN


def _is_minus_one(value: object) -> bool:
    if isinstance(value, str):
        return _MINUS_ONE.match(value.strip()) is not None
    return isinstance(value, (int, float, Decimal)) and value == -1
