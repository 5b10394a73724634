"""A release as Heroku does it, on this machine: build, release, web, a restart on an empty disk."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.support.heroku import Dyno, Slug, Web, build, config_vars, processes, pushed, runtime
from tests.support.heroku_router import Answer, Router
from tests.support.labelled_events import record_labelled
from tests.support.postgres import Postgres
from tests.support.serving import wait_until
from tests.support.synthetic_rows import labelled_rows, write_csv
from webapp.db.database import Database
from webapp.settings import ROOT

FIRST_SECONDS = 60  # after which Heroku gives up on a web process (R10)
# Without bytecode (225 more). Compressed all is 0.3 of it, and a slug may have 500 MB or 1 GB
INSTALLED_MB = 950
STOP_SECONDS = 30  # after which it kills one that was asked to end (R12)
# How an owner goes on who has real traffic: with a token for programs, and no limit
OWNERS = {"API_TOKEN": "token-of-config-set", "RATE_LIMIT": ""}
NAMES = tuple(f"G{i}" for i in range(1, 11))
ROW = "&".join(f"{name}=1" for name in NAMES)
PAGES = ("/", "/compare", "/drift", "/models", "/_dash-layout", "/_dash-dependencies")


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pushed(tmp_path_factory.mktemp("push"))


@pytest.fixture(scope="module")
def slug(code: Path) -> Slug:
    version, here = runtime(code), f"{sys.version_info.major}.{sys.version_info.minor}"
    if version != here:
        pytest.skip(f"runtime.txt asks for Python {version}, the tests run on {here}")
    return build(code, ROOT / ".venv-heroku")  # a gigabyte, which would take minutes to delete


@pytest.fixture
def database(postgresql: Postgres) -> Iterator[str]:
    with postgresql.fresh() as address:
        yield address


@dataclass
class Life:
    """What a dyno acknowledged before its restart, and what was measured."""

    ids: list[str] = field(default_factory=list)
    cookie: str = ""
    file: str = ""
    jobs: list[dict[str, Any]] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_release_a_burst_and_a_restart(
    slug: Slug, database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = config_vars(slug.code, database) | OWNERS
    released(slug, tmp_path / "release", config)
    life = Life(figures={"install s": slug.seconds, "installed MB": slug.installed_mb})
    assert slug.installed_mb < INSTALLED_MB
    dyno = Dyno(slug, tmp_path / "first", config)
    with dyno.web() as web:
        router = Router(dyno.url, config)
        life.figures["boot s"] = booted(router, web)
        wait_until(lambda: events_of(database, "demo") > 0, 60, "simulated traffic is there")
        life.figures["MB while it boots"] = web.memory.lap()
        changed(router, life, tmp_path)
        life.figures["with an upload"] = web.memory.lap()
        trained(router, life, database)
        life.figures["with a retrain"] = web.memory.lap()
        burst(router, life, database)
        life.figures["in the burst"] = web.memory.lap()
        life.figures["at most, without what files back"] = web.memory.anonymous_mb
        life.figures["exit s"] = stopped(router, web, life)
        how = web.limit.how
    assert "Traceback" not in dyno.said
    shutil.rmtree(dyno.disk)
    assert missing(database, life.ids) == []
    some_minutes_later(database)
    after_the_restart(Dyno(slug, tmp_path / "second", config), config, life)
    with capsys.disabled():
        told(how, life)


def told(how: str, life: Life) -> None:
    """Print the figures."""
    figures = ", ".join(f"{name} {value:.1f}" for name, value in life.figures.items())
    print(f"\nheroku: {how}; {figures}; {len(life.ids):,} predictions acknowledged")


def released(slug: Slug, disk: Path, config: dict[str, str]) -> None:
    """The release phase, twice; and the documented command on a dyno of its own."""
    dyno = Dyno(slug, disk, config)
    first = dyno.run(processes(slug.code)["release"], "release.1")
    assert first.returncode == 0, first.stderr
    assert "migrated from empty" in first.stdout
    again = dyno.run(processes(slug.code)["release"], "release.2")
    assert again.returncode == 0, again.stderr
    assert "up to date" in again.stdout
    check = dyno.run("everycase check")
    assert (check.returncode, check.stdout) == (0, "The counts equal the events.\n")
    listing = dyno.run("everycase versions")
    assert listing.returncode == 0, listing.stderr
    assert "logit_games_v1" in listing.stdout
    retrain = dyno.run("everycase retrain --promote", "scheduler.1")
    assert (retrain.returncode, retrain.stdout) == (1, "")
    assert "set MODELS_URI to models:/NAME or s3://BUCKET/PREFIX" in retrain.stderr
    shutil.rmtree(disk)


def booted(router: Router, web: Web) -> float:
    """Seconds to the first page."""
    start = time.monotonic()

    def answers() -> bool:
        assert web.process.poll() is None, "the web process ended"
        return router.get("/", accept="text/html").status == 200

    wait_until(answers, FIRST_SECONDS, "the first page")
    took = time.monotonic() - start
    wait_until(lambda: router.get("/readyz").status == 200, FIRST_SECONDS, "it is ready")
    return took


def changed(router: Router, life: Life, tmp_path: Path) -> None:
    """A person signs in, makes another version champion, sends a file to compare on."""
    page = router.get("/sign-in", accept="text/html")
    assert page.headers["Strict-Transport-Security"], "the router speaks https, and it is believed"
    life.cookie = router.sign_in()
    body = {"version": "hgb_games_v1", "reason": "a change that stays"}
    assert router.admin("PUT", "/api/v1/champion", body).status == 200
    rows = write_csv(tmp_path / "rows.csv", labelled_rows(1200)).read_bytes()
    headers = {"Content-Type": "application/octet-stream", "Sec-Fetch-Site": "same-origin"}
    answer = router.send("POST", "/page/compare/file", rows, **headers)
    last = json.loads(answer.body.splitlines()[-1])
    assert "file" in last, last
    life.file = last["file"]


def trained(router: Router, life: Life, database: str) -> None:
    """Retrain in the background, on the dyno's own disk, and make the version champion."""
    log = Database(database)
    record_labelled(log, 3000, version="hgb_games_v1")
    log.close()
    body = {"windows": ["all"], "estimators": ["logit"], "churn": 1, "promote": True}
    answer = router.admin("POST", "/api/v1/retrain", body)
    assert answer.status == 202, answer.body
    place = f"/api/v1/jobs/{answer.json['id']}"
    ends = ("done", "failed", "cancelled")
    wait_until(lambda: router.admin("GET", place).json["state"] in ends, 90, "the job's end")
    life.jobs = router.admin("GET", "/api/v1/jobs").json["jobs"]
    assert life.jobs[0]["state"] == "done", life.jobs[0]
    version, message = life.jobs[0]["version"], life.jobs[0]["message"]
    assert version, life.jobs[0]
    assert (
        "not promoted: MODELS_URI is a folder, and a dyno's disk is lost when it stops" in message
    )
    body = {"version": version, "reason": "fitted on the dyno"}
    wait_until(
        lambda: router.admin("PUT", "/api/v1/champion", body).status == 200, 30, "it is served"
    )


