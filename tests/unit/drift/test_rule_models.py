"""A rule model, whose scores are exactly 0 and 1, on Drift: page, API and command."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from tests.support.event_logs import hand_services
from tests.support.versions import ready
from webapp.cases import Features
from webapp.cli.drift import render_table
from webapp.db.ids import new_ids
from webapp.events.record import Event
from webapp.pages.drift import page
from webapp.services.context import Services
from webapp.services.drift import reader
from webapp.services.drift.as_json import as_json
from webapp.services.traffic import windows
from webapp.stats.counts import Counts
from webapp.stats.scored_counts import ScoredCounts
from webapp.timing import DAY_MS, HOUR_MS

NOW = 20_780 * DAY_MS + 15 * HOUR_MS
FEATURES = Features(("late", "new", "calls"))


@pytest.fixture
def services() -> Iterator[Services]:
    """A version that says yes to ``late``; it is wrong in 5 % at training and in 20 % now."""
    version = ready("rule_v1", FEATURES)
    assert version.prepared is not None
    rule = np.arange(8) % 2
    n = np.full(8, 500)
    baseline = Counts(n, np.where(rule == 1, 475, 25))
    scores = rule.astype(float)
    folds = ScoredCounts.of_folds([(scores, baseline)])  # a rule doesn't depend on its rows
    prepared = replace(version.prepared, scores=scores, baseline=baseline, out_of_fold=folds)
    services = hand_services([replace(version, prepared=prepared)])
    rng = np.random.default_rng(0)
    cases, at = rng.integers(0, 8, 1200), NOW - HOUR_MS
    labels = np.where(rng.random(1200) < 0.2, 1 - rule[cases], rule[cases])
    rows = [
        Event(id_, at, "api", "rule_v1", int(case), float(rule[case]), int(label), at)
        for id_, case, label in zip(new_ids(NOW, 1200), cases, labels, strict=True)
    ]
    services.log.record_all(rows, lambda _: None)
    yield services
    services.close()


@pytest.mark.parametrize("query", [{}, {"why": "score"}])
def test_every_number_is_finite(services: Services, query: dict[str, str]) -> None:
    answer = reader.answer_question(services, windows.read({}, NOW))
    form = as_json(answer, NOW)
    json.dumps(form, allow_nan=False)
    text = json.dumps(page.draw(services, query, NOW), default=lambda part: part.to_plotly_json())
    assert "NaN" not in text
    for place in (text, render_table(answer, NOW)):
        assert "1,200 events have a score of exactly 0 or 1" in place


def test_harm_is_seen_through_the_noise_of_36_nats(services: Services) -> None:
    form = as_json(reader.answer_question(services, windows.read({}, NOW)), NOW)
    loss = form["performance"]["window"]["log_loss"]
    assert loss["value"] == pytest.approx(0.2 * 36.04, rel=0.15)
    assert loss["low"] < loss["value"] < loss["high"]
    assert form["performance"]["verdict"] == "worse"
