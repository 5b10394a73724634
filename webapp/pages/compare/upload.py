"""An uploaded file to compare versions on: where to drop it, and what it came to."""

from __future__ import annotations

from dash import html

from webapp.cases import Features
from webapp.components.icons import icon
from webapp.components.markup import static_html
from webapp.db.tables.uploads import KEPT_MS, Upload
from webapp.files.counted_message import LIMITS, Counted
from webapp.files.types import MIB
from webapp.services.compare.answer import Answer
from webapp.services.compare.reader import counted
from webapp.services.formatting import share
from webapp.timing import DAY_MS

_SHOWN = 20  # bad rows


def upload(answer: Answer | None) -> html.Div:
    """The drop zone, hidden until it is asked for, and the file that is looked at."""
    shown = answer.upload if answer is not None else None
    features = answer.features if answer is not None else None
    return html.Div(
        [
            html.Div(static_html(_zone(features)), id="compare-upload", hidden=True),
            html.Div(static_html(_about(shown)) if shown is not None else None, id="compare-file"),
        ]
    )


def _zone(features: Features | None) -> html.Div:
    """The browser makes it work (assets/js/75-upload.js)."""
    return html.Div(
        [
            html.Button(
                [
                    html.Span(icon("upload"), className="ec-drop-icon"),
                    html.Strong("Drop a labelled file here"),
                    html.Span(["or ", html.Span("choose one", className="ec-link")]),
                ],
                type="button",
                id="compare-drop",
                className="ec-drop ec-drop-inner",
            ),
            html.P(_wanted(features), className="ec-caption"),
            html.Div(
                [
                    html.Progress(
                        id="compare-progress",
                        max="1",
                        value="0",
                        **{"aria-label": "How far the file is"},
                    ),
                    html.Span(id="compare-progress-said", className="ec-caption", role="status"),
                ],
                id="compare-progress-line",
                hidden="",
            ),
            html.P(id="compare-upload-problem", className="ec-bad-title", role="alert"),
        ],
        className="ec-card ec-compare-upload",
    )


def _wanted(features: Features | None) -> str:
    names = ""
    if features is not None:
        first, last = features.names[0], features.names[-1]
        names = f" with {first}" + (f" to {last}" if first != last else "") + " and label"
    return (
        f"CSV or Parquet{names}, 0 or 1 each; up to {LIMITS.rows:,} rows, {LIMITS.bytes // MIB} "
        f"MiB. Only its counts are kept, for {KEPT_MS // DAY_MS} days, under a link that nobody "
        "can guess."
    )


def _about(found: Upload) -> html.Div:
    known = counted(found)
    bought = share(known.counts.base_rate, 1)
    facts = f"{known.counts.total:,} rows, {bought} of them with label 1"
    return html.Div(
        [
            html.Div(
                [
                    icon("file"),
                    html.Strong(found.name, className="ec-file-name"),
                    html.Span(facts, className="ec-soft"),
                    html.Button(
                        "Another file",
                        type="button",
                        id="compare-another",
                        className="ec-button",
                    ),
                ],
                className="ec-file",
            ),
            *_bad(known),
        ]
    )


def _bad(known: Counted) -> list[html.Details]:
    if not known.bad_total:
        return []
    one = known.bad_total == 1
    said = f"{known.bad_total:,} {'row is' if one else 'rows are'} left out"
    lines = [
        html.Li(f"{known.unit.capitalize()} {row.line:,}: {row.message}")
        for row in known.bad[:_SHOWN]
    ]
    if known.bad_total > len(lines):
        lines.append(html.Li(f"and {known.bad_total - len(lines):,} more"))
    return [
        html.Details(
            [
                html.Summary([icon("warning"), html.Span(said)], className="ec-bad-title"),
                html.Ul(lines, className="ec-bad-list"),
            ],
            open="",
        )
    ]
