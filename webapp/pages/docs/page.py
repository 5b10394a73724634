"""Docs: the Markdown files of docs/, each a page whose headings can be linked.

They are read when they are asked for. Images and decision records stay in the repository.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, partial
from html import escape
from pathlib import Path
from typing import Any

from dash import Dash, dcc, html

from webapp.pages.docs.headings import read_parts
from webapp.services.context import Services

FOLDER = Path(__file__).parents[3] / "docs"
_DOCUMENT = re.compile(r"\]\((?:\.\./docs/)?([a-z]+)\.md(#[\w-]+)?\)")
_ELSEWHERE = re.compile(r"(?<!!)\[([^]]*)\]\((?!https?:|/docs/|#)[^)]*\)")  # of the repository
_WIDE = re.compile("<(pre|table)>")  # what may scroll sideways, also by keyboard
_IMAGE = re.compile(r"^!\[.*\]\(.*\)$\n*(?:^\*[^*]+\*$)?", re.M)


def documents() -> list[str]:
    """The names of all documents: ``drift`` for docs/drift.md."""
    return sorted(file.stem for file in FOLDER.glob("*.md"))


def add(register_page: Callable[..., Any]) -> None:
    """Enter a page for each document, outside the navigation."""
    for name in documents():
        register_page(
            f"webapp.pages.docs.{name}",
            path=f"/docs/{name}",
            name=name,
            title=f"{name.capitalize()} · Everycase",
            layout=partial(layout, name),
        )


def layout(document: str, **_query: str) -> html.Div:
    """A document, with the list of all."""
    links = [
        html.Li(dcc.Link(name, href=f"/docs/{name}", **_current(name == document)))
        for name in documents()
    ]
    return html.Div(
        [
            html.Nav(html.Ul(links), className="ec-docs-list", **{"aria-label": "Documents"}),
            html.Article(className="ec-docs", **{"data-markup": render(document)}),
        ],
        className="ec-page ec-docs-page",
        **{"data-page": "docs"},
    )


def register(_app: Dash, _services: Services) -> None:
    """Register nothing: the documents are static."""


def relink(text: str) -> str:
    """The text with its links between documents as this app has them, without other links."""
    text = _DOCUMENT.sub(lambda link: f"](/docs/{link[1]}{link[2] or ''})", _IMAGE.sub("", text))
    return _ELSEWHERE.sub(r"\1", text)


@cache
def render(document: str) -> str:
    """The HTML of a document; HTML in its text is shown as it is written."""
    from markdown_it import MarkdownIt  # few ask for documents

    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    text = (FOLDER / f"{document}.md").read_text("utf-8")
    parts = []
    for part in read_parts(relink(text)):
        if part.title:
            level = min(part.level, 3)
            parts.append(f'<h{level} id="{part.slug}">{escape(part.title)}</h{level}>')
        parts.append(str(parser.render(part.text)))
    return _WIDE.sub(r'<\1 tabindex="0">', "".join(parts))


def _current(is_open: bool) -> dict[str, str]:
    return {"className": "ec-docs-here"} if is_open else {}
