"""``everycase demo``, ``replay``, ``prune`` and ``check`` as people run them, and ``DEMO=1``."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.events import assert_consistent, execute, make_event, number_of_events, select
from tests.support.lake import day_of
from tests.support.serving import ask_json, served, wait_until
from tests.support.synthetic_rows import labelled_rows, write_csv
from webapp.db.database import Database
from webapp.db.migrate import migrate
from webapp.events.lake.counts import Lake
from webapp.events.log import EventLog
from webapp.settings import ROOT
from webapp.timing import DAY_MS, now_ms


def command(*words: str | Path) -> list[str]:
    return [sys.executable, "-m", "webapp.cli", *map(str, words)]


def environment(var: Path) -> dict[str, str]:
    return os.environ | {"VAR_DIR": str(var), "MODELS_URI": str(ROOT / "models")}


def run(var: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    process = subprocess.run(
        command(*words), cwd=ROOT, env=environment(var), capture_output=True, text=True, timeout=120
    )
    assert "Traceback" not in process.stderr
    return process


def database(var: Path) -> Database:
    database = Database(f"sqlite:///{var / 'everycase.db'}")
    migrate(database)
    return database


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_csv(tmp_path_factory.mktemp("rows") / "rows.csv", labelled_rows(6000))


def test_demo_is_written_once_and_removed(tmp_path: Path) -> None:
    wrote = run(tmp_path, "demo", "--seed", "3")
    assert wrote.returncode == 0
    summary = re.match(
        r"Wrote ([\d,]+) simulated events of 60 days for logit_games_v1", wrote.stdout
    )
    assert summary
    size = int(summary[1].replace(",", ""))
    assert size >= 50_000
    log = database(tmp_path)
    assert select(log, "SELECT source, count(*) FROM events GROUP BY source") == [("demo", size)]
    assert_consistent(log)
    again = run(tmp_path, "demo")
    assert (again.returncode, again.stdout) == (1, "")
    assert "everycase demo --remove" in again.stderr
    assert run(tmp_path, "demo", "--remove").stdout == f"Removed {size:,} simulated events.\n"
    assert number_of_events(log) == 0
    assert_consistent(log)


def test_demo_leaves_real_traffic_alone(tmp_path: Path) -> None:
    log = database(tmp_path)
    EventLog(log).record([make_event() for _ in range(199)])
    assert "Wrote" in run(tmp_path, "demo", "--if-empty").stdout
    run(tmp_path, "demo", "--remove")
    EventLog(log).record([make_event()])
    assert "so none was simulated" in run(tmp_path, "demo", "--if-empty").stdout
    assert number_of_events(log) == 200
    assert select(log, "SELECT DISTINCT source FROM events") == [("api",)]
    assert_consistent(log)


def test_demo_on_request_of_the_environment(tmp_path: Path) -> None:
    with served(ROOT / "models", tmp_path, DEMO="1") as (url, _master):
        wait_until(lambda: ask_json(f"{url}/api/v1/drift")[1]["simulated"], 30)
    log = database(tmp_path)
    before = number_of_events(log)
    assert before >= 50_000
    with served(ROOT / "models", tmp_path, DEMO="1") as (url, _master):
        log_file = tmp_path / "gunicorn.log"
        wait_until(lambda: "so none was simulated" in log_file.read_text(), 30)
    assert number_of_events(log) == before


@pytest.fixture
def hearing() -> Iterator[None]:
    """Where the tests run in the background, a child would be born deaf to Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("hearing")
