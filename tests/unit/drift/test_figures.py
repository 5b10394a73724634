"""What charts over time and histograms are drawn from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from webapp.pages.drift import figure_time
from webapp.pages.drift.figure_scores import score_bars
from webapp.pages.drift.figure_time import Span
from webapp.stats.series import Series
from webapp.timing import DAY_MS

START = 20_767 * DAY_MS  # 10 Nov 2026
WITH_A_GAP = [0, 1, 2, 23, 24]  # days


def span_of(days: list[int]) -> Span:
    begins = START + np.array(days) * DAY_MS
    return Span(begins, DAY_MS, START, int(begins[-1]) + DAY_MS)


def series_of(days: list[int], n: list[int], outcomes: list[int]) -> Series:
    count = np.array(n)
    line = np.linspace(0.3, 0.4, len(days))
    band = (line, line - 0.05, line + 0.05)
    shares = tuple(np.tile(part[:, None], (1, 3)) for part in band)
    begins = START + np.array(days) * DAY_MS
    return Series(begins, count, np.array(outcomes), shares, band, line + 0.1, line, band)  # type: ignore[arg-type]


def test_a_gap_of_weeks_breaks_lines_and_bands() -> None:
    span = span_of(WITH_A_GAP)
    assert span.broken([1, 2, 3, 4, 5]) == [1, 2, 3, None, 4, 5]
    assert len(span.x) == 6
    assert span.x[2] < span.x[3] < span.x[4]
    figure = figure_time.harm(series_of(WITH_A_GAP, [50] * 5, [40] * 5), span, None)
    band, line, *_ = figure["data"]
    assert line["y"][3] is None
    assert band["x"].count(None) == 1, "two areas"
    lengths = [len(part) for part in _runs(band["x"])]
    assert lengths == [6, 4], "there and back"


def _runs(values: list[Any]) -> list[list[Any]]:
    runs: list[list[Any]] = [[]]
    for value in values:
        if value is None:
            runs.append([])
        else:
            runs[-1].append(value)
    return runs


def test_without_a_gap_nothing_breaks() -> None:
    span = span_of([0, 1, 2])
    assert span.broken([1, 2, 3]) == [1, 2, 3]
    assert (
        None
        not in figure_time.harm(series_of([0, 1, 2], [9] * 3, [9] * 3), span, 0.3)["data"][1]["y"]
    )


@pytest.mark.parametrize(
    ("n", "ticks"),
    [([1], {"dtick": 1, "tickformat": ",d"}), ([4], {"dtick": 1}), ([5], {"nticks": 5}),
     ([2_000_000], {"nticks": 5, "tickformat": "~s"}), ([10**8], {"tickformat": "~s"})],
)  # fmt: skip
def test_no_number_of_events_is_on_an_axis_twice(n: list[int], ticks: dict[str, Any]) -> None:
    """Between two whole numbers is no tick, which would be written as one of them."""
    figure = figure_time.volume(series_of([0], n, [0]), span_of([0]), None)
    assert figure["layout"]["yaxis"].items() >= ticks.items()


def test_the_tail_of_outcomes_is_veiled_and_hatched() -> None:
    days = list(range(10))
    series = series_of(days, [100] * 10, [80] * 8 + [20, 5])
    figure = figure_time.harm(series, span_of(days), None)
    assert figure["data"][-1]["marker"]["pattern"]["shape"] == [""] * 8 + ["/", "/"]
    texts = [one["text"] for one in figure["layout"]["annotations"]]
    assert "outcomes still coming in" in texts


@pytest.mark.parametrize("highest", [1.0, 0.63, 0.2, 0.05, 0.0004, 0.00003])
def test_bins_hold_all_events_of_any_scores(highest: float) -> None:
    """Bars are as NumPy's histogram counts, and have room for at least ten of them."""
    rng = np.random.default_rng(3)
    scores = np.append(rng.random(255) * highest, highest)
    window, baseline = rng.poisson(30, (2, 256))
    bars, line = score_bars(scores, baseline, window)["data"]
    size = bars["width"] / 0.85
    assert sum(bars["y"]) == pytest.approx(1)
    assert sum(line["y"]) == pytest.approx(1)
    if highest > 0.0005:
        assert 10 <= len(bars["x"]) <= 51
    edges = np.append(np.arange(len(bars["x"])), len(bars["x"]) + 1e-6) * size
    counts, _ = np.histogram(np.minimum(scores, edges[-1] - size / 2), edges, weights=window)
    assert bars["y"] == pytest.approx(counts / window.sum(), abs=0.02)
    assert bars["x"][-1] + size / 2 >= highest - 1e-12
