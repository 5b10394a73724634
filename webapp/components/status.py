"""The state of the app on every page: banners about champion and models, the simulated badge."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from webapp.components.icons import icon
from webapp.services.status import Status

BANNER, MODELS_BANNER, BADGE = "champion-banner", "models-banner", "simulated-badge"
BANNER_CLASSES = {BANNER: "ec-banner", MODELS_BANNER: "ec-banner ec-banner-note"}
SIMULATED = "simulated traffic"

_SIMULATED_SHARE = {
    "only": "All traffic in this log is simulated (everycase demo).",
    "some": "This log mixes simulated traffic (everycase demo) with real traffic.",
}
_REFUSED = "Requests without a version are refused until it is back or another one is promoted."
_REMOVE = "To remove it, run: everycase demo --remove"


def banner_texts(status: Status) -> list[tuple[str, str, str]]:
    """Banners as (id, problem, consequence)."""
    texts = []
    if status.problem is not None:
        problem = f"The champion {status.champion} can't answer: {status.problem.rstrip('.')}."
        texts.append((BANNER, problem, _REFUSED))
    if status.models is not None:
        texts.append((MODELS_BANNER, status.models, ""))
    return texts


def badge_title(status: Status) -> str | None:
    """The badge's explanation; None if all traffic is real."""
    share = _SIMULATED_SHARE.get(status.simulated)
    return f"{share} {_REMOVE}" if share else None


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


def simulated_badge(status: Status) -> list[Component]:
    """The badge of simulated traffic; empty if all traffic is real."""
    title = badge_title(status)
    if title is None:
        return []
    explanation = html.Span(f": {title}", className="ec-sr")
    return [html.Span([SIMULATED, explanation], id=BADGE, className="ec-simulated", title=title)]
