"""``everycase lake``: counts into a database, scores into files, errors in one line."""

from __future__ import annotations

import json
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from click.testing import CliRunner
from pyarrow import csv, parquet

from tests.support.odd_rows import DAYS, FEATURES, FIRST, Wild
from tests.support.postgres import Postgres
from tests.support.serving import free_port, wait_until
from webapp.catalog.prepared import read_prepared
from webapp.cli.main import main
from webapp.settings import ROOT
from webapp.timing import DAY_MS

pytestmark = pytest.mark.filterwarnings("ignore")  # what these libraries warn of is not ours

VERSION = "logit_games_v1"
SCORES = read_prepared(ROOT / "models" / VERSION / "everycase").scores


@pytest.fixture
def wild() -> Wild:
    return Wild.draw(5000, odd=0.01)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'log.db'}")
    monkeypatch.setenv("VAR_DIR", str(tmp_path / "var"))
    return tmp_path


@pytest.fixture
def place(wild: Wild, home: Path) -> str:
    """As they are, but for the versions."""
    table = wild.table().drop_columns(["version"])
    parquet.write_table(table, home / "events.parquet")
    csv.write_csv(table, home / "events.csv")
    return str(home / "events.parquet")


def run(*words: str) -> Any:
    return CliRunner().invoke(main, ["lake", *words])


def error_of(*words: str) -> str:
    process = run(*words)
    assert process.exit_code == 1, process.output
    assert process.output.count("\n") == 1, process.output
    return str(process.output)


def test_counts_of_a_lake_are_in_the_log(place: str, wild: Wild) -> None:
    process = run("count", "--source", place, "--version", VERSION, "--dataset", "games")
    assert process.exit_code == 0, process.output
    events = int((wild.are_flags & (wild.label != 2) & (wild.at > 0)).sum())
    assert f"games: counted {events:,} events on {DAYS} days." in process.output
    assert f"{len(wild.at) - events:,} rows could not be counted:" in process.output
    assert "rows: G7 is neither 0 nor 1" in process.output
    again = run("count", "--source", place, "--version", VERSION, "--dataset", "games")
    assert f"{DAYS - 1} days were counted before" in again.output
    assert CliRunner().invoke(main, ["check"]).output == "The counts equal the events.\n"


def test_datasets_are_listed_and_forgotten(place: str) -> None:
    run("count", "--source", place, "--version", VERSION, "--dataset", "games")
    listing = run("datasets").output
    assert listing.startswith("games: ")
    assert listing.endswith(f"on {DAYS} days, 2026-09-04 to 2026-09-23\n")
    events = listing.removeprefix("games: ").partition(" on ")[0]
    assert run("forget", "games").output == f"games: removed {events}.\n"
    assert run("datasets").output == ""
    assert "--dataset" in error_of("count", "--source", place, "--version", VERSION,
                               "--dataset", "x" * 101)  # fmt: skip


def test_the_same_from_csv_and_from_a_table(place: str, home: Path, postgresql: Postgres) -> None:
    outputs = set()
    with postgresql.fresh() as url:
        import ibis

        backend = ibis.connect(url)
        backend.create_table("events", parquet.read_table(place))
        backend.disconnect()
        words = ("--version", VERSION, "--dataset", "games", "--again")
        for source in (place, str(home / "events.csv"), f"{url}?table=events"):
            process = run("count", "--source", source, *words)
            assert process.exit_code == 0, process.output
            outputs.add(process.output.replace(f"{DAYS} days unchanged.\n", ""))
    assert len(outputs) == 1


def test_scores_go_into_a_file_or_a_folder(place: str, home: Path, wild: Wild) -> None:
    for name in ("scored.parquet", "scored.csv", "folder"):
        words = ("score", "--source", place, "--version", VERSION, "--output", str(home / name))
        process = run(*words)
        assert process.exit_code == 0, process.output
        assert "rows could not be scored" in process.output
        assert "scored before" in run(*words).output
    whole = parquet.read_table(home / "scored.parquet")
    assert whole.column_names[-3:] == ["case", "score", "version"]
    np.testing.assert_array_equal(whole["score"].to_numpy(), wild.scores(SCORES))
    text = csv.read_csv(home / "scored.csv")
    np.testing.assert_array_equal(text["score"].to_numpy(), wild.scores(SCORES))
    parts = sorted((home / "folder").glob("day=*"))
    assert len(parts) == DAYS + 1
    assert sum(parquet.read_metadata(f).num_rows for p in parts for f in p.iterdir()) == 5000


def test_scoring_goes_on_where_it_was_stopped(place: str, home: Path) -> None:
    folder = home / "folder"
    words = ("score", "--source", place, "--version", VERSION, "--output", str(folder))
    assert run(*words).exit_code == 0
    note = json.loads((folder / "_everycase.json").read_text())
    lost_day = "2026-09-09"
    del note["days"][lost_day]  # as when it was killed before it noted what it had moved
    (folder / "_everycase.json").write_text(json.dumps(note))
    before = next((folder / f"day={lost_day}").iterdir()).name
    process = run(*words)
    assert f"scored 2 days, {DAYS - 2} scored before" in process.output
    (after,) = (folder / f"day={lost_day}").iterdir()
    assert after.name != before
    assert sum(parquet.read_metadata(f).num_rows for f in folder.rglob("*.parquet")) == 5000
    assert "another version" in error_of(*words[:4], "hgb_games_v1", *words[5:])


