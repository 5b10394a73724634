"""The encoding of a text file, and its text."""

from __future__ import annotations

import codecs
from typing import NamedTuple

from webapp.files.types import FileError

# UTF-32 before UTF-16, whose little-endian mark begins UTF-32's.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WIDE_HEAD = 64  # bytes that tell whether a text is UTF-16
_WIDE_SHARE = 0.7  # of its characters that are Latin
_NO_TEXT = bytes(i for i in range(32) if i not in b"\t\n\v\f\r\x1a")
_NAMES = {"cp1252": "Windows-1252", "latin-1": "Latin-1"}


class Text(NamedTuple):
    """A text and its encoding. ``is_guess``: only its ASCII characters are sure."""

    text: str
    encoding: str
    has_mark: bool
    is_guess: bool = False

    def describe(self) -> list[str]:
        """The note on an encoding other than UTF-8."""
        if self.encoding.startswith("utf-8"):
            return []
        return [_NAMES.get(self.encoding) or self.encoding.upper()[:6]]


def decode(content: bytes) -> Text:
    """The text. Raises FileError for what is no text.

    UTF-16 is recognised without a mark, too, where the text begins with Latin letters. What isn't
    UTF-8 is taken for Windows-1252 (Excel's "CSV"), of which callers use ASCII only: it may be
    another one, and a copy of the other columns has the same bytes all the same.
    """
    mark = _find_mark(content)
    encoding = find_encoding(content)
    try:
        text = content.decode("utf-8" if encoding in _NAMES and _is_binary(content) else encoding)
    except UnicodeDecodeError as error:
        if mark is None:
            _check_nul(content.decode("latin-1"))
        line = error.object[: error.start].count(b"\n") + 1
        name = encoding.upper() if mark and mark != "utf-8-sig" else "UTF-8"
        raise FileError(
            f"The file isn't {name} text (line {line}, byte 0x{error.object[error.start]:02X}): "
            "save it as “CSV UTF-8”."
        ) from error
    _check_nul(text)
    return Text(text, encoding, mark is not None, encoding in _NAMES)


def find_encoding(content: bytes) -> str:
    """The encoding of a text by its mark, its zeros (UTF-16), or what it can be decoded as."""
    encoding_by_bytes = _find_mark(content) or _guess_wide(content)
    if encoding_by_bytes is not None:
        return encoding_by_bytes
    for encoding in ("utf-8", "cp1252"):
        try:
            content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    return "latin-1"


def check_ascii(value: str, line: int, field: str) -> None:
    """Raise FileError for a value whose characters are a guess."""
    if not value.isascii():
        raise FileError(
            f"The file isn't UTF-8 text (line {line}, {field}): what it says there is a guess. "
            "Save it as “CSV UTF-8”, or write 0 and 1."
        )


def _find_mark(content: bytes) -> str | None:
    return next((name for mark, name in _MARKS if content.startswith(mark)), None)


def _guess_wide(content: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of its Latin characters is 0, and no other."""
    head = content[:_WIDE_HEAD]
    if len(content) % 2 == 0 and len(head) >= 2:
        for name, zeros, others in (
            ("utf-16-le", head[1::2], head[::2]),
            ("utf-16-be", head[::2], head[1::2]),
        ):
            if zeros.count(0) > _WIDE_SHARE * len(zeros) and b"\0" not in others:
                return name
    return None


def _is_binary(content: bytes) -> bool:
    """True for characters that no text has."""
    return len(content.translate(None, _NO_TEXT)) < len(content)


def _check_nul(text: str) -> None:
    place = text.find("\0")
    if place >= 0:
        raise FileError(
            f"The file has a NUL character in line {text.count(chr(10), 0, place) + 1}, so it "
            "isn't text: save it as “CSV UTF-8”."
        )
