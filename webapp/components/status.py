"""What every page says of the whole app: the champion's banner, the badge of simulated traffic."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from webapp.components.icons import icon
from webapp.services.status import Status

BANNER, MODELS_BANNER, BADGE = "champion-banner", "models-banner", "simulated-badge"
BANNER_CLASSES = {BANNER: "ec-banner", MODELS_BANNER: "ec-banner ec-banner-note"}
SIMULATED = "simulated traffic"

_HELD = {
    "only": "All traffic in the log is simulated, made up by everycase demo.",
    "some": "The log holds simulated traffic, made up by everycase demo, beside the real.",
}
_REFUSED = "Requests that name no version are refused until it is back or another is promoted."
_REMOVE = "To remove it, run: everycase demo --remove"


def banner_texts(shown: Status) -> list[tuple[str, str, str]]:
    """What is wrong, as an id, what it is, and what it means; nothing when nothing is."""
    found = []
    if shown.problem is not None:
        what = f"The champion {shown.champion} can't answer: {shown.problem.rstrip('.')}."
        found.append((BANNER, what, _REFUSED))
    if shown.models is not None:
        found.append((MODELS_BANNER, shown.models, ""))
    return found


def badge_title(shown: Status) -> str | None:
    """What the badge means and how to be rid of it; None when the traffic is real."""
    held = _HELD.get(shown.simulated)
    return f"{held} {_REMOVE}" if held else None


def champion_banner(shown: Status) -> list[Component]:
    """Says loudly that the champion can't answer, or that versions can't come; else empty."""
    return [_banner(*texts) for texts in banner_texts(shown)]


def _banner(name: str, what: str, meaning: str) -> Component:
    inner = html.Div(
        [icon("warning"), html.P([html.Strong(what), " ", meaning])], className="ec-banner-inner"
    )
    role = "alert" if name == BANNER else "status"
    return html.Div(inner, id=name, className=BANNER_CLASSES[name], role=role)


def simulated_badge(shown: Status) -> list[Component]:
    """Stands wherever simulated traffic may be meant; empty when the traffic is real."""
    title = badge_title(shown)
    if title is None:
        return []
    explained = html.Span(f": {title}", className="ec-sr")
    return [html.Span([SIMULATED, explained], id=BADGE, className="ec-simulated", title=title)]