def test_what_is_wrong_is_one_line(place: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    count = ("count", "--version", VERSION, "--source")
    assert "there is no file /nowhere/x.parquet" in error_of(*count, "/nowhere/x.parquet")
    message = error_of(*count, place, "--timestamp", "at")
    assert "no column at; the columns are id, timestamp, G1" in message
    (home / "empty").mkdir()
    assert "holds no Parquet or CSV files" in error_of(*count, str(home / "empty"))
    assert "ftp:// is not supported" in error_of(*count, "ftp://x/y")
    assert "name the version with --version" in error_of("count", "--source", place)
    assert "no version x_v1 (ready: " in error_of("score", "--version", "x_v1", "--source", place,
                                                "--output", "y")  # fmt: skip
    assert "--strict" in error_of(*count, place, "--strict")
    assert "name the table with --table" in error_of(*count, "trino://user@host/catalog")
    assert "--into is not a database address" in error_of(*count, place, "--into", "nonsense")
    away = error_of(*count, "postgresql://nobody@127.0.0.1:1/none?table=x")
    assert "postgresql://127.0.0.1:1/none#x can't be reached" in away
    into = error_of(*count, place, "--into", "postgresql://nobody@127.0.0.1:1/none")
    assert "the database is unavailable" in into
    broken = home / "broken.parquet"
    broken.write_bytes(b"PAR1 and nothing else")
    assert "broken.parquet can't be read" in error_of(*count, str(broken))


def test_a_driver_that_is_missing_is_named(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trino", None)
    message = error_of(
        "count", "--version", VERSION, "--source", "trino://user@host/catalog?table=x"
    )
    assert "pip install 'ibis-framework[trino]'" in message
    monkeypatch.setitem(sys.modules, "ibis", None)
    assert "pip install '.[lake]'" in error_of("count", "--source", place)


def test_killed_in_the_middle_and_then_twice_at_once(place: str, home: Path, wild: Wild) -> None:
    program = str(Path(sys.executable).with_name("everycase"))
    words = [program, "lake", "count", "--source", place, "--version", VERSION, "--dataset",
             "games", "--days-at-once", "1"]  # fmt: skip
    first = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: days_landed(home) >= 2, 60, "some days are landed")
    first.kill()
    first.wait(10)
    both = [subprocess.Popen(words, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [process.wait(60) for process in both] == [0, 0]
    assert days_landed(home) == DAYS
    events = int((wild.are_flags & (wild.label != 2) & (wild.at > 0)).sum())
    assert run("datasets").output.startswith(f"games: {events:,} events on {DAYS} days")
    assert CliRunner().invoke(main, ["check"]).output == "The counts equal the events.\n"


def days_landed(home: Path) -> int:
    try:
        with closing(sqlite3.connect(home / "log.db")) as link:
            return int(link.execute("SELECT count(*) FROM lake_periods").fetchone()[0])
    except sqlite3.OperationalError:  # not there yet
        return 0


def test_columns_that_hold_something_else(home: Path) -> None:
    day = pa.array([FIRST], pa.timestamp("ms"))
    one = pa.array([1], pa.int8())
    table = pa.table({"timestamp": day, **dict.fromkeys(FEATURES.names, one), "G3": day})
    parquet.write_table(table, home / "odd.parquet")
    words = ("count", "--version", VERSION, "--source", str(home / "odd.parquet"))
    assert "column G3 holds timestamp" in error_of(*words)
    table = table.set_column(0, "timestamp", one).set_column(3, "G3", one)
    parquet.write_table(table.set_column(0, "timestamp", pa.array([1.5])), home / "odd.parquet")
    assert "column timestamp holds float64" in error_of(*words)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A bucket of a process of its own: Arrow reads text without letting other threads run."""
    import boto3

    port = free_port()
    program = Path(sys.executable).with_name("moto_server")
    server = subprocess.Popen([program, "-p", str(port)], stderr=subprocess.DEVNULL)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    wait_until(lambda: is_open(port), 30, "moto answers")
    boto3.client("s3").create_bucket(Bucket="lake")
    yield "s3://lake"
    server.terminate()
    server.wait(10)


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_bucket(bucket: str, place: str, home: Path, wild: Wild) -> None:
    import boto3

    client = boto3.client("s3")
    for day in range(2):
        is_late = pc.greater_equal(
            parquet.read_table(place)["timestamp"],
            pa.scalar(FIRST + 10 * DAY_MS, pa.timestamp("ms")),
        )
        part = parquet.read_table(place).filter(is_late if day else pc.invert(is_late))
        parquet.write_table(part, home / "part.parquet")
        client.upload_file(str(home / "part.parquet"), "lake", f"events/part={day}/x.parquet")
    client.upload_file(str(home / "events.csv"), "lake", "text/events.csv")
    events = int((wild.are_flags & (wild.label != 2) & (wild.at > 0)).sum())
    for name in ("events", "events/part=*/x.parquet", "text/events.csv"):
        process = run("count", "--source", f"{bucket}/{name}", "--version", VERSION, "--again",
                   "--dataset", "games")  # fmt: skip
        assert process.exit_code == 0, process.output
        assert f"games: counted {events:,} events" in process.output
    assert "s3://lake/nothing can't be read" in error_of("count", "--source", f"{bucket}/nothing",
                                                     "--version", VERSION)  # fmt: skip
