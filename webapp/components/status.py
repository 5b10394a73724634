"""What every page says of the whole app: the champion's banner, the badge of simulated traffic."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from webapp.components.icons import icon
from webapp.services.status import Status

BANNER, BADGE = "champion-banner", "simulated-badge"
SIMULATED = "simulated traffic"

_HELD = {
    "only": "All traffic in the log is simulated, made up by everycase demo.",
    "some": "The log holds simulated traffic, made up by everycase demo, beside the real.",
}
_REMOVE = "To remove it, run: everycase demo --remove"


def banner_texts(shown: Status) -> tuple[str, str] | None:
    """What is wrong with the champion, and what that means; None when nothing is."""
    if shown.problem is None:
        return None
    return (
        f"The champion {shown.champion} can't answer: {shown.problem.rstrip('.')}.",
        "Requests that name no version are refused until it is back or another is promoted.",
    )


def badge_title(shown: Status) -> str | None:
    """What the badge means and how to be rid of it; None when the traffic is real."""
    held = _HELD.get(shown.simulated)
    return f"{held} {_REMOVE}" if held else None


def champion_banner(shown: Status) -> list[Component]:
    """Says loudly that the champion can't answer; empty when it can."""
    texts = banner_texts(shown)
    if texts is None:
        return []
    what, meaning = texts
    inner = html.Div(
        [icon("warning"), html.P([html.Strong(what), " ", meaning])], className="ec-banner-inner"
    )
    return [html.Div(inner, id=BANNER, className="ec-banner", role="alert")]


def simulated_badge(shown: Status) -> list[Component]:
    """Stands wherever simulated traffic may be meant; empty when the traffic is real."""
    title = badge_title(shown)
    if title is None:
        return []
    explained = html.Span(f": {title}", className="ec-sr")
    return [html.Span([SIMULATED, explained], id=BADGE, className="ec-simulated", title=title)]
