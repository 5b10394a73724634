"""Answers are kept while nothing changes, made once for all who ask, and a few at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event

import pytest

from webapp.services import answer_cache
from webapp.services.answer_cache import AnswerCache, BusyError, Fixed


class Kitchen:
    """Makes answers, as slowly as is wanted, and counts them."""

    def __init__(self, at_once: int = 1, wait_seconds: float = 20.0) -> None:
        self.state = self.mark = 0
        self.made: list[str] = []
        self.begun, self.may_end = Event(), Event()
        self.cache = AnswerCache(lambda: self.state, at_once, wait_seconds)

    def ask(self, key: str = "a", *, slowly: bool = False, cases: int = 1) -> str:
        return self.cache.get(
            key, cases, lambda: Fixed(self.mark), lambda _: self._make(key, slowly)
        )

    def _make(self, key: str, slowly: bool) -> str:
        self.begun.set()
        assert not slowly or self.may_end.wait(20)
        self.made.append(key)
        return f"{key}{len(self.made)}"


@pytest.fixture
def cook() -> Iterator[Callable[..., Future[str]]]:
    """Calls something on a thread of its own."""
    with ThreadPoolExecutor(8) as pool:
        yield pool.submit


def test_an_answer_is_kept_while_its_counts_are_the_same() -> None:
    kitchen = Kitchen()
    assert kitchen.ask() == kitchen.ask() == "a1"
    kitchen.state = 1  # something was written that doesn't concern it
    assert kitchen.ask() == "a1"
    kitchen.state = kitchen.mark = 2
    assert kitchen.ask() == "a2"


def test_equal_questions_at_the_same_time_are_answered_once(
    cook: Callable[..., Future[str]],
) -> None:
    kitchen = Kitchen()
    first = cook(kitchen.ask, slowly=True)
    assert kitchen.begun.wait(20)
    others = [cook(kitchen.ask) for _ in range(3)]
    kitchen.may_end.set()
    assert [answer.result(20) for answer in (first, *others)] == ["a1"] * 4


def test_who_asks_after_something_was_written_gets_an_answer_with_it(
    cook: Callable[..., Future[str]],
) -> None:
    kitchen = Kitchen()
    first = cook(kitchen.ask, slowly=True)
    assert kitchen.begun.wait(20)
    kitchen.state = kitchen.mark = 1
    others = [cook(kitchen.ask) for _ in range(3)]
    kitchen.may_end.set()
    assert first.result(20) == "a1"
    assert {answer.result(20) for answer in others} == {"a2"}


def test_what_gets_no_turn_in_time_is_told_when_to_come_back(
    cook: Callable[..., Future[str]],
) -> None:
    kitchen = Kitchen(wait_seconds=0.05)
    kitchen.ask("kept")
    first = cook(kitchen.ask, slowly=True)
    assert kitchen.begun.wait(20)
    kitchen.begun.clear()
    with pytest.raises(BusyError, match="ask again in 5 seconds"):
        kitchen.ask("b")
    assert kitchen.ask("kept") == "kept1"  # needs no turn
    kitchen.may_end.set()
    assert first.result(20) == "a2"
    assert kitchen.ask("b") == "b3"


def test_an_error_is_told_to_all_who_wait_and_isnt_kept(cook: Callable[..., Future[str]]) -> None:
    kitchen = Kitchen()

    def fail(_: object) -> str:
        kitchen.begun.set()
        assert kitchen.may_end.wait(20)
        raise ValueError("no")

    questions = [cook(kitchen.cache.get, "a", 1, Fixed, fail)]
    assert kitchen.begun.wait(20)
    questions.append(cook(kitchen.ask))
    kitchen.may_end.set()
    for question in questions:
        with pytest.raises(ValueError, match="no"):
            question.result(20)
    assert kitchen.ask() == "a1"


def test_large_answers_make_room_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_cache, "_MOST_CASES", 10)
    kitchen = Kitchen()
    for key in ("a", "b", "a", "c"):
        kitchen.ask(key, cases=5)
    assert kitchen.made == ["a", "b", "c"]
    kitchen.ask("a")
    kitchen.ask("b", cases=50)
    assert kitchen.made == ["a", "b", "c", "b"]