def burst(router: Router, life: Life, database: str) -> None:
    """Pages, single predictions and batches from eight clients at once, without an error."""
    rows = [{name: (i >> bit) & 1 for bit, name in enumerate(NAMES)} for i in range(200)]

    def client(number: int) -> list[str]:
        ids = []
        for turn in range(12):
            answer = router.get(PAGES[(number + turn) % len(PAGES)], accept="text/html")
            assert answer.status == 200, answer.body
            ids.append(predicted(router.api("GET", f"/?{ROW}")))
            batch = router.api("POST", "/api/v1/predict/batch", rows)
            assert batch.status == 200, batch.body
            ids += [row["id"] for row in batch.json["predictions"]]
        return ids

    with ThreadPoolExecutor(8) as pool:
        for ids in pool.map(client, range(8)):
            life.ids += ids
    assert len(set(life.ids)) == 8 * 12 * 201
    # The smallest plan takes 20, and at a restart the old dyno and the new one share them.
    life.figures["connections"] = connections(database)
    assert life.figures["connections"] <= 10


def predicted(answer: Answer) -> str:
    assert (answer.status, answer.json["success"]) == (200, True), answer.body
    return str(answer.json["id"])


def stopped(router: Router, web: Web, life: Life) -> float:
    """SIGTERM while clients write: seconds until all is gone, with status 0."""

    def client(_number: int) -> list[str]:
        ids = []
        while (answer := router.api("GET", f"/?{ROW}")).status == 200:
            ids.append(str(answer.json["id"]))
        assert answer.status == 0, "no answer is fine while it stops, an error is not"
        return ids

    with ThreadPoolExecutor(4) as pool:
        clients = [pool.submit(client, number) for number in range(4)]
        time.sleep(1)
        took = web.stop()
        for each in clients:
            life.ids += each.result(30)
    assert web.process.returncode == 0
    assert took < STOP_SECONDS
    assert web.limit.killed == 0
    # The kernel drops what files back when memory is short, and that is a part of the peak.
    assert 100 < web.memory.anonymous_mb < 512, web.memory.at_peak
    return took


