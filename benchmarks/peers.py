"""Peers of the app for the same gunicorn, each as ``module:factory()``."""

from __future__ import annotations

import json

from flask import Flask, Response, request

from benchmarks.models import load_model
from webapp.services.context import DEFAULT_CHAMPION

_CONSTANT = '{"success": true, "response": "0.09330838490182568", "version": "none", "case": 0}'


def bare() -> Flask:
    """The least that Flask can do: a constant."""
    server = Flask("bare")
    server.add_url_rule("/", view_func=lambda: Response(_CONSTANT, mimetype="application/json"))
    return server


def naive() -> Flask:
    """The first thing one would write: a data frame per request, and the model's own answer."""
    import pandas as pd

    server = Flask("naive")
    model = load_model(DEFAULT_CHAMPION)
    names = list(model.feature_names_in_)

    def view() -> Response:
        frame = pd.DataFrame({name: [int(request.args.get(name, 0))] for name in names})
        probability = model.predict_proba(frame)[0, 1]
        answer = {"success": True, "response": repr(float(probability))}
        return Response(json.dumps(answer), mimetype="application/json")

    server.add_url_rule("/", view_func=view)
    return server


def plain_dash() -> Flask:
    """The least page with the same inputs: a title and ten switches, in Dash and Mantine."""
    import dash_mantine_components as dmc
    from dash import Dash, html

    app = Dash("plain", title="Plain")
    switches = [dmc.Switch(id=f"G{number}", label=f"G{number}") for number in range(1, 11)]
    app.layout = dmc.MantineProvider([html.H1("Plain"), html.Div(switches)])
    server: Flask = app.server
    return server
