"""Score a file: the last card of the Predict page."""

from __future__ import annotations

import base64
from typing import Any

import dash
import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, dcc, html
from dash.development.base_component import Component

from webapp.cases import Features
from webapp.catalog.versions import Version
from webapp.components.icons import icon
from webapp.files.example import example_csv
from webapp.files.types import FileError
from webapp.pages.predict.cards import card
from webapp.services.context import Services
from webapp.services.predict.score_file import (
    PreviewRow,
    ScoredFile,
    score_file,
    scored_csv,
    scored_name,
)
from webapp.vocabulary import Vocabulary, percent, vocabulary_for

UPLOAD, RESULT = "score-upload", "score-result"
DOWNLOAD_BUTTON, DOWNLOAD = "score-download-button", "score-download"
EXAMPLE_BUTTON, EXAMPLE = "score-example-button", "score-example"
MAX_MIB = 8
BAD_ROWS_SHOWN = 20


def layout(features: Features) -> html.Section:
    """Drop zone and example on the left, the result on the right."""
    first, last = features.names[0], features.names[-1]
    columns = f"columns {first} to {last}" if len(features.names) > 1 else f"a column {first}"
    return card(
        "Score a file",
        f"CSV or Parquet with {columns}. Rows stay in order; bad rows are listed, never guessed.",
        [
            html.Div(
                [
                    html.Div([_drop_zone(), *_example(features)], className="ec-score-left"),
                    dcc.Loading(
                        html.Div(_nothing_yet(), id=RESULT),
                        type="dot",
                        delay_show=300,
                        parent_className="ec-score-right",
                    ),
                ],
                className="ec-score-columns",
            ),
            dcc.Download(id=DOWNLOAD),
            dcc.Download(id=EXAMPLE),
        ],
    )


def register(app: Dash, services: Services, table: str) -> None:
    """``table`` is the store that says which version is shown."""
    _register_scoring(app, services, table)
    _register_download(app, services, table)
    _register_example(app, table)


def _register_scoring(app: Dash, services: Services, table: str) -> None:
    @app.callback(
        Output(RESULT, "children"),
        inputs={
            "contents": Input(UPLOAD, "contents"),
            "shown": Input(table, "data"),
            "filename": State(UPLOAD, "filename"),
        },
        prevent_initial_call=True,
    )
    def score(contents: str | None, shown: dict[str, Any] | None, filename: str | None) -> object:
        """A file was dropped, or another version chosen for the one that lies there."""
        if not contents:
            return dash.no_update
        try:
            version = _version(services, shown)
            scored = score_file(decode(contents), filename or "file", version)
        except FileError as error:
            return problem(str(error))
        return result(scored, version)


def _register_download(app: Dash, services: Services, table: str) -> None:
    @app.callback(
        Output(DOWNLOAD, "data"),
        inputs={
            "clicks": Input(DOWNLOAD_BUTTON, "n_clicks"),
            "contents": State(UPLOAD, "contents"),
            "filename": State(UPLOAD, "filename"),
            "shown": State(table, "data"),
        },
        prevent_initial_call=True,
    )
    def download(
        clicks: int | None, contents: str | None, filename: str | None, shown: dict[str, Any] | None
    ) -> object:
        """The file, scored. It is sent again, so that any server can answer and none keeps it."""
        if not clicks or not contents:
            return dash.no_update
        try:
            text = scored_csv(decode(contents), _version(services, shown))
        except FileError:
            return dash.no_update  # the card says already what is wrong with it
        return dcc.send_bytes(text, scored_name(filename or "file"))


def _register_example(app: Dash, table: str) -> None:
    @app.callback(
        Output(EXAMPLE, "data"),
        Input(EXAMPLE_BUTTON, "n_clicks"),
        State(table, "data"),
        prevent_initial_call=True,
    )
    def example(clicks: int | None, shown: dict[str, Any] | None) -> object:
        """A file of the right form to start from."""
        if not clicks or not shown:
            return dash.no_update
        features = Features(tuple(shown["features"]))
        return dcc.send_string(example_csv(features), "everycase_example.csv")


def decode(contents: str) -> bytes:
    """The bytes of a dcc.Upload's ``data:…;base64,…``. Raises FileError."""
    try:
        return base64.b64decode(contents.partition(",")[2], validate=True)
    except ValueError:
        raise FileError("The upload did not arrive whole: drop the file again.") from None


def _version(services: Services, shown: dict[str, Any] | None) -> Version:
    version = services.catalog.get(str(shown["version"])) if shown else None
    if version is None or version.prepared is None:
        raise FileError("The version can't be served any more: choose another one.")
    return version


def result(scored: ScoredFile, version: Version) -> list[Component]:
    """What was scored: totals, the first rows, the bad rows."""
    assert version.prepared is not None
    vocabulary = vocabulary_for(version.prepared.features)
    bad = _bad_rows(scored)
    if scored.rows == 0:
        return [_headline(scored, downloadable=False), *bad]
    return [
        _headline(scored, downloadable=True),
        _totals(scored, vocabulary),
        _preview(scored, version, vocabulary),
        *bad,
    ]


def problem(message: str) -> list[Component]:
    """A file that can't be scored at all."""
    return [html.P([icon("warning"), html.Span(message)], className="ec-notice ec-warn")]


