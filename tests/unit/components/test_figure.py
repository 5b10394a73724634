"""Figures: valid for Plotly, in colours that the theme has, drawn by the bundle that is sent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from plotly.offline import get_plotlyjs_version

from tests.support import populations
from tests.support.event_logs import hand_services
from webapp.catalog.versions import Version
from webapp.components import document
from webapp.db.ids import new_ids
from webapp.events.record import Event
from webapp.pages.drift import browser_data as drift_browser_data
from webapp.services.drift import reader as drift_reader
from webapp.services.traffic import windows
from webapp.settings import ROOT
from webapp.timing import DAY_MS

NOW = 20_780 * DAY_MS
NAME = "logit_games_v1"
CSS = (ROOT / "assets" / "css" / "everycase.css").read_text()
# Trace types of plotly.js's cartesian bundle (its dist/README.md)
CARTESIAN = {"scatter", "bar", "box", "heatmap", "histogram", "histogram2d", "image", "contour"}


@pytest.fixture(scope="module", params=["labelled", "unlabelled", "one event"])
def rendering(request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
    """Everything that the page draws from."""
    services = hand_services([Version(NAME, "ready", prepared=populations.shipped())])
    rng = np.random.default_rng(0)
    n = 1 if request.param == "one event" else 900
    cases = rng.choice(1024, n, p=populations.shifted(7, 0.2))
    ids = new_ids(NOW, n)
    at = NOW - rng.integers(1, 20 * DAY_MS, n) if n > 1 else [NOW - 1]
    label = (lambda t: (int(rng.random() < 0.2), t)) if request.param == "labelled" else None
    events = [
        Event(id_, int(t), "api", NAME, int(c), 0.3, *(label(int(t)) if label else (None, None)))
        for id_, t, c in zip(ids, at, cases, strict=True)
    ]
    services.log.record_all(events, lambda _: None)
    yield drift_browser_data.draw_data(
        drift_reader.answer_question(services, windows.read({}, NOW))
    )
    services.close()


def strings(value: Any) -> Iterator[str]:
    """All texts in a figure."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from strings(inner)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)


def coloured(value: Any) -> Any:
    """A figure with one colour for every token, as the browser fills them in."""
    if isinstance(value, str) and value.startswith("$"):
        return "Inter" if value == "$font" else "#123456"
    if isinstance(value, (list, tuple)):
        return [coloured(inner) for inner in value]
    if isinstance(value, dict):
        return {name: coloured(inner) for name, inner in value.items()}
    return value


def test_plotly_takes_every_figure(rendering: dict[str, Any]) -> None:
    assert {"drift-harm", "drift-map", "drift-pairs", "drift-scores", "drift-volume"} <= set(
        rendering["figures"]
    )
    for figure in rendering["figures"].values():
        go.Figure(coloured(figure), skip_invalid=False)  # raises ValueError
        assert {trace["type"] for trace in figure["data"]} <= CARTESIAN


def test_every_colour_is_one_of_the_theme(rendering: dict[str, Any]) -> None:
    tokens = {t for t in strings(rendering["figures"]) if t.startswith("$")} - {"$font"}
    assert tokens
    for token in tokens:
        name = re.sub(r"/[\d.]+$", "", token[1:])
        base = "report-ramp" if name.startswith("diverging") else name
        assert f"--ec-{base}:" in CSS, token


def test_the_bundle_is_of_the_version_that_plotly_has() -> None:
    path = ROOT / "assets" / document.PLOTLY.removeprefix("/assets/").split("?")[0]
    begins = path.read_text("utf-8")[:100]
    assert f"plotly.js (cartesian - minified) v{get_plotlyjs_version()}" in begins
    assert get_plotlyjs_version() in path.name


def test_the_form_has_no_nan(rendering: dict[str, Any]) -> None:
    def numbers(value: Any) -> Iterator[float]:
        if isinstance(value, float):
            yield value
        elif isinstance(value, (list, tuple)):
            for inner in value:
                yield from numbers(inner)
        elif isinstance(value, dict):
            for inner in value.values():
                yield from numbers(inner)

    assert np.isfinite(list(numbers(rendering))).all()
