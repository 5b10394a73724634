"""A model whose inputs are no games is never described in the words of games."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from tests.support.event_logs import hand_services
from tests.support.versions import ready
from webapp.cases import Features
from webapp.catalog.versions import Version
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
NAME = "churn_v1"
NEUTRAL = Features(("late_payments", "new_contract", "support_calls"))
_OF_GAMES = re.compile(
    r"(?<![\w-])(non-)?(games?|buyers?|bought|buys?|purchases?|players?|owners?|own(s|ed)?)\b",
    re.IGNORECASE,
)


def trained(features: Features) -> Version:
    """A version whose cross-validation is enough for a verdict."""
    version = ready(NAME, features)
    assert version.prepared is not None
    assert version.prepared.baseline is not None
    counts = version.prepared.baseline
    baseline = Counts(50 * counts.n, 50 * counts.positives)
    folds = ScoredCounts.of_folds([(version.prepared.scores, baseline)])
    prepared = replace(version.prepared, baseline=baseline, out_of_fold=folds)
    return replace(version, prepared=prepared)


def services_with(features: Features, events: int, outcome: int | None) -> Services:
    """A log of today's traffic in which the first input is always 1; ``outcome`` of all events."""
    services = hand_services([trained(features)])
    rng, at = np.random.default_rng(0), NOW - HOUR_MS
    cases = rng.integers(0, features.cases, events) | 1
    ids = new_ids(NOW, events)
    label_and_time = (outcome, at) if outcome is not None else (None, None)
    rows = [
        Event(id_, at, "api", NAME, int(case), 0.3, *label_and_time)
        for id_, case in zip(ids, cases, strict=True)
    ]
    services.log.record_all(rows, lambda _: None)
    return services


def texts(services: Services) -> Iterator[tuple[str, str]]:
    """What the page, the API and the command say, by name."""
    for query in ({}, {"why": "positives"}, {"why": "score"}, {"baseline": "previous"}):
        layout = page.draw(services, query, NOW)
        yield f"page {query}", json.dumps(layout, default=lambda part: part.to_plotly_json())
    answer = reader.answer_question(services, windows.read({}, NOW))
    yield "API", json.dumps(as_json(answer, NOW))
    yield "command", render_table(answer, NOW)


@pytest.mark.parametrize("outcome", [None, 0, 1])
@pytest.mark.parametrize("events", [0, 1, 2, 900])
def test_no_word_of_games_for_other_inputs(events: int, outcome: int | None) -> None:
    services = services_with(NEUTRAL, events, outcome)
    for name, text in texts(services):
        assert not _OF_GAMES.search(text), (name, _OF_GAMES.search(text))
    services.close()


def test_games_keep_their_words() -> None:
    services = services_with(Features.numbered(3), 900, 0)
    page_text, *_, api, command = (text for _, text in texts(services))
    services.close()
    assert "Which games moved" in page_text
    assert "Purchase rate" in page_text
    for text in (api, command):
        assert "owners of G1 rose from" in text


def test_other_inputs_are_called_by_their_names() -> None:
    services = services_with(NEUTRAL, 900, 0)
    page_text, *_, api, command = (text for _, text in texts(services))
    services.close()
    assert "Which inputs moved" in page_text
    assert "Outcome rate" in page_text
    for text in (api, command):
        assert "cases with late_payments rose from" in text
        assert "no positives among the known outcomes" in text
