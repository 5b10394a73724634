"""The sentence on drift is grammatical for every number of events, outcomes and inputs."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from tests.support import populations
from tests.support.drift_reports import NOW, SINCE, UNTIL, report_on
from webapp.cases import Features
from webapp.cli.drift import render_table
from webapp.components.markup import markup
from webapp.grammar import capitalize, pluralize, quantity
from webapp.pages.drift import cards
from webapp.pages.drift.tables import why_table
from webapp.services.drift.answer import DriftReport, NoAnswer, Reason
from webapp.services.drift.columns import csv_table
from webapp.services.drift.sentence import compose
from webapp.stats import drift
from webapp.stats.drift import DriftResult, Window
from webapp.timing import DAY_MS, HOUR_MS

NBSP = "\u00a0"
COUNTS = (1, 2, 3, 1200)
_SINGULAR = re.compile(r"(?<![\d.,])1[\s\u00a0]+(more )?[a-z]+s\b(?<!is)(?<!was)")
_PLURAL = re.compile(
    r"(?<![\d.,])(?!1 )[\d,]+ (event|outcome|game|input|case|pair|change|dataset)\b"
)


def assert_grammatical(text: str) -> None:
    """No number disagrees with its noun or verb, nothing is missing, and sentences end."""
    assert not _SINGULAR.search(text), text
    assert not _PLURAL.search(text), text
    assert not re.search(r"(?<![\d.,])1 \w+ [^.:;]*\bare\b", text), text
    assert "None" not in text
    assert "  " not in text
    assert text.endswith(".")


@pytest.mark.parametrize("inputs", [1, 2, 3, 10])
@pytest.mark.parametrize("events", COUNTS)
def test_every_number_agrees(inputs: int, events: int) -> None:
    features = Features.numbered(inputs)
    all_ones = np.eye(features.cases)[-1]
    for outcomes in sorted({0, 1, 2, events}):
        for cases in (None, all_ones):
            report = report_on(features, events, min(outcomes, events), cases=cases)
            sentence = compose(report, NOW)
            assert_grammatical(sentence.text)
            page_text = markup([cards.headline(sentence), cards.summary_cards(report)])
            assert not _SINGULAR.search(re.sub(r"<[^>]*>", "|", page_text))
            assert f"{quantity(events, 'event')}: " in render_table(report, NOW)
            for split in report.result.splits.values():
                why_table(report, split, shares=True)


@pytest.mark.parametrize(
    ("events", "begin"),
    [
        (1, "1 event over the last 14 days is too little for a verdict: 200 are needed."),
        (2, "2 events over the last 14 days are too few for a verdict: 200 are needed."),
        (150, "150 events over the last 14 days are too few for a verdict: 200 are needed."),
        (600, "600 events over the last 14 days are not enough to be sure: only shifts of "),
    ],
)
def test_too_few_events(events: int, begin: str) -> None:
    sentence = compose(report_on(populations.GAMES, events, 0), NOW)
    assert sentence.action == "Wait"
    assert sentence.finding.startswith(begin)


@pytest.mark.parametrize(
    ("outcomes", "reason"),
    [
        (0, "no outcomes are known, and about 2,200 would tell. If behaviour didn't change, log"),
        (1, "there are no buyers among the known outcomes, and about 2,200 would tell."),
        (2, "2 outcomes are too few, and about 2,200 would tell (skill "),
    ],
)
def test_what_is_known_of_harm(outcomes: int, reason: str) -> None:
    scores = populations.shipped().scores
    report = report_on(populations.GAMES, 900, outcomes, scores=scores)
    begin = f"Only what comes in could be checked: {reason}"
    assert compose(report, NOW).reason.startswith(begin)


def test_outcomes_that_are_missing_in_the_baseline() -> None:
    report = report_on(populations.GAMES, 900, 900, baseline=1)
    begin = "Only what comes in could be checked: there are no buyers among the known outcomes"
    end = "in the baseline, and at least 49 more outcomes in the baseline are needed."
    assert compose(report, NOW).reason == f"{begin} {end} Compare with a baseline that has more."


def test_a_baseline_with_too_few_outcomes_is_named() -> None:
    scores = populations.shipped().scores
    reason = compose(report_on(populations.GAMES, 900, 0, baseline=300, scores=scores), NOW).reason
    assert (
        "no outcomes are known, and about 2,500 more outcomes in the window and 2,200 more in the "
        "baseline would tell. Compare with a baseline that has more." in reason
    )
    assert "has more. If behaviour didn't" in reason


def drawn_as_trained(before: int, now: int, outcomes: int) -> DriftReport:
    """Both sides as the shipped version's scores say; the first ``before`` of 20,000 are known."""
    rng, scores = np.random.default_rng(4), populations.shipped().scores
    events = [rng.multinomial(n, populations.shares()) for n in (20_000, now)]
    sides = [
        Window(all_events, populations.draw(rng, outcome_count, populations.shares()).labelled)
        for all_events, outcome_count in zip(events, (before, outcomes), strict=True)
    ]
    result = drift.compare(populations.GAMES, scores, *sides)
    assert isinstance(result, DriftResult)
    blank = report_on(populations.GAMES, 1, 0)
    scope = replace(blank.scope, scores=scores)
    return replace(blank, scope=scope, baseline=sides[0], window=sides[1], result=result)


