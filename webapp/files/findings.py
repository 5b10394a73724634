"""What a file was read as, and what is wrong with its rows: each thing said once, with a count."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from webapp.cases import shorten
from webapp.files.readings import MINUS
from webapp.grammar import quantity

Kind = Literal["empty", "value", "width"]

_LISTED = 3  # rows of a fault, and writings of a yes
_MOST = 1_000  # values looked at
_PLAIN = ("0", "1")
_NAMES = {"\t": "tab"}


class Fault(NamedTuple):
    """What ``n`` rows have in common: ``field`` is wrong first in them. ``lines`` are the first."""

    field: str
    kind: Kind
    n: int
    lines: tuple[int, ...]
    message: str  # of the first row


@dataclass
class Findings:
    """Collects the writings of yes and no, and the faults of rows, while a file is read."""

    notes: list[str] = field(default_factory=list)  # on separator, encoding, names, sheet
    _writings: dict[str, int] = field(default_factory=dict)
    _faults: dict[tuple[str, Kind], Fault] = field(default_factory=dict)

    def note_value(self, value: object, meaning: int) -> None:
        """Note how a 0 or 1 is written, unless it is plain."""
        if meaning not in (0, 1, MINUS) or len(self._writings) >= _MOST:
            return
        text = shorten(str(value)).strip()
        if text not in _PLAIN and text not in self._writings:
            self._writings[text] = int(meaning == 1)

    def note_fault(
        self, name: str, message: str, lines: Sequence[int], count: int | None = None
    ) -> None:
        """Note bad rows by what is wrong first in them: ``count`` rows, the first at ``lines``."""
        n = len(lines) if count is None else count
        kind = find_kind(name, message)
        fault = self._faults.get((name, kind)) or Fault(name, kind, 0, (), message)
        first = tuple(sorted((*fault.lines, *lines[:_LISTED]))[:_LISTED])
        self._faults[name, kind] = fault._replace(n=fault.n + n, lines=first)

    def renumber(self, line_of: Callable[[int], int]) -> None:
        """Give the rows of all faults so far other numbers."""
        for key, fault in self._faults.items():
            self._faults[key] = fault._replace(lines=tuple(map(line_of, fault.lines)))

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What is wrong, the most frequent first."""
        return tuple(sorted(self._faults.values(), key=lambda fault: (-fault.n, fault.lines)))

    def describe(self) -> tuple[str, ...]:
        """What was read how, such as "TRUE/FALSE as 1/0" and "separator ;"."""
        no = [text for text, meaning in self._writings.items() if not meaning]
        yes = [text for text, meaning in self._writings.items() if meaning]
        if len(no) == len(yes) == 1:
            words = [f"{yes[0]}/{no[0]} as 1/0"]
        else:
            sides = ((yes, "1"), (no, "0"))
            words = [f"{_list(texts)} as {flag}" for texts, flag in sides if texts]
        return (*words, *self.notes)


def find_kind(name: str, message: str) -> Kind:
    """The kind of a bad row's problem."""
    if not name:
        return "width"
    return "empty" if message.startswith(f"{name} is empty") else "value"


def describe_fault(fault: Fault, unit: str) -> str:
    """One sentence: what is wrong, in how many rows, the first of them, and what to do."""
    if fault.n == 1:
        return f"{unit.capitalize()} {fault.lines[0]:,}: {fault.message}"
    rows, where = quantity(fault.n, "row"), _where(fault, unit)
    if fault.kind == "width":
        return (
            f"{rows} {where} have more or fewer values than the header: "
            "put values that hold a separator in quotes"
        )
    if fault.kind == "empty":
        return f"{fault.field} is empty in {rows} {where}: write 0 or 1, or leave these rows out"
    first = fault.message.partition(" (also in this row")[0].partition(";")[0]
    return f"{fault.field} is neither 0 nor 1 in {rows} {where}; first, {first}: write 0 or 1"


def describe_separator(separator: str) -> list[str]:
    """The note on a separator other than a comma."""
    return [] if separator == "," else [f"separator {_NAMES.get(separator, separator)}"]


def describe_names(
    header: Sequence[str], columns: Sequence[int], names: Sequence[str]
) -> list[str]:
    """The note on names that the header writes in another way."""
    others = [
        f"{shorten(header[column].strip())} as {name}"
        for column, name in zip(columns, names, strict=True)
        if header[column].strip() != name.strip()
    ]
    return [f"column {_list(others)}"] if others else []


def pack_faults(faults: Sequence[Fault]) -> list[Any]:
    """Faults as plain values."""
    return [list(fault) for fault in faults]


def unpack_faults(values: Sequence[Any]) -> tuple[Fault, ...]:
    """The faults of ``pack_faults``."""
    return tuple(Fault(name, kind, n, tuple(lines), text) for name, kind, n, lines, text in values)


def _where(fault: Fault, unit: str) -> str:
    lines = [f"{line:,}" for line in fault.lines]
    if fault.n > len(lines):
        return f"({unit}s {', '.join(lines)}, …)"
    return f"({unit}s {', '.join(lines[:-1])} and {lines[-1]})"


def _list(texts: Sequence[str]) -> str:
    more = ", …" if len(texts) > _LISTED else ""
    return ", ".join(texts[:_LISTED]) + more
