"""The card that scores a file, last on the Predict page."""

from __future__ import annotations

import base64

import dash
import dash_mantine_components as dmc
from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html
from dash.development.base_component import Component

from webapp.api.browser_values import read_object, read_text
from webapp.cases import Features
from webapp.catalog.versions import Version
from webapp.components.icons import icon
from webapp.files.example import example_csv
from webapp.files.types import FileError
from webapp.pages.predict.cards import SCORE, card
from webapp.pages.predict.score_result import DOWNLOAD_BUTTON, show_problem, show_result
from webapp.services.context import Services
from webapp.services.predict.score_file import score_file, scored_csv, scored_name

UPLOAD, REQUEST, RESULT = "score-upload", "score-request", "score-result"
DOWNLOAD = "score-download"
EXAMPLE_BUTTON, EXAMPLE = "score-example-button", "score-example"
MAX_MIB = 8


def layout(features: Features) -> html.Section:
    """Drop zone and example on the left, the result on the right."""
    first, last = features.names[0], features.names[-1]
    columns = f"columns {first} to {last}" if len(features.names) > 1 else f"a column {first}"
    return card(
        "Score a file",
        f"CSV, Excel or Parquet with {columns}, as 0 and 1, yes and no, or TRUE and FALSE. "
        "Rows stay in order; bad rows are listed, never guessed.",
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
            dcc.Store(id=REQUEST),
            dcc.Download(id=DOWNLOAD),
            dcc.Download(id=EXAMPLE),
        ],
        id=SCORE,
    )


def register(app: Dash, services: Services, table: str) -> None:
    """Connect the card; ``table`` is the id of the store with the version on the page."""
    _register_scoring(app, services, table)
    _register_download(app, services, table)
    _register_example(app, services, table)


def _register_scoring(app: Dash, services: Services, table: str) -> None:
    app.clientside_callback(
        ClientsideFunction("everycasePredict", "requestScores"),
        Output(REQUEST, "data"),
        Input(UPLOAD, "contents"),
        Input(table, "data"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output(RESULT, "children"),
        inputs={
            "model": Input(REQUEST, "data"),
            "contents": State(UPLOAD, "contents"),
            "filename": State(UPLOAD, "filename"),
        },
        prevent_initial_call=True,
    )
    def score(model: object, contents: str | None, filename: str | None) -> object:
        """Fires when a file is dropped, or when the version changes: shows the file's result."""
        if not contents:
            return dash.no_update
        try:
            version = _find_version(services, model, REQUEST)
            outcome = score_file(decode(contents), filename or "file", version)
        except FileError as error:
            return show_problem(str(error))
        return show_result(outcome, version)


def _register_download(app: Dash, services: Services, table: str) -> None:
    @app.callback(
        Output(DOWNLOAD, "data"),
        inputs={
            "clicks": Input(DOWNLOAD_BUTTON, "n_clicks"),
            "contents": State(UPLOAD, "contents"),
            "filename": State(UPLOAD, "filename"),
            "model": State(table, "data"),
        },
        running=[(Output(DOWNLOAD_BUTTON, "loading"), True, False)],
        prevent_initial_call=True,
    )
    def download(
        clicks: int | None, contents: str | None, filename: str | None, model: object
    ) -> object:
        """Fires on the download button: scores the file again, so that no server need keep it."""
        if not clicks or not contents:
            return dash.no_update
        try:
            text = scored_csv(decode(contents), _find_version(services, model))
        except FileError:
            return dash.no_update  # the card shows the problem already
        return dcc.send_bytes(text, scored_name(filename or "file"))


def _register_example(app: Dash, services: Services, table: str) -> None:
    @app.callback(
        Output(EXAMPLE, "data"),
        Input(EXAMPLE_BUTTON, "n_clicks"),
        State(table, "data"),
        prevent_initial_call=True,
    )
    def example(clicks: int | None, model: object) -> object:
        """Fires on the example button: downloads a file with the version's columns."""
        if not clicks:
            return dash.no_update
        try:
            prepared = _find_version(services, model).prepared
        except FileError:
            return dash.no_update  # the version is gone, and with it what its files have
        assert prepared is not None
        return dcc.send_string(example_csv(prepared.features), "everycase_example.csv")


def decode(contents: str) -> bytes:
    """The bytes of a dcc.Upload's ``data:…;base64,…``. Raises FileError."""
    try:
        return base64.b64decode(contents.partition(",")[2], validate=True)
    except ValueError:
        raise FileError("The upload did not arrive whole: drop the file again.") from None


def _find_version(services: Services, model: object, source: str = "predict-table") -> Version:
    """The version in a store of the page. Raises FileError, and InputError for a wrong value."""
    table = read_object(f"{source}.data", model) or {}
    name = read_text(f"{source}.data.version", table.get("version"))
    version = services.catalog.get(name) if name else None
    if version is None or version.prepared is None:
        raise FileError("This version is no longer available: choose another one.")
    return version


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
        "The result appears here: totals, the first rows, and every row that couldn't be scored.",
        className="ec-score-empty",
    )
