"""The dialog in which an administrator chooses which class a version's probability stands for.

It is in the version's row and needs no callback: assets/js/79-choice.js has the rest.
"""

from __future__ import annotations

from typing import Any

from dash import html

from webapp.cases import shorten
from webapp.catalog.versions import Version


def parts(version: Version, *, can_admin: bool) -> list[Any]:
    """A button and its dialog for a version that needs a choice; nothing for others."""
    if version.status != "needs a choice":
        return []
    button = html.Button(
        "Choose…",
        type="button",
        className="ec-button ec-small",
        disabled=None if can_admin else True,
        **{
            "data-choose": version.name,
            "aria-label": f"Choose the positive class of {version.name}",
        },
    )
    return [html.Div(button, className="ec-v-choose"), *([_dialog(version)] if can_admin else [])]


def _dialog(version: Version) -> html.Dialog:
    title = f"What is the probability of {version.name} the probability of?"
    classes = [
        html.Button(shorten(name), type="button", className="ec-button", **{"data-positive": name})
        for name in version.classes
    ]
    cancel = html.Button(
        "Cancel", type="button", className="ec-button", **{"data-choice": "cancel"}
    )
    about = (
        "Outcomes with label 1 are of this class. The choice holds on every machine of this "
        "database; everycase choose changes it later."
    )
    return html.Dialog(
        [
            html.H3(title),
            html.P(about, className="ec-soft"),
            html.P("", className="ec-choice-problem", role="alert"),
            html.Div([*classes, cancel], className="ec-dialog-buttons"),
        ],
        className="ec-choice-dialog",
        **{"data-choice-of": version.name, "aria-label": title},
    )
