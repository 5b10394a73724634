"""Terms that explain themselves where they stand: a dotted underline, and a popover on demand.

The texts are the glossary's; assets/js/24-terms.js shows them, by mouse, touch and keyboard.
"""

from __future__ import annotations

from dash import html

from webapp.components.glossary import TERMS, find_term
from webapp.components.glossary.term import Term


def explain(words: str, key: str | None = None) -> html.Button | str:
    """Words with the explanation of the term ``key``, or of the one that is called so.

    The words alone, if there is none; a test finds those.
    """
    term = TERMS.get(key) if key else find_term(words)
    return words if term is None else button(words, term)


def button(children: object, term: Term, class_name: str = "ec-term") -> html.Button:
    """The words of a term, to be pressed for its explanation."""
    return html.Button(
        children,
        type="button",
        className=class_name,
        **{"data-term": term.key, "aria-haspopup": "dialog"},
    )


def mark(words: str, key: str | None = None) -> html.Button | None:
    """A mark beside words that already are a link; None if no term is called so."""
    term = TERMS.get(key) if key else find_term(words)
    if term is None:
        return None
    return html.Button(
        "i",
        type="button",
        className="ec-term-mark",
        **{
            "data-term": term.key,
            "aria-haspopup": "dialog",
            "aria-label": f"What is {term.title}?",
        },
    )
