"""One term of the glossary."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """A term with its explanation, and where the documents say more.

    ``text`` has at most two sentences; ``docs`` is a document and one of its headings, such as
    ``drift#how-the-numbers-are-made``. ``names`` are other words for it on pages.
    """

    key: str
    title: str
    text: str
    docs: str
    names: tuple[str, ...] = ()
