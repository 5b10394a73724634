"""Nouns after a number."""

from __future__ import annotations

import pytest

from webapp.cli import lake_progress
from webapp.grammar import as_sentence, capitalize, cut, quantity
from webapp.lake.count import CountResult
from webapp.lake.score import ScoreResult


@pytest.mark.parametrize(
    ("n", "text"), [(0, "0 days"), (1, "1 day"), (2, "2 days"), (2_000, "2,000 days")]
)
def test_a_number_decides_on_the_plural(n: int, text: str) -> None:
    assert quantity(n, "day") == text


def test_an_irregular_plural() -> None:
    assert quantity(2, "entry", "entries") == "2 entries"


def test_names_keep_their_first_letter() -> None:
    assert as_sentence("hgb_games_v1 is preparing") == "hgb_games_v1 is preparing."
    assert capitalize("late_payments rose") == "late_payments rose"
    assert as_sentence("no version is ready") == "No version is ready."


@pytest.mark.parametrize(
    ("n", "text"),
    [
        (0, "games: counted 0 events on 0 days."),
        (
            1,
            "games: counted 1 event on 1 day.\n1 day unchanged.\n"
            "1 day was counted before (--again recounts).\n"
            "1 row could not be counted:\n  1 row: G1 is empty",
        ),
        (
            2,
            "games: counted 2 events on 2 days.\n2 days unchanged.\n"
            "2 days were counted before (--again recounts).\n"
            "2 rows could not be counted:\n  2 rows: G1 is empty",
        ),
    ],
)
def test_the_summary_of_a_count(n: int, text: str) -> None:
    result = CountResult(skipped=n, events=n)
    if n:
        result.days["same"], result.wrong["G1 is empty"] = n, n
    assert lake_progress.count_summary(result, "games") == text


def test_the_summary_of_scoring() -> None:
    summary = lake_progress.score_summary
    assert summary(ScoreResult(days=1, skipped=2), "out") == "out: scored 1 day, 2 scored before."
    assert summary(ScoreResult(whole=True), "out") == "out: scored all rows."
    again = "out: scored before (--again scores it again)."
    assert summary(ScoreResult(skipped=1), "out") == again


def test_a_long_text_ends_with_a_whole_sentence_or_word() -> None:
    assert cut("Short.") == "Short."
    first = "The feature names should match those that were passed during fit."
    long = f"{first}\n  Feature names unseen at fit time:\n- {'x' * 300}"
    assert cut(long, 100) == first
    words = "word " * 60
    assert cut(words, 100) == f"{('word ' * 20).strip()} …"
    assert cut("\x1b[1mred\x1b[0m \x07") == "red �"
    assert len(cut("x" * 900)) <= 242
