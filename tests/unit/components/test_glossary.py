"""The glossary explains briefly, in words that fit every model, and leads into the documents."""

from __future__ import annotations

import re

import pytest

from tests.unit.test_neutral_words import OF_GAMES
from webapp.components import glossary, terms
from webapp.components.glossary.term import Term
from webapp.components.markup import markup, static_html
from webapp.pages.docs.headings import read_parts
from webapp.pages.docs.page import FOLDER, documents, relink

ABBREVIATIONS = re.compile(r"e\.g\.|\d\.\d")
TERMS = glossary.TERMS.values()


@pytest.mark.parametrize("term", TERMS, ids=glossary.TERMS)
def test_a_term_has_two_short_sentences_at_most(term: Term) -> None:
    sentences = re.findall(r"[^.!?]+[.!?](?:\s|$)", ABBREVIATIONS.sub("", term.text))
    assert 1 <= len(sentences) <= 2
    assert "".join(sentences) == ABBREVIATIONS.sub("", term.text)
    assert len(term.text) <= 240
    assert not OF_GAMES.search(term.text)


@pytest.mark.parametrize("term", TERMS, ids=glossary.TERMS)
def test_a_term_leads_to_a_heading_of_a_document(term: Term) -> None:
    name, _, slug = term.docs.partition("#")
    parts = read_parts((FOLDER / f"{name}.md").read_text("utf-8"))
    assert slug in {part.slug for part in parts}


def test_no_words_mean_two_terms() -> None:
    keys = [term.key for term in TERMS]
    assert len(keys) == len(set(keys))
    names = [name.lower() for term in TERMS for name in (term.title, *term.names)]
    assert {name for name in names if names.count(name) > 1} <= {"scores"}


def test_words_explain_themselves_whatever_their_case() -> None:
    assert 'data-term="log_loss"' in markup(terms.explain("log LOSS"))
    assert 'data-term="psi"' in markup(terms.explain("Whatever", "psi"))
    assert terms.explain("nothing like it") == "nothing like it"


def test_the_tab_key_stops_once_at_each_term() -> None:
    rows = [terms.explain("Stable"), terms.explain("Drifted"), terms.explain("Stable")]
    text = static_html(terms.html.Div(rows)).to_plotly_json()["props"]["data-markup"]
    assert re.findall(r'data-term="(\w+)"( tabindex="-1")?', text) == [
        ("stable", ""),
        ("drifted", ""),
        ("stable", ' tabindex="-1"'),
    ]


def test_links_between_documents_stay_in_the_app() -> None:
    assert relink("[a](drift.md#how) [b](https://x.y/)") == "[a](/docs/drift#how) [b](https://x.y/)"
    assert relink("see [c](decisions/README.md), `x`") == "see c, `x`"
    for name in documents():
        text = relink((FOLDER / f"{name}.md").read_text("utf-8"))
        for target in re.findall(r"\]\(/docs/([\w-]+)", text):
            assert target in documents()
