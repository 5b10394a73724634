"""So many threads work at a time; who waits for another process lets others work."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from webapp.server.turns import Turns

SECONDS = 10.0


def test_no_more_work_at_a_time_than_have_turns() -> None:
    turns = Turns()
    turns.allow(2)
    at_work, most, lock = 0, 0, threading.Lock()
    barrier = threading.Barrier(2)

    def work(_: int) -> None:
        nonlocal at_work, most
        with turns.take():
            with lock:
                at_work += 1
                most = max(most, at_work)
            barrier.wait(SECONDS)  # both turns are used at once
            with lock:
                at_work -= 1

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))
    assert (at_work, most) == (0, 2)


def test_who_waits_lets_another_work_and_then_waits_for_a_turn() -> None:
    turns, steps = Turns(), []
    turns.allow(1)
    is_waiting, has_worked = threading.Event(), threading.Event()

    def wait() -> None:
        with turns.take():
            with turns.leave():
                is_waiting.set()
                assert has_worked.wait(SECONDS)
            steps.append("on")

    def work() -> None:
        assert is_waiting.wait(SECONDS)
        with turns.take():
            has_worked.set()
            steps.append("worked")

    with ThreadPoolExecutor(2) as pool:
        for each in (pool.submit(wait), pool.submit(work)):
            each.result(SECONDS)
    assert steps == ["worked", "on"]
    with turns.take(), turns.leave(), turns.take():  # none is lost or made
        pass


def test_a_fault_gives_the_turn_back() -> None:
    turns = Turns()
    turns.allow(1)
    for _ in range(2):
        try:
            with turns.take(), turns.leave():
                raise ValueError
        except ValueError:
            pass
    with turns.take():
        pass


def test_without_a_count_all_work() -> None:
    turns = Turns()
    with turns.take(), turns.take(), turns.leave():
        pass
