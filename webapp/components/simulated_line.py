"""The line on a page that shows simulated traffic: that it is, and which real events it hides."""

from __future__ import annotations

from collections.abc import Callable

from dash import dcc, html

from webapp.services.traffic.source_choice import NotShown


def simulated_line(
    id_: str, not_shown: NotShown | None, href: Callable[[str], str], *, is_simulated: bool
) -> html.P | None:
    """The line; None where real traffic is shown. ``href`` is the page's link for a source.

    ``not_shown`` is None where simulated traffic was asked for.
    """
    if not is_simulated:
        return None
    parts: list[object] = ["Simulated traffic."]
    if not_shown is not None and not_shown.events:
        link = dcc.Link(not_shown.link, href=href(not_shown.source), className="ec-link")
        parts += [f" {not_shown.text} — ", link, "."]
    elif not_shown is not None:
        parts.append(f" {not_shown.text}.")
    return html.P(parts, id=id_, className="ec-simulated")
