"""The one glossary of what pages show: metrics, columns, charts, verdicts, in two sentences.

``metrics``, ``columns``, ``charts`` and ``verdicts`` hold the terms; a page names one by its key,
or by the very words that stand on it.
"""

from __future__ import annotations

from webapp.components.glossary import charts, columns, metrics, verdicts
from webapp.components.glossary.term import Term

TERMS: dict[str, Term] = {
    term.key: term
    for group in (metrics.TERMS, columns.TERMS, charts.TERMS, verdicts.TERMS)
    for term in group
}
_BY_NAME = {name.lower(): term for term in TERMS.values() for name in (term.title, *term.names)}


def find_term(words: str) -> Term | None:
    """The term that is called so on a page, whatever its case; None if there is none."""
    return _BY_NAME.get(words.replace("\N{NO-BREAK SPACE}", " ").strip().lower())


def as_json(*, with_docs: bool = True) -> dict[str, dict[str, str]]:
    """What assets/js/24-terms.js shows, by key; ``with_docs`` where links into them lead on."""
    return {
        term.key: {"title": term.title, "text": term.text}
        | ({"docs": f"/docs/{term.docs}"} if with_docs else {})
        for term in TERMS.values()
    }
