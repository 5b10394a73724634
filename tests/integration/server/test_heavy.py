"""Many clients ask for the heaviest comparison at once; everything else is answered meanwhile."""

from __future__ import annotations

import os
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.long_logs import NAMES, make_versions, write_counts
from tests.support.serving import alive, ask, ask_json, children_of, served, wait_until
from webapp.server.analyst import NAME

INPUTS, CLIENTS, ROUNDS = 13, 16, 2
COMPARE = f"/api/v1/compare?days=3660&versions={','.join(NAMES)}&threshold="
PREDICT = "/?" + "&".join(f"G{i}=1" for i in range(1, INPUTS + 1)) + f"&version={NAMES[0]}"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    """A server with four versions of 13 inputs and ten years of traffic."""
    folder = tmp_path_factory.mktemp("heavy")
    url = f"sqlite:///{folder / 'log.db'}"
    make_versions(folder / "models", INPUTS)
    write_counts(url, INPUTS, 5)
    with served(folder / "models", folder / "var", DATABASE_URL=url) as (address, master):
        wait_until(lambda: all(ask(f"{address}/api/v1/versions/{n}")[0] == 200 for n in NAMES), 60)
        yield address, master.pid


def analyst_of(master: int) -> int:
    pids = [pid for pid, command in children_of(master).items() if command.startswith(NAME)]
    return pids[0] if pids else 0


def compare(address: str, number: int) -> tuple[int, str | None]:
    """The status of one comparison, and when to come back."""
    request = urllib.request.Request(f"{address}{COMPARE}{0.1 + number / 1000:.4f}")
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, None
    except urllib.error.HTTPError as error:
        return error.code, error.headers["Retry-After"]


def test_all_else_is_answered_while_many_compare(app: tuple[str, int]) -> None:
    address, _ = app
    slowest = 0.0
    with ThreadPoolExecutor(CLIENTS) as pool:
        asking = [pool.submit(compare, address, n) for n in range(CLIENTS * ROUNDS)]
        while not all(question.done() for question in asking):
            for path in ("/healthz", "/readyz", PREDICT):
                start = time.monotonic()
                assert ask(f"{address}{path}")[0] == 200, path
                slowest = max(slowest, time.monotonic() - start)
            time.sleep(0.05)
        answers = {question.result() for question in asking}
    assert (200, None) in answers
    assert answers <= {(200, None), (503, "5")}
    assert slowest < 5  # a comparison takes longer where all cores are busy


def test_the_process_for_them_comes_back(app: tuple[str, int]) -> None:
    address, master = app
    first = analyst_of(master)
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: analyst_of(master) not in (0, first), 10, "another one is there")
    assert ask_json(f"{address}/api/v1/drift?version={NAMES[0]}")[0] == 200
    assert not alive(first)


def test_a_reload_replaces_it_as_it_does_the_workers(app: tuple[str, int]) -> None:
    address, master = app
    first = analyst_of(master)
    with ThreadPoolExecutor(1) as pool:
        question = pool.submit(compare, address, 900)
        time.sleep(0.3)
        os.kill(master, signal.SIGHUP)
        assert question.result()[0] in (200, 503), "it answers first"
    wait_until(lambda: analyst_of(master) not in (0, first), 40, "another one is there")
    assert ask_json(f"{address}/api/v1/drift?version={NAMES[0]}")[0] == 200
    second = analyst_of(master)
    os.kill(second, signal.SIGKILL)
    wait_until(lambda: analyst_of(master) not in (0, second), 10, "it is still looked after")