def test_no_harm_seen_is_an_answer() -> None:
    report = drawn_as_trained(500, 60_000, 46_000)
    judgement = report.result.performance
    assert judgement.verdict == "unknown"
    assert judgement.sees_no_harm
    sentence = compose(report, NOW)
    assert sentence.action == "Keep"
    assert sentence.finding == "over the last 14 days what comes in didn't change for model_v1."
    assert sentence.reason.startswith("No harm is seen (skill 16.")
    assert "too few" not in sentence.text
    assert "can't be ruled out: about 1,800 more outcomes in the baseline" in sentence.reason
    assert csv_table(report)[-1][-1] == "no harm seen"


def test_many_events_are_not_the_ones_that_are_too_few() -> None:
    """Beside a small baseline it is the baseline that can't tell, however many events there are."""
    finding = compose(report_on(populations.GAMES, 300_000, 0, baseline=400), NOW).finding
    assert finding.startswith("over the last 14 days the baseline's 400 events are not enough")
    assert "or more would show, however many there are now." in finding
    finding = compose(report_on(populations.GAMES, 400, 0), NOW).finding
    assert finding.startswith("400 events over the last 14 days are not enough to be sure: only")


def test_a_few_outcomes_are_no_calm() -> None:
    assert not drawn_as_trained(500, 60_000, 60).result.performance.sees_no_harm
    sentence = compose(drawn_as_trained(500, 60_000, 60), NOW)
    assert sentence.action == "Wait"
    assert "harm is seen" not in sentence.text


def test_scores_that_are_off_are_named() -> None:
    scores = populations.shipped().scores
    report = report_on(populations.GAMES, 4000, 4000, scores=scores)  # every second one buys
    sentence = compose(report, NOW)
    words = "The scores of model_v1 are too low: "
    assert words in sentence.reason
    assert sentence.reason.endswith("% predicted, 50.0\u00a0% bought.")
    few = report_on(populations.GAMES, 4000, 10, scores=scores)
    assert "The scores" not in compose(few, NOW).text


@pytest.mark.parametrize(
    ("since", "until", "now", "when"),
    [
        (SINCE, UNTIL, NOW, "over the last 14 days"),
        (UNTIL - DAY_MS, UNTIL, NOW, "today"),
        (UNTIL - 5 * HOUR_MS, UNTIL, NOW, "over the last 5 hours"),
        (UNTIL - HOUR_MS, UNTIL, NOW, "in this hour"),
        (SINCE, UNTIL, UNTIL + DAY_MS, "over 10–23 Nov 2026"),
        (UNTIL - DAY_MS, UNTIL, UNTIL + DAY_MS, "on 23 Nov 2026"),
    ],
)
def test_windows_have_names(since: int, until: int, now: int, when: str) -> None:
    report = report_on(populations.GAMES, 30, 0)
    question = replace(report.scope.question, since=since, until=until)
    report = replace(report, scope=replace(report.scope, question=question))
    assert compose(report, now).finding.startswith(f"30 events {when} are too few")


def test_a_file_has_rows() -> None:
    finding = compose(report_on(populations.GAMES, 30, 0, sources=()), NOW).finding
    assert finding.startswith("30 events in these rows are too few for a verdict: 200 are needed.")


@pytest.mark.parametrize("reason", ["no baseline", "no traffic", "no events", "empty baseline"])
def test_without_an_answer(reason: Reason) -> None:
    scope = report_on(populations.GAMES, 1, 0).scope
    for nearest in (None, (SINCE, UNTIL)):
        sentence = compose(NoAnswer(scope, reason, nearest=nearest), NOW)
        assert sentence.action == "Wait"
        assert_grammatical(sentence.text)


def test_combinations_alone() -> None:
    """G1 and G2 as often as before, but always together."""
    features = Features.numbered(2)
    report = report_on(features, 2000, 0, cases=[0.5, 0, 0, 0.5])
    finding = "over the last 14 days no single game moved by more than 3 points, but"
    assert compose(report, NOW).finding.replace(NBSP, " ") == f"{finding} combinations did."


def test_words_and_numbers() -> None:
    assert [pluralize(n, "is", "are") for n in (0, 1, 2)] == ["are", "is", "are"]
    assert [quantity(n, "event") for n in (0, 1, 2, 1200)] == [
        "0 events",
        "1 event",
        "2 events",
        "1,200 events",
    ]
    assert quantity(2, "half", "halves") == "2 halves"
    assert capitalize("log loss of X") == "Log loss of X"
    assert capitalize("") == ""