def _headline(scored: ScoredFile, *, downloadable: bool) -> html.Div:
    name = html.Strong(scored.filename, className="ec-file-name")
    facts = f"scored with {scored.version} in {scored.seconds:.1f} s"
    parts: list[Component] = [
        html.Div([icon("file"), name, html.Span(facts, className="ec-soft")], className="ec-file")
    ]
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


def _totals(scored: ScoredFile, vocabulary: Vocabulary) -> html.Div:
    figures = [
        (f"{scored.rows:,}", "rows scored"),
        (percent(scored.mean_probability or 0.0), "mean probability"),
        (
            f"{scored.expected_buyers:,.0f}",
            f"{vocabulary.positives} expected",
        ),
    ]
    if scored.never_seen is not None:
        figures.append((f"{scored.never_seen:,}", "never seen in training"))
    tiles = [html.Div([html.Strong(value), html.Span(label)]) for value, label in figures]
    if scored.bad_total:
        tiles.append(
            html.Div(
                [html.Strong(f"{scored.bad_total:,}"), html.Span("bad rows left out")],
                className="ec-bad",
            )
        )
    return html.Div(tiles, className="ec-totals")


def _preview(scored: ScoredFile, version: Version, vocabulary: Vocabulary) -> html.Div:
    assert version.prepared is not None
    features = version.prepared.features
    counted = scored.never_seen is not None
    head = _preview_head(features, vocabulary, scored.unit, counted=counted)
    rows = [_preview_row(row, features, vocabulary, counted=counted) for row in scored.preview]
    more = scored.rows - len(rows)
    note = f"The first {len(rows)} of {scored.rows:,} rows; all are in the CSV." if more else ""
    table = html.Table([html.Thead(head), html.Tbody(rows)], className="ec-table ec-preview")
    return html.Div([table, html.P(note, className="ec-caption")])


def _by_column(features: Features) -> bool:
    """A column a feature is readable up to here; beyond, and on narrow screens, a list is."""
    return len(features.names) <= 12


def _owned_class(features: Features) -> str:
    return "ec-narrow" if _by_column(features) else "ec-owns"


def _preview_head(
    features: Features, vocabulary: Vocabulary, unit: str, *, counted: bool
) -> html.Tr:
    head = [html.Th(unit.capitalize(), scope="col")]
    if _by_column(features):
        head += [html.Th(name, scope="col", className="ec-wide") for name in features.names]
    owns = "Owns" if vocabulary.has == "owned" else "On"
    head.append(html.Th(owns, scope="col", className=_owned_class(features)))
    head += [html.Td(className="ec-bar-head"), html.Th("Probability", scope="col")]
    if counted:
        head.append(html.Th(f"Training {vocabulary.people}", scope="col", className="ec-wide"))
    return html.Tr(head)


def _preview_row(
    row: PreviewRow, features: Features, vocabulary: Vocabulary, *, counted: bool
) -> html.Tr:
    cells = [html.Td(f"{row.line:,}")]
    if _by_column(features):
        bits = features.row(row.case).values()
        cells += [html.Td(b, className="ec-wide" + (" ec-on" if b else "")) for b in bits]
    owned = " ".join(features.owned(row.case)) or vocabulary.no_inputs.lower()
    cells.append(html.Td(owned, className=_owned_class(features)))
    bar = html.I(style={"width": f"{row.probability * 100:.1f}%"})
    cells += [html.Td(bar, className="ec-bar-cell"), html.Td(percent(row.probability))]
    if counted:
        cells.append(html.Td(f"{row.training_players:,}", className="ec-wide"))
    return html.Tr(cells)


def _bad_rows(scored: ScoredFile) -> list[Component]:
    if not scored.bad_total:
        return []
    shown = scored.bad[:BAD_ROWS_SHOWN]
    word = scored.unit.capitalize()
    items: list[Component] = [html.Li(f"{word} {row.line:,}: {row.message}") for row in shown]
    if scored.bad_total > len(shown):
        items.append(
            html.Li(f"The first {len(shown)} of {scored.bad_total:,}; all are in the CSV.")
        )
    plural = "row" if scored.bad_total == 1 else "rows"
    return [
        html.P(
            [icon("warning"), html.Span(f"{scored.bad_total:,} bad {plural}")],
            className="ec-notice ec-bad-title",
        ),
        html.Ul(items, className="ec-bad-list"),
    ]


def _drop_zone() -> dcc.Upload:
    return dcc.Upload(
        html.Div(
            [
                html.Span(icon("upload"), className="ec-drop-icon"),
                html.Strong("Drop a file here"),
                html.Span(["or ", html.Span("choose one", className="ec-link")]),
                html.Span(f"up to {MAX_MIB} MiB, 100,000 rows", className="ec-caption"),
            ],
            className="ec-drop-inner",
        ),
        id=UPLOAD,
        className="ec-drop",
        className_active="ec-drop ec-drop-active",
        multiple=False,
    )


def _example(features: Features) -> list[Component]:
    lines = example_csv(features).splitlines()[:3]
    return [
        html.Pre("\n".join(lines), className="ec-code", tabIndex=0),
        dmc.Button("Download an example", id=EXAMPLE_BUTTON, variant="subtle", size="compact-sm"),
    ]


def _nothing_yet() -> html.P:
    return html.P(
        "The result appears here: totals, the first rows, and every row that could not be scored.",
        className="ec-score-empty",
    )
