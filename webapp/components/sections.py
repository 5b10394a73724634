"""What sections of analysts' pages are made of."""

from __future__ import annotations

from dash import html


def section(title: str, caption: object, *children: object) -> html.Section:
    """A question of a page, and what answers it."""
    return html.Section(
        [html.H2(title), html.P(caption, className="ec-caption ec-section-caption"), *children],
        className="ec-section",
    )


def card(*children: object, title: str | None = None) -> html.Div:
    """A chart or a table."""
    head = [html.H3(title)] if title else []
    return html.Div([*head, *children], className="ec-card ec-report-card")


def graph(name: str, height: int, text: str) -> html.Div:
    """A figure's place; the browser puts it in, in the colours of the theme."""
    return html.Div(
        role="figure",
        className="ec-figure",
        style={"height": f"{height}px"},
        **{"aria-label": text, "data-figure": name},
    )


def scroll(label: str, table: html.Table) -> html.Div:
    """A table that scrolls by itself where it is too wide; its first column may stay."""
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
    """An interval as a line on a scale whose middle is no difference; the band is the margin."""

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
    """Saves a table of the page's data; ``what`` says which to those who don't see where it is."""
    return html.Button(
        "CSV",
        type="button",
        className="ec-button ec-save",
        **{"data-csv": name, "aria-label": f"{what} as CSV"},
    )


def png_button(id_: str, what: str) -> html.Button:
    """Saves the drawing in the element with this id."""
    return html.Button(
        "PNG",
        type="button",
        className="ec-button ec-save",
        **{"data-png": id_, "aria-label": f"{what} as PNG"},
    )
