"""``GET /api/v1/drift`` and ``everycase drift``: the same answer, and mistakes by name."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient

from tests.support import populations
from tests.support.app_access import nobody
from tests.support.synthetic_rows import header, labelled_rows, write_csv
from webapp.app import create_app
from webapp.cli.main import main
from webapp.composition import create_services
from webapp.db.ids import new_ids
from webapp.events.record import Event
from webapp.settings import Settings
from webapp.timing import now_ms

NAME = "logit_games_v1"


@pytest.fixture
def var(tmp_path: Path) -> Path:
    """A folder whose log holds traffic of today that has 20 points more of G8."""
    services = create_services(Settings(var_dir=tmp_path))
    services.log.totals()
    _write(services, populations.shifted(7, 0.2), "api", 1500)
    services.close()
    return tmp_path


def _write(services: Any, shares: Any, source: Any, n: int) -> None:
    rng, at = np.random.default_rng(0), now_ms()
    cases, labels = rng.choice(1024, n, p=shares), rng.random(n) < 0.1
    ids = new_ids(at, n)
    services.log.record_all(
        [
            Event(id_, at, source, NAME, int(case), 0.3, int(label), at)
            for id_, case, label in zip(ids, cases, labels, strict=True)
        ],
        lambda _: None,
    )


@pytest.fixture
def client(var: Path) -> Iterator[FlaskClient]:
    app = create_app(Settings(var_dir=var))
    yield nobody(app)
    app.services.close()


@pytest.fixture
def run(var: Path) -> Callable[..., Result]:
    return lambda *words: CliRunner().invoke(main, list(words), env={"VAR_DIR": str(var)})


def test_the_api_and_the_command_give_the_same(
    client: FlaskClient, run: Callable[..., Result]
) -> None:
    response = client.get("/api/v1/drift?days=7")
    assert response.status_code == 200
    result = run("drift", "--days", "7", "--json")
    assert result.exit_code == 0
    assert json.loads(result.output) == response.get_json()
    form = response.get_json()
    assert form["verdict"] == "drifted"
    assert {f["name"]: f["verdict"] for f in form["features"]}["G8"] == "drifted"
    assert form["n"] == 1500


@pytest.mark.parametrize(
    ("query", "status", "field", "words"),
    [
        ("from=yesterday", 400, "from", "is yesterday: send a date"),
        ("day=3", 400, "day", "is unknown"),
        ("days=3&days=4", 400, "days", "is repeated"),
        ("baseline=last", 404, "baseline", "send training, evaluation, previous, week-before or a"),
        (
            "baseline=evaluation",
            400,
            "baseline",
            "evaluate logit_games_v1 --data FILE --store stores",
        ),
        ("version=none_v1", 404, "version", "none_v1"),
    ],
)
def test_mistakes(client: FlaskClient, query: str, status: int, field: str, words: str) -> None:
    response = client.get(f"/api/v1/drift?{query}")
    error = response.get_json()["error"]
    assert response.status_code == status
    assert error["field"] == field
    assert words in error["message"]


def test_the_table_and_the_exit_status(run: Callable[..., Result]) -> None:
    result = run("drift")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[0].startswith(("Retrain", "Watch"))
    (row,) = [line for line in lines if line.startswith("! G8")]
    assert row.split()[2:4] == _rates(run)
    assert run("drift", "--fail-on", "drifted").exit_code == 1
    assert run("drift", "--fail-on", "cannot tell").exit_code == 0
    assert "harm: unknown (" not in result.output  # 1,500 outcomes at the wrong rate
    assert run("drift", "--fail-on", "unknown").exit_code == 0
    quiet = run("drift", "--source", "form", "--fail-on", "cannot tell", "--fail-on", "drifted")
    assert quiet.exit_code == 1
    assert "no events" in quiet.output.lower() or "no traffic" in quiet.output.lower()


def _rates(run: Callable[..., Result]) -> list[str]:
    row = json.loads(run("drift", "--json").output)["features"][7]
    return [f"{row[side]['value']:.1%}" for side in ("baseline", "window")]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--from", "2026-99-01"], "from is 2026-99-01: send a date"),
        (["--version", "none_v1"], "none_v1"),
        (["--margin", "7"], "margin must be a share between 0 and 1"),
        (["--data", "nowhere.csv"], "nowhere.csv"),
    ],
)
def test_a_mistake_is_one_line(run: Callable[..., Result], words: list[str], message: str) -> None:
    result = run("drift", *words)
    assert result.exit_code == 1
    assert message in result.output
    assert "Traceback" not in result.output
    assert result.output.startswith("Error: ")


def test_a_file_is_judged_as_if_it_were_the_window(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    path = write_csv(tmp_path / "rows.csv", labelled_rows(3000))
    result = run("drift", "--data", str(path), "--rows", "1:1000", "--json", "--fail-on", "drifted")
    assert result.exit_code == 1
    form = json.loads(result.output)
    assert form["n"] == 1000
    assert form["baseline"] == "training"
    table = run("drift", "--data", str(path), "--rows", "1:1000")
    assert table.exit_code == 0
    assert "log loss" in table.output
    other = tmp_path / "other.csv"
    other.write_text(header(3) + "\n1,0,1,1\n")
    result = run("drift", "--data", str(other))
    assert result.exit_code == 1
    assert "The file has no columns G4, G5" in result.output
    result = run("drift", "--data", str(path), "--baseline", "previous")
    assert "baseline must be training or a version" in result.output


def test_without_a_webhook_alert_says_what_to_set(run: Callable[..., Result]) -> None:
    result = run("alert")
    assert result.exit_code == 1
    assert "ALERT_WEBHOOK_URL is unset" in result.output
