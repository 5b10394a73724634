"""The result of scoring a file, as the card on the Predict page has it."""

from __future__ import annotations

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from webapp.cases import Features
from webapp.catalog.versions import Version
from webapp.components.icons import icon
from webapp.components.terms import explain
from webapp.files.findings import describe_fault
from webapp.grammar import pluralize, quantity
from webapp.services.formatting import percent
from webapp.services.predict.score_file import PreviewRow, ScoredFile
from webapp.vocabulary import Vocabulary, vocabulary_for

DOWNLOAD_BUTTON = "score-download-button"
MAX_FAULTS = 20  # an input has two at most
MAX_COLUMNS = 12  # of inputs; with more, a row lists those that are 1


def show_result(outcome: ScoredFile, version: Version) -> list[Component]:
    """A scored file: totals, the first rows, the bad rows."""
    assert version.prepared is not None
    vocabulary = vocabulary_for(version.prepared.features)
    bad = _bad_rows(outcome)
    if outcome.rows == 0:
        return [_headline(outcome, downloadable=False), *bad]
    return [
        _headline(outcome, downloadable=True),
        _totals(outcome, vocabulary),
        _preview(outcome, version, vocabulary),
        *bad,
    ]


def show_problem(message: str) -> list[Component]:
    """The message about a file that can't be scored at all."""
    return [html.P([icon("warning"), html.Span(message)], className="ec-notice ec-warn")]


def _headline(outcome: ScoredFile, *, downloadable: bool) -> html.Div:
    name = html.Strong(outcome.filename, className="ec-file-name")
    facts = f"scored with {outcome.version} in {outcome.seconds:.1f} s"
    file = [icon("file"), name, html.Span(facts, className="ec-soft")]
    if outcome.notes:
        file.append(html.Span(f"Read {'; '.join(outcome.notes)}", className="ec-caption"))
    parts: list[Component] = [html.Div(file, className="ec-file")]
    if downloadable:
        parts.append(
            dmc.Button(
                "Download scored CSV",
                id=DOWNLOAD_BUTTON,
                leftSection=icon("download"),
                variant="default",
                size="sm",
            )
        )
    return html.Div(parts, className="ec-file-line")


def _totals(outcome: ScoredFile, vocabulary: Vocabulary) -> html.Div:
    n_expected = round(outcome.expected_positives)
    positives = pluralize(n_expected, vocabulary.positive, vocabulary.positives)
    figures = [
        (f"{outcome.rows:,}", f"{pluralize(outcome.rows, 'row')} scored"),
        (percent(outcome.mean_probability or 0.0), "mean probability"),
        (
            f"{n_expected:,}",
            f"{positives} expected",
        ),
    ]
    if outcome.never_seen is not None:
        figures.append((f"{outcome.never_seen:,}", "never seen in training"))
    tiles = [html.Div([html.Strong(value), html.Span(label)]) for value, label in figures]
    if outcome.bad_total:
        tiles.append(
            html.Div(
                [
                    html.Strong(f"{outcome.bad_total:,}"),
                    html.Span(f"bad {pluralize(outcome.bad_total, 'row')} left out"),
                ],
                className="ec-bad",
            )
        )
    return html.Div(tiles, className="ec-totals")


def _preview(outcome: ScoredFile, version: Version, vocabulary: Vocabulary) -> html.Div:
    assert version.prepared is not None
    features = version.prepared.features
    has_counts = outcome.never_seen is not None
    positive = version.prepared.facts.outcome
    head = _preview_head(features, vocabulary, outcome.unit, positive, has_counts=has_counts)
    rows = [
        _preview_row(row, features, vocabulary, has_counts=has_counts) for row in outcome.preview
    ]
    more = outcome.rows - len(rows)
    note = f"The first {len(rows)} of {outcome.rows:,} rows; all are in the CSV." if more else ""
    table = html.Table([html.Thead(head), html.Tbody(rows)], className="ec-table ec-preview")
    return html.Div([table, html.P(note, className="ec-caption")])


def _by_column(features: Features) -> bool:
    """True if there is room for a column per input; else a row lists those that are 1."""
    return len(features.names) <= MAX_COLUMNS


def _list_class(features: Features) -> str:
    return "ec-narrow" if _by_column(features) else "ec-owns"


def _preview_head(
    features: Features, vocabulary: Vocabulary, unit: str, outcome: str | None, *, has_counts: bool
) -> html.Tr:
    head = [html.Th(explain(unit.capitalize(), "row"), scope="col")]
    if _by_column(features):
        head += [
            html.Th(vocabulary.label(name), scope="col", className="ec-wide")
            for name in features.names
        ]
    head.append(
        html.Th(
            explain(vocabulary.has_heading, "inputs_on"),
            scope="col",
            className=_list_class(features),
        )
    )
    title = f"Probability of {outcome}" if outcome else "Probability"
    head += [html.Td(className="ec-bar-head"), html.Th(explain(title, "predicted"), scope="col")]
    if has_counts:
        name = explain(f"Training {vocabulary.people}", "training_rows")
        head.append(html.Th(name, scope="col", className="ec-wide"))
    return html.Tr(head)


def _preview_row(
    row: PreviewRow, features: Features, vocabulary: Vocabulary, *, has_counts: bool
) -> html.Tr:
    cells = [html.Td(f"{row.line:,}")]
    if _by_column(features):
        bits = features.row(row.case).values()
        cells += [html.Td(b, className="ec-wide" + (" ec-on" if b else "")) for b in bits]
    inputs = vocabulary.list_inputs(features, row.case, " ")
    cells.append(html.Td(inputs, className=_list_class(features)))
    bar = html.I(style={"width": f"{row.probability * 100:.1f}%"})
    cells += [html.Td(bar, className="ec-bar-cell"), html.Td(percent(row.probability))]
    if has_counts:
        cells.append(html.Td(f"{row.training_rows:,}", className="ec-wide"))
    return html.Tr(cells)


def _bad_rows(outcome: ScoredFile) -> list[Component]:
    if not outcome.bad_total:
        return []
    faults = outcome.faults[:MAX_FAULTS]
    items: list[Component] = [html.Li(describe_fault(fault, outcome.unit)) for fault in faults]
    if outcome.rows and outcome.bad_total > len(items):
        items.append(html.Li("The scored CSV names every bad row in its column error."))
    return [
        html.P(
            [icon("warning"), html.Span(f"{quantity(outcome.bad_total, 'bad row')}")],
            className="ec-notice ec-bad-title",
        ),
        html.Ul(items, className="ec-bad-list"),
    ]
