"""The state of the app on every page: banners about the champion and about models."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from webapp.components.icons import icon
from webapp.services.status import Status

BANNER, MODELS_BANNER = "champion-banner", "models-banner"
BANNER_CLASSES = {BANNER: "ec-banner", MODELS_BANNER: "ec-banner ec-banner-note"}

_REFUSED = "Requests without a version are refused until it is back or another one is promoted."


def banner_texts(status: Status) -> list[tuple[str, str, str]]:
    """Banners as (id, problem, consequence)."""
    texts = []
    if status.problem is not None:
        problem = f"The champion {status.champion} can't answer: {status.problem.rstrip('.')}."
        texts.append((BANNER, problem, _REFUSED))
    if status.models is not None:
        texts.append((MODELS_BANNER, status.models, ""))
    return texts


def champion_banner(status: Status) -> list[Component]:
    """Banners if the champion can't answer, or if new versions can't arrive."""
    return [_banner(*texts) for texts in banner_texts(status)]


def _banner(name: str, problem: str, consequence: str) -> Component:
    inner = html.Div(
        [icon("warning"), html.P([html.Strong(problem), " ", consequence])],
        className="ec-banner-inner",
    )
    role = "alert" if name == BANNER else "status"
    return html.Div(inner, id=name, className=BANNER_CLASSES[name], role=role)
