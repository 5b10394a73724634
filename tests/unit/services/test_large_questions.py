"""A question over many cases has the process to itself until its answer is written out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from webapp.services.answer_cache import AnswerCache, BusyError, Fixed
from webapp.services.large_questions import LARGE, one_at_a_time


def ask(cache: AnswerCache, key: str, cases: int = LARGE) -> str:
    return cache.get(key, cases, Fixed, lambda _: key)


def test_a_turn_lasts_until_the_answer_is_written_out() -> None:
    hasty, patient = AnswerCache(lambda: 0, 2, 0.02), AnswerCache(lambda: 0, 2, 20.0)
    is_made, may_end = Event(), Event()

    def answer() -> None:
        with one_at_a_time():
            ask(patient, "a")
            ask(patient, "b")  # the same request's
            is_made.set()
            assert may_end.wait(20)

    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(answer)
        assert is_made.wait(20)
        with pytest.raises(BusyError):
            ask(hasty, "c")
        assert ask(hasty, "d", LARGE - 1) == "d"  # needs no turn
        second = threads.submit(ask, patient, "e")
        may_end.set()
        first.result(20)
        assert second.result(20) == "e"
    assert ask(hasty, "c") == "c"


def test_a_failure_ends_the_turn() -> None:
    cache = AnswerCache(lambda: 0, 2, 0.02)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), one_at_a_time():
            cache.get("a", LARGE, Fixed, lambda _: str(1 // 0))
        with pytest.raises(ZeroDivisionError):
            cache.get("a", LARGE, Fixed, lambda _: str(1 // 0))