def test_replay_stopped_by_the_keyboard_goes_on(tmp_path: Path, rows: Path) -> None:
    words = ("replay", "--data", rows, "--days", "10")
    process = subprocess.Popen(
        command(*words, "--speed", "x200000"),  # 10 days in 4.3 s
        cwd=ROOT,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    log = database(tmp_path)
    wait_until(lambda: number_of_events(log) > 500, 60)
    process.send_signal(signal.SIGINT)
    _, problem = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "the same command continues" in problem
    before = number_of_events(log)
    assert 500 < before < 6000
    second = run(tmp_path, *words)
    assert second.returncode == 0
    assert f"{before:,} of 6,000 rows were in the log already." in second.stdout
    assert "6,000 replayed events of logit_games_v1, 6,000 with outcomes" in second.stdout
    assert re.search(r"Log loss 0\.\d{4}, AUC 0\.\d{4}", second.stdout)
    assert number_of_events(log) == 6000
    assert_consistent(log)


def test_replay_killed_at_any_moment_doubles_nothing(tmp_path: Path, rows: Path) -> None:
    log = database(tmp_path)
    for wait in (0.0, 0.15, 0.3):
        before = number_of_events(log)
        process = subprocess.Popen(
            command("replay", "--data", rows, "--speed", "x1000000"),
            cwd=ROOT,
            env=environment(tmp_path),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(lambda before=before: number_of_events(log) > before, 60)
        time.sleep(wait)
        process.kill()
        process.wait()
        assert_consistent(log)
    assert run(tmp_path, "replay", "--data", rows).returncode == 0
    assert number_of_events(log) == 6000
    assert_consistent(log)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--data", "nowhere.csv"), "--data nowhere.csv"),
        (("--rows", "5:1"), "--rows 5:1"),
        (("--rows", "1:9000"), "the file has only 6,000 rows"),
        (("--version", "nobody_v1"), "there is no version nobody_v1"),
        (("--speed", "60"), "MAX or a factor such as x60"),
        (("--label-delay", "3"), "a number and a unit are needed"),
        (("--label-delay", "99999999999999d"), "that is too long"),
        (("--days", "0"), "--days"),
    ],
)
def test_replay_says_what_is_wrong(
    tmp_path: Path, rows: Path, words: tuple[str, ...], problem: str
) -> None:
    words = words if "--data" in words else ("--data", str(rows), *words)
    process = run(tmp_path, "replay", *words)
    assert process.returncode in (1, 2)
    assert problem in process.stderr


def test_check_finds_and_repairs(tmp_path: Path) -> None:
    log = database(tmp_path)
    EventLog(log).record([make_event(case=5), make_event(case=6)])
    assert run(tmp_path, "check").stdout == "The counts equal the events.\n"
    execute(log, "UPDATE counts SET n = n + 1 WHERE \"case\" = 5 AND grain = 'day'")
    wrong = run(tmp_path, "check")
    assert wrong.returncode == 1
    assert wrong.stdout.startswith("1 count differs from the events (fix: --repair):\n")
    assert "case 5 without outcome: counted 2, events 1" in wrong.stdout
    report = json.loads(run(tmp_path, "check", "--json", "--repair").stdout)
    assert (report["wrong"], report["findings"][0]["counted"]) == (1, 2)
    assert report["repaired"]
    assert run(tmp_path, "check").returncode == 0
    assert_consistent(log)


def test_check_finds_days_of_a_lake_that_were_damaged(tmp_path: Path) -> None:
    log = database(tmp_path)
    lake, day = Lake(log), 20_000 * DAY_MS
    lake.put("shop", day, day_of(day, {(5, 1): 7, (6, 0): 3}))
    execute(log, 'DELETE FROM lake_counts WHERE "case" = 6')
    wrong = run(tmp_path, "check")
    assert wrong.returncode == 1
    assert "1 day of a dataset differs from what was counted in the lake (fix" in wrong.stdout
    assert "  shop, 2024-10-04: 10 events were counted, 7 are left\n" in wrong.stdout
    report = json.loads(run(tmp_path, "check", "--json", "--repair").stdout)
    assert report["lake_days"] == [{"dataset": "shop", "day": day, "counted": 10, "held": 7}]
    assert run(tmp_path, "check").stdout == "The counts equal the events.\n"
    assert lake.counted_days("shop") == {}
    assert lake.put("shop", day, day_of(day, {(5, 1): 7, (6, 0): 3})) == "replaced"
    assert_consistent(log)


def test_prune_drops_old_hours(tmp_path: Path) -> None:
    log = database(tmp_path)
    EventLog(log).record([make_event(at=now_ms() - 15 * DAY_MS), make_event()])
    assert run(tmp_path, "prune").stdout.startswith("Dropped 1 hourly count older")
    assert run(tmp_path, "prune").stdout == ""
    assert_consistent(log)
    assert number_of_events(log) == 2
