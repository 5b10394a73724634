"""An uploaded file to compare versions on: where to drop it, and a summary of its rows."""

from __future__ import annotations

from dash import html

from webapp.cases import Features
from webapp.components.icons import icon
from webapp.components.markup import static_html
from webapp.db.tables.uploads import KEPT_MS, Upload
from webapp.files.counted_message import LIMITS, CountedFile
from webapp.files.findings import describe_fault
from webapp.files.readings import LABEL
from webapp.files.types import MIB
from webapp.grammar import pluralize, quantity
from webapp.services.compare.answer import CompareAnswer
from webapp.services.compare.reader import file_counts
from webapp.services.formatting import share
from webapp.timing import DAY_MS

_BAD_LISTED = 20  # faults, or bad rows


def upload(answer: CompareAnswer | None, *, is_needed: bool = False) -> html.Div:
    """The drop zone, hidden until a file is to be chosen, and the file of this comparison."""
    file = answer.upload if answer is not None else None
    features = answer.features if answer is not None else None
    return html.Div(
        [
            html.Div(static_html(_zone(features)), id="compare-upload", hidden=not is_needed),
            html.Div(
                static_html(_describe(file, answer)) if file and answer else None, id="compare-file"
            ),
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
            html.P(_requirements(features), className="ec-caption"),
            html.Div(
                [
                    html.Progress(
                        id="compare-progress",
                        max="1",
                        value="0",
                        **{"aria-label": "Upload progress"},
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


def _requirements(features: Features | None) -> str:
    columns = ""
    if features is not None:
        first, last = features.names[0], features.names[-1]
        columns = f" with {first}" + (f" to {last}" if first != last else "") + f" and {LABEL}"
    return (
        f"CSV, Excel or Parquet{columns}, 0 or 1 or yes or no each; up to {LIMITS.rows:,} rows and "
        f"{LIMITS.bytes // MIB} MiB. Only the counts are kept, for {KEPT_MS // DAY_MS} days, under "
        "a link that nobody can guess."
    )


def _describe(upload: Upload, answer: CompareAnswer) -> html.Div:
    file = file_counts(upload)
    facts = f"{quantity(file.counts.total, 'row')}, {share(file.counts.base_rate, 1)} with label 1"
    if file.unknown:
        facts += f"; {file.unknown:,} more without a label"
    if answer.left_out:
        rest = quantity(answer.labelled.total, "row")
        facts += f"; compared on {rest} that no version was trained on"
    if file.notes:
        facts += f". Read {'; '.join(file.notes)}"
    return html.Div(
        [
            html.Div(
                [
                    icon("file"),
                    html.Strong(upload.name, className="ec-file-name"),
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
            *_bad_rows(file),
        ]
    )


def _bad_rows(file: CountedFile) -> list[html.Details]:
    if not file.bad_total:
        return []
    were = pluralize(file.bad_total, "was", "were")
    faults = file.faults[:_BAD_LISTED]
    texts = [describe_fault(fault, file.unit) for fault in faults]
    if not texts:  # a file from before faults were counted
        first = file.bad[:_BAD_LISTED]
        texts = [f"{file.unit.capitalize()} {row.line:,}: {row.message}" for row in first]
    lines = [html.Li(text) for text in texts]
    rows_told = sum(fault.n for fault in faults) or len(lines)
    if file.bad_total > rows_told:
        lines.append(html.Li(f"and {file.bad_total - rows_told:,} more"))
    text = html.Span(f"{quantity(file.bad_total, 'row')} {were} left out")
    return [
        html.Details(
            [
                html.Summary([icon("warning"), text], className="ec-bad-title"),
                html.Ul(lines, className="ec-bad-list"),
            ],
            open="",
        )
    ]
