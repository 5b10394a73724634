"""The input contract: valid yes/no values, and the case of one row."""

from __future__ import annotations

from functools import cached_property

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from .yes_no import NameIndex

MAX_FEATURES = 16  # 65,536 cases: still a table that a browser can hold

# The usual texts for a yes/no value; ``yes_no`` has the others.
_TEXT = {"0": False, "1": True, "true": True, "false": False}
RESERVED = frozenset({"version", "request_id", "features"})  # other fields of requests
_SHOWN_LENGTH = 40


class InputError(ValueError):
    """A value can't be used; the message names the field and the fix."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field} {problem}")
        self.field = field
        self.problem = problem


def parse_flag(name: str, value: object) -> bool:
    """The yes/no value of 0 or 1 as number, bool, or text in the writings that files may have.

    Raises InputError for anything else.
    """
    if isinstance(value, (bool, int, float)) and value in (0, 1):
        return bool(value)
    is_empty = value is None
    if isinstance(value, str):
        flag = _TEXT.get(value)
        if flag is None:
            from . import yes_no

            flag = yes_no.find_flag(value)
            is_empty = yes_no.is_blank(value)
        if flag is not None:
            return flag
    if is_empty:
        raise InputError(name, "is empty: send 0 or 1")
    raise InputError(name, f"is {shorten(value)}: send 0 or 1")


def shorten(value: object) -> str:
    """A value as it may be shown in a message: one line, at most 40 characters."""
    text = value if isinstance(value, str) else repr(value)
    if not text.isprintable():
        text = "".join(c if c.isprintable() else "�" for c in text)
    return text if len(text) <= _SHOWN_LENGTH else text[: _SHOWN_LENGTH - 1] + "…"


class Inputs:
    """The names of a model's yes/no inputs, in the model's own order."""

    names: tuple[str, ...]

    @property
    def cases(self) -> int:
        """The number of cases, 2**d for d features."""
        return 1 << len(self.names)

    @cached_property
    def bits(self) -> dict[str, int]:
        """Each feature's weight in the case number, by name."""
        return {name: 1 << i for i, name in enumerate(self.names)}

    def parse(self, items: Iterable[tuple[str, object]]) -> int:
        """The case of one complete row given as (name, value) pairs.

        Names may differ in case and spaces. Raises InputError, naming the feature, for a value
        other than 0 and 1 and for a feature that is unknown, repeated or missing.
        """
        bits = self.bits
        case = 0
        names: set[str] = set()
        for name, value in items:
            bit = bits.get(name)
            if bit is None:
                name = self._find_name(name)
                bit = bits[name]
            if name in names:
                raise InputError(name, "is repeated: send it once")
            names.add(name)
            if value == "1" or (value != "0" and parse_flag(name, value)):
                case |= bit
        if len(names) < len(bits):
            missing = next(name for name in self.names if name not in names)
            raise InputError(missing, "is missing: send 0 or 1")
        return case

    def _find_name(self, text: str) -> str:
        """The feature whose name differs from a text in case and spaces only. Raises InputError."""
        name = self.find_name(text)
        if name is None:
            raise InputError(
                shorten(text), f"is not a feature of this version: {self._describe_names()}"
            )
        return name

    def find_name(self, text: str) -> str | None:
        """The feature that a column or field of this name means; None if there is none."""
        return self._index.find(text)

    @cached_property
    def _index(self) -> NameIndex:
        from .yes_no import NameIndex

        return NameIndex(self.names)

    def _describe_names(self) -> str:
        first, last = self.names[0], self.names[-1]
        return f"send {first}" if len(self.names) == 1 else f"send {first} to {last}"


def check_names(names: tuple[str, ...]) -> None:
    """Raise ValueError if these can't be the inputs of a version."""
    if not 1 <= len(names) <= MAX_FEATURES:
        raise ValueError(f"{len(names)} features: 1 to {MAX_FEATURES} can be served")
    if len(set(names)) != len(names):
        raise ValueError("two features have the same name")
    conflicts = set(names) & RESERVED
    if conflicts:
        raise ValueError(
            f"a feature is named {min(conflicts)!r}, which requests use for something else"
        )
