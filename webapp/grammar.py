"""Grammar of running text: numbers with their nouns, and messages as sentences."""

from __future__ import annotations

import re

NBSP, MINUS = "\u00a0", "\u2212"  # before a % sign; for negative numbers
_NAME = re.compile(r"[^\W\d]\w*[_\d]")  # of a version or an input, such as hgb_games_v1
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_SENTENCE_END = re.compile(r"[.!?](?= |$)")


def pluralize(number: float, singular: str, plural: str | None = None) -> str:
    """The form of a word that agrees with a number: ``event`` or ``events``, ``is`` or ``are``.

    Without ``plural``, an s is added.
    """
    if number == 1:
        return singular
    return f"{singular}s" if plural is None else plural


def quantity(number: int, singular: str, plural: str | None = None) -> str:
    """A whole number with its noun: ``1 event``, ``1,200 events``."""
    return f"{number:,} {pluralize(number, singular, plural)}"


def capitalize(text: str) -> str:
    """The text with a capital first letter, unless it begins with a name such as hgb_games_v1."""
    return text if _NAME.match(text) else text[:1].upper() + text[1:]


def explain_ignored(part: str, problem: str) -> str:
    """The message about a part of a link that can't be used: ``G1=7``, ``isn't 0 or 1``."""
    return f"{part} in this link {problem}, so it was ignored."


def as_sentence(message: object) -> str:
    """A message, such as an error's, with a capital letter and one full stop."""
    return f"{capitalize(str(message)).rstrip('.')}."


def printable(text: str) -> str:
    """The text without colours of a terminal, and with � for what can't be printed."""
    text = _COLOUR.sub("", text)
    return "".join(c if c.isprintable() or c == "\n" else "�" for c in text)


def cut(text: str, longest: int = 240) -> str:
    """A text in one line of about that length, which ends with a whole sentence, or else a word."""
    line = " ".join(printable(text).split())
    if len(line) <= longest:
        return line
    ends = [match.end() for match in _SENTENCE_END.finditer(line, 0, longest)]
    if ends and ends[-1] >= longest // 5:
        return line[: ends[-1]]
    words = line[: longest + 1].rpartition(" ")[0] or line[:longest]
    return f"{words.rstrip(' ,;:')} …"


def as_cell(text: str) -> str:
    """A text for a CSV cell that no spreadsheet takes for a formula: ``'=1+1``."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") and text else text
