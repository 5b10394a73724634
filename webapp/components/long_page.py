"""What gives a long page its shape: its conclusion, its contents, and sections that fold.

A section says what it found in its own line, so that it can stay closed. Which ones are open is a
part of the address (``?open=why,inputs``): a link shows what its sender saw. assets/js/66-folds.js
keeps the address up to date; 67-contents.js marks the section that one is in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from dash import dcc, html
from dash.development.base_component import Component

from webapp.components.icons import icon
from webapp.components.terms import mark
from webapp.grammar import capitalize

ALL, NONE = "all", "none"  # instead of names of sections


def read_open(text: str | None, keys: Sequence[str], default: Iterable[str]) -> frozenset[str]:
    """The open sections of a link, or ``default``. Names that aren't ``keys`` are left out.

    They may be of a section that this answer lacks, or of a later version of the page.
    """
    if not text:
        return frozenset(default)
    names = [name.strip() for name in text.split(",")]
    return frozenset(keys) if ALL in names else frozenset(keys).intersection(names)


def headline(
    id_: str,
    verdict: Component,
    finding: str,
    reason: str | Sequence[str],
    steps: Sequence[Component] = (),
    *,
    spoken_text: str,
) -> html.Div:
    """The verdict in a word, the finding, its reasons, and the next steps, the most apt one first.

    ``spoken_text`` is what screen readers say when it has changed (assets/js/67-verdict.js).
    """
    reasons = [reason] if isinstance(reason, str) else reason
    texts = [
        verdict,
        html.H2(capitalize(finding), className="ec-finding"),
        *(html.P(capitalize(text), className="ec-reason") for text in reasons if text),
    ]
    return html.Div(
        [
            html.Div(texts, className="ec-headline-text"),
            html.Div(list(steps), className="ec-next") if steps else None,
        ],
        className="ec-headline",
        id=id_,
        tabIndex=-1,
        **{"data-said": spoken_text},
    )


def next_step(label: str, href: str, *, is_first: bool = True, note: str = "") -> html.Div:
    """A button that leads to where the step is made; ``note`` says what is needed for it."""
    kind = " ec-primary" if is_first else ""
    look = f"ec-button{kind}"
    link: Component = dcc.Link(label, href=href, className=look)
    if href.startswith("#"):  # a part of this page
        link = html.A(label, href=href, className=look, **{"data-part": href[1:]})
    parts = [link]
    if note:
        parts.append(html.P(note, className="ec-caption"))
    return html.Div(parts, className="ec-next-one")


def contents(titles: Mapping[str, str], default: Iterable[str]) -> html.Nav:
    """Links to the parts of the page, by id; it stays in sight. ``default`` is what is open."""
    links = [
        html.Li(html.A(title, href=f"#{key}", **{"data-part": key}))
        for key, title in titles.items()
    ]
    every = html.Button(
        "Open all", type="button", className="ec-contents-all", **{"data-fold-all": ""}
    )
    return html.Nav(
        [html.Ul(links), every],
        className="ec-contents",
        **{"aria-label": "On this page", "data-default": ",".join(default)},
    )


def fold(
    key: str,
    title: str,
    conclusion: str,
    *children: object,
    caption: object = None,
    is_open: bool = False,
    term: str | None = None,
) -> html.Section:
    """A section that opens; its ``conclusion`` is there in both states.

    ``term`` explains a title with names in it.
    """
    head = html.Summary(
        [
            icon("chevron"),
            html.H2(title, id=f"{key}-title"),
            html.Span(conclusion, className="ec-fold-conclusion"),
        ]
    )
    text = html.P(caption, className="ec-caption ec-section-caption") if caption else None
    body = html.Div([text, *children], className="ec-fold-body")
    details = html.Details(
        [head, body],
        className="ec-fold",
        open=True if is_open else None,
        **{"data-fold": key},
    )
    # Beside the line that opens: a control within another one confuses screen readers.
    return html.Section(
        [mark(title, term), details],
        id=key,
        className="ec-section",
        **{"aria-labelledby": f"{key}-title"},
    )


def filter_line(summary: str, controls: html.Div) -> html.Div:
    """The controls in one line; where it is too narrow, a button with what is chosen opens them.

    On a phone they open in a sheet from below, over the page, whose foot keeps the verdict in sight
    (assets/js/67-filter-line.js puts it there).
    """
    button = html.Button(
        [html.Span(summary, className="ec-filter-summary"), icon("chevron")],
        type="button",
        className="ec-filter-toggle",
        **{"data-filters": "", "aria-expanded": "false", "aria-label": f"Filters: {summary}"},
    )
    foot = html.Div(
        [
            html.P(className="ec-sheet-verdict"),
            html.Button("Done", type="button", className="ec-button ec-primary ec-sheet-done"),
        ],
        className="ec-sheet-foot",
    )
    sheet = html.Div([controls, foot], className="ec-sheet", tabIndex=-1)
    return html.Div([button, sheet], className="ec-filter-line")
