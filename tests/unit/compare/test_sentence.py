"""Sentences on comparisons are grammatical in every number."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from tests.unit.compare.conftest import Compare
from webapp.cases import Features
from webapp.services.compare.answer import ComparisonReport
from webapp.services.compare.sentence import compose, describe_flips, describe_losers
from webapp.services.compare.words import more_outcomes
from webapp.stats.compare import Difference
from webapp.stats.counts import Counts
from webapp.stats.decisions import FlippedCase
from webapp.stats.disagreement import Segment
from webapp.stats.rates import Interval

NBSP = "\u00a0"
GAMES = Features.numbered(3)
WRONG_PLURAL = re.compile(r"\b(0|[2-9]|\d{2,}) (outcome|event|row)\b|\b1 (outcomes|events|rows)\b")


def with_difference(report: ComparisonReport, difference: Difference) -> ComparisonReport:
    reference, challenger = report.results
    differences = challenger.differences | {"log_loss": difference}
    return replace(report, results=(reference, replace(challenger, differences=differences)))


def with_flips(report: ComparisonReport, *cases: tuple[int, int]) -> ComparisonReport:
    """The report with these (case, events) as the cases whose decision flips."""
    rate = Interval(0.37, 0.34, 0.4)
    rows = tuple(FlippedCase(i, n, 0.09, 0.25, n, rate, "cannot tell") for i, n in cases)
    flips = replace(report.close_up.flips, cases=rows, events=sum(n for _, n in cases))
    return replace(report, close_up=replace(report.close_up, flips=flips))


@pytest.mark.parametrize(
    ("further", "text"),
    [
        (None, "the difference sits at the margin, so more data won't settle it"),
        (1, "about 1 more outcome would decide it at this difference"),
        (2, "about 2 more outcomes would decide it at this difference"),
        (99, "about 99 more outcomes would decide it at this difference"),
        (9123, "about 9,100 more outcomes would decide it at this difference"),
    ],
)
def test_what_would_settle_a_verdict(further: int | None, text: str) -> None:
    assert more_outcomes(further) == text


@pytest.mark.parametrize(
    ("outcomes", "begin"),
    [
        (1, "Only one outcome is known so far: too few to compare."),
        (
            2,
            "Too few outcomes to compare b_v1 and a_v1: only 2 outcomes are known, and a verdict "
            r"needs 50; log loss .* on 2 outcomes, where 0\.00\d\d matters\.",
        ),
        (1234, "(Too close to call|b_v1 is|There is no difference).* on 1,234 outcomes, where 0"),
    ],
)
def test_few_and_many_outcomes(compare: Compare, outcomes: int, begin: str) -> None:
    n = np.zeros(GAMES.cases, np.int64)
    n[2], n[5] = outcomes // 2, outcomes - outcomes // 2
    text = compose(compare(GAMES, Counts(n, n // 2))).finding
    assert re.match(begin, text)
    assert not WRONG_PLURAL.search(text)


def test_no_outcomes(compare: Compare) -> None:
    report = compare(GAMES)
    nothing = np.zeros_like(report.events)
    text = compose(replace(report, labelled=Counts(nothing, nothing))).finding
    assert text.startswith("No outcomes are known yet, so this shows how b_v1 and a_v1 differ, not")
    assert re.search(rf"their scores are \d+\.\d{NBSP}points apart on average\.$", text)


@pytest.mark.parametrize(
    ("verdict", "further", "text"),
    [
        ("better", 0, "b_v1 is better than a_v1: log loss −0.0368 [−0.0412, −0.0324] on 400 outc"),
        ("worse", 0, "b_v1 is worse than a_v1: log loss −0.0368 [−0.0412, −0.0324] on 400 outc"),
        ("no difference that matters", 0, "There is no difference that matters between b_v1 and a"),
        ("not enough evidence", 1, "Too close to call between b_v1 and a_v1: log loss −0.0368 ["),
    ],
)
def test_every_verdict(compare: Compare, verdict: str, further: int, text: str) -> None:
    difference = Difference(-0.0368, -0.0412, -0.0324, 0.002, verdict, further)  # type: ignore[arg-type]
    conclusion = compose(with_difference(compare(GAMES), difference))
    assert conclusion.verdict == verdict
    assert conclusion.finding.startswith(text)
    assert conclusion.finding.endswith(".")
    assert ("about 1 more outcome would" in conclusion.finding) == (further == 1)


@pytest.mark.parametrize(
    ("overlaps", "text"),
    [
        ((0, 3), "b_v1 was trained on some of these rows, so they can't be used to judge it."),
        ((2, 0), "a_v1 was trained on some of these rows, so they can't be used to judge it."),
        ((1, 1), "a_v1 and b_v1 were trained on some of these rows, so they can't be used to ju"),
    ],
)
def test_versions_that_were_trained_on_the_rows(
    compare: Compare, overlaps: tuple[int, int], text: str
) -> None:
    report = compare(GAMES)
    versions = [replace(v, overlap=n) for v, n in zip(report.versions, overlaps, strict=True)]
    close_up = replace(report.close_up, challenger=versions[1])
    conclusion = compose(replace(report, versions=tuple(versions), close_up=close_up))
    assert conclusion.verdict == "not enough evidence"
    assert conclusion.finding.startswith(text)


@pytest.mark.parametrize(
    ("features", "cases", "text"),
    [
        (GAMES, [], f"No decision flips at a threshold of 50{NBSP}%."),
        (GAMES, [(1, 1)], "The only decision that flips concerns players with G1 only: "),
        (GAMES, [(5, 2)], "All decisions that flip concern players with G1 + G3: "),
        (GAMES, [(0, 9), (1, 1)], "Nearly all decisions that flip concern players with none of the "
         "three games: "),
        (GAMES, [(3, 2), (1, 1)], "Most decisions that flip concern players with G1 + G2: "),
        (GAMES, [(3, 1), (1, 1)], f"50{NBSP}% of the decisions that flip concern players with G1"),
        (Features.numbered(2), [(0, 3)], "All decisions that flip concern players with neither of "
         "the two games: "),
        (Features.numbered(1), [(0, 3)], "All decisions that flip concern players without G1: "),
        (Features.numbered(1), [(1, 3)], "All decisions that flip concern players with G1: "),
        (Features(("churn", "late")), [(2, 3)], "All decisions that flip concern cases with late "
         "only: "),
    ],
)  # fmt: skip
def test_the_decisions_that_flip(
    compare: Compare, features: Features, cases: list[tuple[int, int]], text: str
) -> None:
    sentence = describe_flips(with_flips(compare(features), *cases))
    assert sentence.startswith(text)
    positive = "bought" if features.names[0] == "G1" else "were a yes"
    assert not cases or sentence.endswith(
        f"a_v1 gives them 9.0{NBSP}% and b_v1 25{NBSP}%; 37{NBSP}% of them {positive} "
        f"(34–40{NBSP}%)."
    )


@pytest.mark.parametrize(
    ("losers", "text"),
    [
        (0, "Broken down by game, no group is clearly worse off."),
        (1, "Worse off: players with G1."),
        (2, "Worse off: players with G1 or G2."),
        (3, "Worse off: players with G1, G2 or G3."),
        (4, "Worse off: players with G1, G2, G3 or another one."),
        (6, "Worse off: players with G1, G2, G3 or one of 3 others."),
    ],
)
def test_the_groups_that_lose(compare: Compare, losers: int, text: str) -> None:
    report = compare(GAMES)
    segments = tuple(
        Segment(f"G{i + 1}", 9, 0.002, None, None, "worse" if i < losers else "better")
        for i in range(8)
    )
    report = replace(report, close_up=replace(report.close_up, segments=segments))
    assert describe_losers(report) == text