def missing(database: str, ids: list[str]) -> list[str]:
    """What was acknowledged and is not in the log."""
    with psycopg.connect(database) as connection:
        there = {str(row[0]) for row in connection.execute("SELECT id FROM events")}
    return [each for each in ids if each not in there and each.replace("-", "") not in there]


def events_of(database: str, source: str) -> int:
    with psycopg.connect(database) as connection:
        select = "SELECT count(*) FROM events WHERE source = %s"
        row = connection.execute(select, (source,)).fetchone()
    return int(row[0]) if row else 0


def some_minutes_later(database: str) -> None:
    """In the two minutes after a promotion the champion before it answers; they are over."""
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE promotions SET at = at - 180000")


def connections(database: str) -> int:
    with psycopg.connect(database) as connection:
        select = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'everycase'"
        row = connection.execute(select).fetchone()
    return int(row[0]) if row else 0


def after_the_restart(dyno: Dyno, config: dict[str, str], life: Life) -> None:
    """All of the database is there; what only the disk had is missed clearly."""
    with dyno.web() as web:
        router = Router(dyno.url, config, life.cookie)
        wait_until(lambda: router.get("/healthz").status == 200, FIRST_SECONDS, "the second dyno")
        assert router.get("/sign-in").status == 303, "whoever is signed in needs no form"
        assert Router(dyno.url, config).get("/sign-in").status == 200
        version = life.jobs[0]["version"]
        ready = router.get("/readyz")
        assert ready.status == 503
        assert version in ready.json["problems"]["champion"]
        assert "lost with its disk: set MODELS_URI" in ready.json["problems"]["champion"]
        assert router.api("GET", f"/?{ROW}").status == 503
        page = router.get("/", accept="text/html")
        assert page.status == 200
        assert f"The champion {version} can".encode() in router.get("/_dash-layout").body
        by_name = router.api("GET", f"/?{ROW}&version=hgb_games_v1")
        assert predicted(by_name)
        champion = router.api("GET", "/api/v1/champion").json
        assert (champion["version"], champion["previous"]) == (version, "hgb_games_v1")
        assert router.admin("GET", "/api/v1/jobs").json["jobs"] == life.jobs
        query = f"versions=logit_games_v1,hgb_games_v1&file={life.file}"
        assert router.api("GET", f"/api/v1/compare?{query}").json["n"] == 1200
        body = {"version": "hgb_games_v1", "reason": "back"}
        assert router.admin("PUT", "/api/v1/champion", body).status == 200
        wait_until(lambda: router.get("/readyz").status == 200, 10, "it is ready again")
        life.figures["second exit s"] = web.stop()
        assert web.process.returncode == 0
    assert "Traceback" not in dyno.said
