"""Grammar of running text: numbers with their nouns, and messages as sentences."""

from __future__ import annotations


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
    """The text with a capital first letter; the others stay as they are."""
    return text[:1].upper() + text[1:]


def as_sentence(message: object) -> str:
    """A message, such as an error's, with a capital letter and one full stop."""
    return f"{capitalize(str(message)).rstrip('.')}."
