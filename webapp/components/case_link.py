"""The name of a case as a link to it in Predict."""

from __future__ import annotations

from urllib.parse import urlencode

from dash import dcc

from webapp.cases import Features


def case_link(name: str, features: Features, case: int, version: str) -> dcc.Link:
    """A link to the case, answered by the version."""
    inputs = dict.fromkeys(features.owned(case), "1")
    return dcc.Link(name, href=f"/?{urlencode(inputs | {'version': version})}", className="ec-link")
