"""``everycase backtest``: on a file and on the log."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from tests.support import populations
from tests.support.synthetic_rows import labelled_rows, write_csv
from webapp.cli.main import main
from webapp.composition import create_services
from webapp.db.database import Database
from webapp.db.migrate import migrate
from webapp.db.sql import insert_into
from webapp.events.record import KEY
from webapp.services.traffic import outcomes_by_day
from webapp.settings import Settings
from webapp.timing import DAY_MS

Run = Callable[..., Result]
FIRST = 20_000 * DAY_MS


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return lambda *words: CliRunner().invoke(main, list(words), env={"VAR_DIR": str(tmp_path)})


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("rows") / "rows.csv"
    return str(write_csv(path, labelled_rows(2500, features=4)))


def fill(folder: Path, days: int = 8, a_day: int = 300, source: str = "api") -> None:
    """Counts of days on which a fifth of the outcomes are unknown."""
    database = Database(f"sqlite:///{folder / 'everycase.db'}")
    migrate(database)
    rng, cells = np.random.default_rng(0), []
    for day in range(days):
        window = populations.draw(rng, a_day, populations.shares())
        unknown = rng.binomial(window.events, 0.2)
        n_labelled = window.events - unknown
        ones = rng.binomial(n_labelled, populations.shipped().scores)
        for label, n in ((-1, unknown), (0, n_labelled - ones), (1, ones)):
            key = ("logit_games_v1", source, "day", FIRST + day * DAY_MS)
            cases = np.flatnonzero(n)
            cells += [(*key, int(c), label, int(n[c])) for c in cases]
    with database.writing() as link:
        link.run_many(insert_into("counts", (*KEY, "n")), cells)
    database.close()


def test_a_file_is_replayed_with_the_options_that_were_given(run: Run, rows: str) -> None:
    result = run(
        "backtest", "--data", rows, "--start", "1000", "--every", "300", "--policies",
        "periodic,never", "--windows", "500", "--period", "600", "--rows", "1:2400", "--json",
        "--no-gate",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    form = json.loads(result.output)
    assert form["source"]["rows"] == "1:2400"
    assert (form["start"], form["events"], form["checks"], form["unit"]) == (1000, 1400, 5, "row")
    periodic, never = form["policies"]
    assert (periodic["policy"], periodic["retrains"]) == ("periodic", 2)
    assert [dot["at"] for dot in periodic["retrained"]] == [1600, 2200]
    assert never["curve"]["at"] == [1300, 1600, 1900, 2200, 2400]
    assert {"log_loss", "auc", "retrains", "seconds"} <= set(never)
    assert form["gate"] is None


def test_the_gate_is_that_of_the_settings_and_of_the_options(run: Run, rows: str) -> None:
    words = ("backtest", "--data", rows, "--start", "1000", "--policies", "periodic", "--json")
    form = json.loads(run(*words, "--churn", "0.3", "--no-refit").output)
    assert form["gate"] == {"holdout": 1000, "churn": 0.3, "threshold": 0.2, "refit": False}
    (periodic,) = form["policies"]
    assert (periodic["retrains"], periodic["refused"]) == (0, 3), "nothing changes in these rows"
    assert {one["verdict"] for one in periodic["not_promoted"]} <= {"keep", "not enough evidence"}


def test_people_get_a_table_and_a_file_that_opens_offline(
    run: Run, rows: str, tmp_path: Path
) -> None:
    page = tmp_path / "backtest.html"
    result = run("backtest", "--data", rows, "--start", "1000", "--html", str(page))
    assert result.exit_code == 0, result.output
    assert "log loss     AUC  retrains  refused  seconds" in result.output
    assert page.read_text().startswith("<!DOCTYPE html>")


def test_the_log_is_replayed_day_by_day(run: Run, tmp_path: Path) -> None:
    fill(tmp_path)
    result = run("backtest", "--log", "--start", "600", "--policies", "never,on_gain", "--json")
    assert result.exit_code == 0, result.output
    form = json.loads(result.output)
    assert form["unit"] == "day"
    assert form["policies"][0]["curve"]["at"] == [FIRST + k * DAY_MS for k in range(3, 8)]
    assert run("backtest", "--log", "--start", "600", "--source", "api").exit_code == 0


def test_only_outcomes_that_are_known_are_counted_and_each_once(tmp_path: Path) -> None:
    fill(tmp_path, days=3)
    fill(tmp_path, days=1, source="replay")
    services = create_services(Settings.read({"VAR_DIR": str(tmp_path)}))
    log = outcomes_by_day.read_outcomes(services, None, None)
    services.close()
    days = list(log.days)
    assert log.features.names == populations.GAMES.names
    assert log.shown == "The log (real traffic: api, replay)"
    assert [day for day, _ in days] == [FIRST + k * DAY_MS for k in range(3)]
    totals = [counts.total for _, counts in days]
    assert 420 < totals[0] < 540  # two sources that day, four fifths of 600
    assert 200 < totals[1] < 280
    assert all(0 < counts.positives.sum() < counts.total for _, counts in days)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--log"], "the log has no events with outcomes yet"),
        (["--log", "--rows", "1:10"], "can't be combined with --data, --rows or --sha256"),
        (["--log", "--source", "mail"], "source is mail: send one of all, api"),
        (["--log", "--version", "none_v1"], "there is no version none_v1"),
        (["--version", "a_v1"], "--version needs --log"),
        (["--settle", "3"], "--settle needs --log"),
        (["--holdout", "5"], "--holdout must be a whole number from 100"),
        (["--policies", "often"], "policy 'often': use never, periodic"),
        (["--estimators", "logit,tree"], "estimator 'tree': use logit"),
        (["--windows", "2000,some"], "window 'some': use a number of events or all"),
        (["--start", "2500"], "start 2,500: use a row before the last of 2,500"),
        (["--start", "0"], "Invalid value for '--start'"),
        (["--html", "/proc/none/here.html", "--start", "1000"], "can't be written"),
    ],
)
def test_what_is_wrong_is_reported_in_a_line(
    run: Run, rows: str, words: list[str], message: str
) -> None:
    data = [] if "--log" in words else ["--data", rows]
    result = run("backtest", *data, "--policies", "never", *words)
    assert result.exit_code != 0
    assert message in result.output
    assert "Traceback" not in result.output
