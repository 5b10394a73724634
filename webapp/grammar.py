"""Grammar of running text: numbers with their nouns, and messages as sentences."""

from __future__ import annotations

import re

NBSP, MINUS = "\u00a0", "\u2212"  # before a % sign; for negative numbers
_NAME = re.compile(r"[^\W\d]\w*[_\d]")  # of a version or an input, such as hgb_games_v1


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
