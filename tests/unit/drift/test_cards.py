"""The figures at the top are calm only where the events can't hide what matters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.support import populations
from tests.support.drift_reports import report_on
from webapp.components.markup import markup
from webapp.pages.drift import cards
from webapp.services.drift.answer import DriftReport
from webapp.stats import drift
from webapp.stats.counts import Counts
from webapp.stats.drift import DriftResult, Window

SCORES = populations.shipped().scores


def report(n: int, outcomes: int, rates: np.ndarray | None = None) -> DriftReport:
    """n events as at training, so many with a label."""
    rng, training = np.random.default_rng(4), populations.shipped().baseline
    assert training is not None
    shares = populations.shares()
    events = rng.multinomial(n, shares)
    share = populations.draw(rng, outcomes, shares, rates).labelled
    labelled_counts = Counts(np.minimum(share.n, events), np.minimum(share.positives, events))
    before, now = Window(training.n, training), Window(events, labelled_counts)
    result = drift.compare(populations.GAMES, SCORES, before, now)
    assert isinstance(result, DriftResult)
    blank = report_on(populations.GAMES, 1, 0)
    scope = replace(blank.scope, scores=SCORES)
    return replace(blank, scope=scope, baseline=before, window=now, result=result)


def verdicts(n: int, outcomes: int, rates: np.ndarray | None = None) -> list[str]:
    """Of skill, ranking, calibration, games that drifted, unseen cases."""
    text = markup(cards.summary_cards(report(n, outcomes, rates)))
    chips = text.split('class="ec-verdict')[1:]
    return [chip.split("</span>", 2)[1].split("<", 1)[0].strip() for chip in chips]


@pytest.mark.parametrize(
    ("n", "outcomes", "words"),
    [
        (30_000, 20_000, ["No loss that matters", "No loss that matters", "Calibrated", "Low"]),
        (30_000, 100, ["Unknown", "Unknown", "Unknown", "Low"]),
        (30_000, 0, ["Unknown", "Unknown", "Unknown", "Low"]),
        (20, 20, ["Unknown", "Unknown", "Unknown", "Inconclusive"]),
    ],
)
def test_calm_needs_evidence(n: int, outcomes: int, words: list[str]) -> None:
    skill, ranking, calibration, _, unseen = verdicts(n, outcomes)
    assert [skill, ranking, calibration, unseen] == words


def test_harm_is_shown() -> None:
    skill, ranking, calibration, *_ = verdicts(30_000, 3000, 1 - SCORES)
    assert (skill, ranking, calibration) == ("Worse", "Worse", "Too low")


def test_what_would_tell_is_on_the_card() -> None:
    assert "no outcomes yet; about 4,6" in markup(cards.summary_cards(report(9000, 0)))


def test_a_change_is_split_once_there_is_enough_to_split() -> None:
    assert set(report(9000, 0).result.splits) == {"score"}
    assert set(report(9000, 40).result.splits) == {"score"}
    assert set(report(9000, 200).result.splits) == {"score", "log_loss", "positives"}
    assert report(40, 40).result.splits == {}
