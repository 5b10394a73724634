"""Building blocks of the analysts' pages: sections, cards, figures, tables, forests, buttons."""

from __future__ import annotations

from dash import html

from webapp.components.terms import explain


def section(
    title: str, caption: object, *children: object, term: str | None = None
) -> html.Section:
    """A section with a heading and a caption; ``term`` explains a heading with names in it."""
    return html.Section(
        [
            html.H2(explain(title, term)),
            html.P(caption, className="ec-caption ec-section-caption"),
            *children,
        ],
        className="ec-section",
    )


def card(*children: object, title: str | None = None, term: str | None = None) -> html.Div:
    """A card for a chart or a table; ``term`` explains a title with names in it."""
    head = [html.H3(explain(title, term))] if title else []
    return html.Div([*head, *children], className="ec-card ec-report-card")


def graph(name: str, height: int, text: str) -> html.Div:
    """The element that the browser draws the figure ``name`` in; ``text`` describes it."""
    return html.Div(
        role="figure",
        className="ec-figure",
        style={"height": f"{height}px"},
        **{"aria-label": text, "data-figure": name},
    )


def scroll(label: str, table: html.Table) -> html.Div:
    """A table in a region that scrolls sideways where it is too wide."""
    return html.Div(
        table,
        className="ec-table-scroll",
        tabIndex=0,
        role="region",
        **{"aria-label": label},
    )


def forest(
    low: float, value: float, high: float, margin: float, scale: float, tone: str
) -> html.Div:
    """An interval as a line, on a scale from ``-scale`` to ``scale`` with the margin as a band."""

    def at(place: float) -> float:
        return 50 + 50 * max(-1.0, min(1.0, place / scale))

    line = {"left": f"{at(low):.2f}%", "width": f"{max(at(high) - at(low), 0.5):.2f}%"}
    band = {"left": f"{at(-margin):.2f}%", "width": f"{at(margin) - at(-margin):.2f}%"}
    dot = {"left": f"{at(value):.2f}%"}
    return html.Div(
        [
            html.Span(className="ec-forest-band", style=band),
            html.Span(className="ec-forest-zero"),
            html.Span(className=f"ec-forest-line ec-tone-{tone}", style=line),
            html.Span(className=f"ec-forest-dot ec-tone-{tone}", style=dot),
        ],
        className="ec-forest",
        **{"aria-hidden": "true"},
    )


def csv_button(name: str, what: str) -> html.Button:
    """A button that saves the page's table ``name``; ``what`` is its accessible name."""
    return html.Button(
        "CSV",
        type="button",
        className="ec-button ec-save",
        **{"data-csv": name, "aria-label": f"{what} as CSV"},
    )


def png_button(id_: str, what: str) -> html.Button:
    """A button that saves the figure in this element; ``what`` is its accessible name."""
    return html.Button(
        "PNG",
        type="button",
        className="ec-button ec-save",
        **{"data-png": id_, "aria-label": f"{what} as PNG"},
    )
