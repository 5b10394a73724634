"""Ways to what is missing on several pages: traffic, outcomes, versions. Each is one command."""

from __future__ import annotations

import json
import shlex
from urllib.parse import quote

from dash import dcc, html
from dash.development.base_component import Component
from flask import has_request_context, request

from webapp.cases import Features
from webapp.components.empty_state import command, copyable, empty_state
from webapp.services.traffic.source_choice import ChosenSource
from webapp.services.traffic.store_command import store_command

_HEADER = '-H "Authorization: Bearer $API_TOKEN"'
_JSON = "-H 'Content-Type: application/json'"
_HERE = "http://127.0.0.1:8050/"
_COMMANDS: dict[ChosenSource | None, str] = {
    None: "demo",
    "demo": "demo",
    "replay": "replay --data players.csv",
    "stream": "consume --servers localhost:9092",
    "lake": "lake count --source events.parquet",
}


def to_traffic(
    source: ChosenSource | None, features: Features, *, has_token: bool = False
) -> Component:
    """What brings traffic of a source; without a source, simulated one for a first look."""
    if source in _COMMANDS:
        return command(_COMMANDS[source])
    if source == "form":
        return html.P(dcc.Link("Predict a case and record it", href="/", className="ec-link"))
    if source == "edge":
        link = html.A("How functions send their predictions", href="/docs/serverless")
        return html.P(link)
    header = f"{_HEADER} " if has_token else ""
    if source == "batch":
        rows = json.dumps({"rows": [features.row(0)]})
        return _curl(f"{header}{_address()}api/v1/predict/batch {_JSON} -d {shlex.quote(rows)}")
    query = "&".join(f"{quote(name)}=0" for name in features.names)
    return _curl(header + shlex.quote(f"{_address()}?{query}"))


def to_outcomes(*, has_token: bool) -> Component:
    """What records an outcome; ``has_token``: API_TOKEN is set, without which outcomes are off."""
    intro = "With the id that came with the prediction, in any terminal:"
    if not has_token:
        intro = f"Set API_TOKEN and restart the server. {intro}"
    body = shlex.quote(json.dumps([{"id": "ID", "label": 1}]))
    return _curl(f"{_HEADER} {_address()}api/v1/outcomes {_JSON} -d {body}", intro)


def to_rows(version: str) -> Component:
    """What stores labelled rows for a version that came without training counts or validation."""
    return command(store_command(version).removeprefix("everycase "))


def to_versions(name: str = "churn") -> Component:
    """What trains a version, on a file of yes/no columns and a column ``label``."""
    return command(f"train --data players.csv --name {shlex.quote(name)}")


def no_version(id_: str, purpose: str) -> html.Section:
    """In place of a page that has no version to show; ``purpose`` is what it would show."""
    text = (
        f"{purpose} Put an MLflow model into the models folder, or train one on a file: it "
        "appears here within seconds."
    )
    return empty_state(id_, "No version is ready yet", text, to_versions())


def _curl(arguments: str, intro: str = "In any terminal:") -> html.Div:
    return copyable(f"curl {arguments}", "command", intro)


def _address() -> str:
    """The server's address, as the browser knows it."""
    return request.url_root if has_request_context() else _HERE
