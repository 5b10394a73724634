"""The backtest of the policies as the Models page shows it."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import pytest

from tests.support.models_view import job, plain
from tests.support.traffic import NOW, with_versions
from tests.unit.components.test_figure import CSS, coloured, strings
from webapp.api.auth import Access
from webapp.pages.models import backtest as models_backtest
from webapp.pages.models import figure_backtest, page
from webapp.pages.models.cards import backtest_card
from webapp.server.session_files import SessionFiles
from webapp.services.models import backtest_result
from webapp.services.models.backtest_result import BacktestView
from webapp.timing import DAY_MS


def policy(name: str, loss: float, ends: list[float], retrains: int = 1) -> dict[str, Any]:
    return {
        "policy": name,
        "log_loss": loss,
        "auc": 0.7,
        "brier": 0.1,
        "retrains": retrains,
        "seconds": 1.5,
        "retrained": [
            {
                "at": NOW + i * DAY_MS,
                "challenger": "logit@2000",
                "trained_on": 2000,
                "difference": ends[i],
                "explanation": "The outcomes of <500> events became known; " * 3,
            }
            for i in range(retrains)
        ],
        "curve": {
            "at": [NOW + i * DAY_MS for i in range(len(ends))],
            "difference": ends,
            "share": [0.0] * len(ends),
        },
    }


RESULT: dict[str, Any] = {
    "source": {"traffic": "real"},
    "unit": "day",
    "start": 4000,
    "events": 18_905,
    "checks": 3,
    "first": "logit@all",
    "policies": [
        policy("never", 0.3395, [0.0, 0.0, 0.0], 0),
        policy("periodic", 0.3233, [3.0, -50.0, -306.4], 2),
        policy("on_error", 0.3318, [0.0, 0.0, -145.0]),
        policy("on_gain", 0.3173, [0.0, -80.0, -420.2], 2),
    ],
}


def viewed(result: dict[str, Any] = RESULT) -> BacktestView:
    view = backtest_result.view(job(kind="backtest", state="done", result=result, finished_at=NOW))
    assert view is not None
    return view


def test_policies_stand_best_first_with_the_one_in_use_marked() -> None:
    view = viewed()
    assert [track.policy for track in view.tracks] == ["on_gain", "periodic", "on_error", "never"]
    text = plain(models_backtest.body(view, "periodic"))
    assert "on_gain 0.3173 0.700 2 periodic in use 0.3233 0.700 2 on_error" in text
    assert models_backtest.conclusion(view.tracks) == (
        "on_gain ended 114 nats lower than periodic, with 2 retrains against 2."
    )
    assert models_backtest.conclusion(view.tracks[:1]) == ""


@pytest.mark.parametrize("unit", ["day", "row"])
def test_the_figure_is_valid_with_names_apart(unit: str) -> None:
    figure = figure_backtest.backtest(replace(viewed(), unit=unit), "on_gain")
    go.Figure(coloured(figure), skip_invalid=False)
    for token in {t for t in strings(figure) if re.fullmatch(r"\$[\w-]+", t)} - {"$font"}:
        assert f"--ec-{token[1:]}:" in CSS, token
    names = {note["text"]: note["y"] for note in figure["layout"]["annotations"]}
    assert "<b>on_gain</b>  −420" in names
    assert "<b>never</b>  0" in names
    at = sorted(names.values())
    assert min(b - a for a, b in pairwise(at)) >= 420.2 * figure_backtest._APART * 0.99
    dots = [trace for trace in figure["data"] if trace["mode"] == "markers"]
    assert sum(len(trace["x"]) for trace in dots) == 5
    assert "<500>" not in str(dots)


@pytest.mark.parametrize(("days", "tick"), [(1, DAY_MS), (4, DAY_MS), (5, None)])
def test_no_day_is_on_the_axis_twice(days: int, tick: int | None) -> None:
    """On few days Plotly's own ticks are hours apart, and each is written as its day."""
    tracks = [replace(track, at=[NOW, NOW + days * DAY_MS], difference=[0, 1], retrains=[])
              for track in viewed().tracks]  # fmt: skip
    axis = figure_backtest.backtest(replace(viewed(), tracks=tracks), "on_gain")["layout"]["xaxis"]
    assert axis.get("dtick") == tick


def test_lines_that_end_in_one_place_have_names_apart() -> None:
    same = RESULT | {"policies": [policy(p, 0.3, [0.0, 0.0], 0) for p in ("never", "on_gain")]}
    notes = figure_backtest.backtest(viewed(same), "on_gain")["layout"]["annotations"]
    assert notes[0]["y"] != notes[1]["y"]


@pytest.mark.parametrize(
    "result",
    [
        None,
        {},
        {"policies": 5},
        RESULT | {"policies": [{"policy": "x"}]},
        RESULT | {"unit": None, "events": None},
    ],
)
def test_results_of_another_form_are_not_shown(result: Any) -> None:
    assert backtest_result.view(job(kind="backtest", state="done", result=result)) is None


def test_only_what_is_done_is_shown() -> None:
    assert backtest_result.view(job(kind="backtest", state="failed", result=RESULT)) is None
    assert backtest_result.view(job(kind="retrain", state="done", result=RESULT)) is None


def test_the_card_keeps_the_last_result_whatever_happens_after(tmp_path: Path) -> None:
    services = with_versions()
    permissions = Access("k" * 32, SessionFiles(tmp_path))
    assert "No backtest yet." in plain(page.draw(services, {}, NOW, permissions))
    first = services.jobs.add("backtest", {}, "ann", NOW)
    services.jobs.begin(first.id, NOW)
    running = backtest_card(services, NOW + 1, can_admin=True)
    assert running.running
    assert f'data-job="{first.id}"' in str(running.card)
    services.jobs.end(first.id, "done", "Done.", NOW + 2, result=RESULT)
    second = services.jobs.add("backtest", {}, "ann", NOW + 3)
    services.jobs.end(second.id, "failed", "It broke.", NOW + 4)
    content = page.draw(services, {}, NOW + 5, permissions)
    text = plain(content)
    assert "Backtest: failed. 23 Nov: It broke." in text
    assert "18,905 events in 3 checks, after 4,000 to start with. Run on 23 Nov." in text
    assert "on_gain in use 0.3173 0.700 2" in text
    data = next(c for c in content.children if getattr(c, "id", "") == "models-data").data
    assert "models-backtest" in data["figures"]
    services.close()
