"""Three dynos and a worker behave as one: no sticky sessions, a disk of its own for each.

What is begun at one is gone on with at the others, past nginx, so that it is known who answers.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.support import cluster as clusters
from tests.support.app_access import ADMIN_TOKEN, API_TOKEN
from tests.support.cluster import Cluster, Dyno
from tests.support.http_clients import Browser, admin, program, somebody
from tests.support.labelled_events import record_labelled
from tests.support.nginx import Nginx, needs_nginx
from tests.support.serving import children_of, wait_until
from tests.support.synthetic_rows import labelled_rows, write_csv
from tests.support.webhook import hearing
from webapp.api.auth import COOKIE
from webapp.db.database import Database
from webapp.settings import ROOT

pytestmark = [needs_nginx, pytest.mark.long, pytest.mark.filterwarnings("ignore")]
A, B = "logit_games_v1", "logit_games_v2"
LIMIT = 120
LOOKS = 40  # seconds between two looks at the bucket, each of which takes 3 of a processor
ARRIVES = 120.0  # seconds until a version of the bucket is served, on a busy machine
ROW = {f"G{i}": i % 2 for i in range(1, 11)}


@dataclass
class Formation:
    """The formation, and what its webhook heard."""

    cluster: Cluster
    nginx: Nginx
    webs: list[Dyno]
    worker: Dyno
    heard: list[dict[str, Any]]


@pytest.fixture(scope="module")
def bucket() -> Iterator[dict[str, str]]:
    """Settings of a bucket of its own, as moto's servers in a process share them; it holds A."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        **{name.lower(): value for name, value in keys.items()},
    )
    client.create_bucket(Bucket="dynos")
    for path in sorted((ROOT / "models" / A).rglob("*"), reverse=True):
        if path.is_file():
            key = f"live/{A}/{path.relative_to(ROOT / 'models' / A)}"
            client.upload_file(str(path), "dynos", key)
    more = {"MLFLOW_S3_ENDPOINT_URL": endpoint, "AWS_DEFAULT_REGION": "us-east-1"}
    yield {"MODELS_URI": "s3://dynos/live", "MODELS_SECONDS": str(LOOKS), **keys, **more}
    server.stop()


@pytest.fixture(scope="module")
def formation(
    tmp_path_factory: pytest.TempPathFactory, bucket: dict[str, str]
) -> Iterator[Formation]:
    place = tmp_path_factory.mktemp("dynos") / "cluster"
    settings = {"RATE_LIMIT": f"{LIMIT}/hour", "RETRAIN_CHURN": "1", **bucket}
    with hearing() as (url, posts):
        settings["ALERT_WEBHOOK_URL"] = url
        with clusters.running(place, slots=3, **settings) as (cluster, nginx):
            database = Database(cluster.environ["DATABASE_URL"])
            record_labelled(database, 3000)
            database.close()
            worker = cluster.worker()
            yield Formation(cluster, nginx, cluster.webs(3), worker, posts)


def answers(dyno: Dyno) -> str:
    """The version that answers at this dyno now."""
    answer = program(somebody()).json(dyno, "POST", "/api/v1/predict", ROW)
    return str(answer["version"])


def state(dyno: Dyno, job: dict[str, Any]) -> str:
    """The state of a job according to this dyno."""
    return str(program(somebody()).json(dyno, "GET", f"/api/v1/jobs/{job['id']}")["state"])


def signed_in(browser: Browser, dyno: Dyno) -> bool:
    """True if the sign-in page shows no form."""
    return browser.ask(dyno, "GET", "/sign-in")[0] == 303


def test_a_session_is_one_session_and_ends_everywhere(formation: Formation) -> None:
    first, second, third = formation.webs
    browser = Browser("10.1.0.1", Sec_Fetch_Site="same-origin")
    browser.headers["Sec-Fetch-Site"] = browser.headers.pop("Sec_Fetch_Site")
    assert not signed_in(browser, first)
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    status, headers, _ = browser.ask(
        first, "POST", "/sign-in", f"token={ADMIN_TOKEN}".encode(), **form
    )
    cookie = re.search(rf"{COOKIE}=[^;]+", headers["Set-Cookie"])
    assert status == 303
    assert cookie
    browser.headers["Cookie"] = cookie[0]
    assert [signed_in(browser, dyno) for dyno in formation.webs] == [True] * 3
    assert browser.ask(second, "POST", "/sign-out", b"")[0] == 303
    # the browser forgot its cookie; a copy of it is worth nothing any more, anywhere
    assert [signed_in(browser, dyno) for dyno in (third, first, second)] == [False] * 3


def test_attempts_to_sign_in_are_counted_over_all(formation: Formation) -> None:
    browser = Browser("10.1.0.2")
    browser.headers["Sec-Fetch-Site"] = "same-origin"
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    statuses = [
        browser.ask(formation.webs[i % 3], "POST", "/sign-in", b"token=wrong", **form)[0]
        for i in range(12)
    ]
    assert statuses == [401] * 10 + [429] * 2


def test_the_rate_limit_is_one_limit(formation: Formation) -> None:
    """Through nginx, which asks one after the other."""
    connection = formation.nginx.connect("127.0.3.1")
    statuses = []
    for _ in range(LIMIT + 6):
        headers = {"Authorization": f"Bearer {API_TOKEN}"}
        connection.request("GET", "/api/v1/champion", headers=headers)
        answer = connection.getresponse()
        answer.read()
        statuses.append(answer.status)
    connection.close()
    assert statuses == [200] * LIMIT + [429] * 6
    lines = [line for line in formation.nginx.log.splitlines() if line.startswith("127.0.3.1 ")]
    paths = {line.split()[7] for line in lines}
    assert len(paths) == 3, "all three were asked"


def test_a_receipt_of_one_is_good_at_another(formation: Formation) -> None:
    first, second, third = formation.webs
    browser = Browser("10.1.0.3")
    browser.headers |= program("10.1.0.3").headers
    body = {"version": A, "features": ROW, "request_id": "form-dynos-1"}
    receipt = browser.json(first, "POST", "/page/record", body)["receipt"]
    assert browser.json(third, "POST", "/page/record", body)["receipt"] == receipt, "one event"
    outcome = {"receipt": receipt, "label": 1}
    assert browser.json(second, "POST", "/page/label", outcome)["status"] == "recorded"
    assert browser.json(third, "POST", "/page/label", outcome)["status"] == "repeated"


def test_a_version_that_the_worker_trains_reaches_all_without_a_gap(formation: Formation) -> None:
    first, second, third = formation.webs
    asker = admin("10.1.0.4")
    plan = {"promote": True, "estimators": ["logit"], "windows": ["all"]}
    job = asker.json(first, "POST", "/api/v1/retrain", plan)
    assert asker.ask(second, "POST", "/api/v1/retrain", {})[0] == 409, "one at a time, over all"
    versions: set[str] = set()
    end = time.monotonic() + ARRIVES

    def everywhere() -> bool:
        assert state(third, job) not in ("failed", "cancelled")
        now = {answers(dyno) for dyno in formation.webs}
        versions.update(now)
        return now == {B} and state(second, job) == "done"

    while not everywhere():
        assert time.monotonic() < end, (state(third, job), versions)
        time.sleep(0.5)
    assert versions == {A, B}
    for dyno in formation.webs:
        versions = program("10.1.0.6").json(dyno, "GET", "/api/v1/versions")
        assert {v["version"] for v in versions["versions"]} == {A, B}
    posts = [h for h in formation.heard if h["event"] == "champion.promoted"]
    assert [(h["version"], h["previous"]) for h in posts] == [(B, A)], "the webhook heard it once"
    supervisors = [pid for d in formation.webs for pid in children_of(d.process.pid)]
    commands = [words for pid in supervisors for words in children_of(pid).values()]
    assert not any("webapp.jobs" in words for words in commands), "only the worker runs jobs"
    workers = children_of(formation.worker.process.pid).values()
    assert any("webapp.jobs.consumer" in words for words in workers)
    assert "Everycase takes jobs from Redis at 127.0.0.1" in formation.worker.log


def test_a_job_is_cancelled_from_any_dyno(formation: Formation) -> None:
    first, second, third = formation.webs
    asker = admin("10.1.0.7")
    job = asker.json(first, "POST", "/api/v1/retrain", {"estimators": ["hgb"]})
    wait_until(lambda: state(second, job) == "running", 40)
    assert asker.ask(third, "DELETE", f"/api/v1/jobs/{job['id']}")[0] == 200
    wait_until(lambda: state(first, job) == "cancelled", 40)


def test_a_promotion_at_one_is_known_to_all_within_two_seconds(formation: Formation) -> None:
    asker = admin("10.1.0.8")
    for dyno, version in zip(formation.webs, (A, B, A), strict=True):
        asker.json(dyno, "PUT", "/api/v1/champion", {"version": version, "reason": "a test"})
        start = time.monotonic()
        wait_until(lambda v=version: all(v == answers(d) for d in formation.webs), 2)  # type: ignore[misc]
        assert time.monotonic() - start < 2


def test_a_worker_that_gets_a_stop_signal_ends_its_job_and_reports_it(formation: Formation) -> None:
    job = admin(somebody()).json(
        formation.webs[0], "POST", "/api/v1/retrain", {"estimators": ["hgb"]}
    )
    wait_until(lambda: state(formation.webs[1], job) == "running", 40)
    start = time.monotonic()
    formation.worker.end_all()
    assert formation.worker.process.returncode == 0
    assert time.monotonic() - start < 25, "within the time that Heroku gives"
    answer = program(somebody()).json(formation.webs[2], "GET", f"/api/v1/jobs/{job['id']}")
    assert answer["state"] == "failed", answer
    assert "stopped" in answer["message"]
    assert "Traceback" not in formation.worker.log


def test_figures_and_uploads_are_the_same_at_all(formation: Formation, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "rows.csv", labelled_rows(500)).read_bytes()
    asker = program("10.1.0.9")
    kind = {"Content_Type": "application/octet-stream"}
    path = f"/page/compare/file?versions={A},{B}"
    status, _, lines = asker.ask(formation.webs[0], "POST", path, file, **kind)
    assert status == 200, lines
    upload = json.loads(lines.splitlines()[-1])["file"]
    paths = (
        f"/api/v1/drift?version={A}&days=14",
        f"/api/v1/compare?versions={A},{B}&days=30",
        f"/api/v1/compare?versions={A},{B}&file={upload}",
    )
    for path in paths:
        answers = [asker.json(dyno, "GET", path) for dyno in (*formation.webs, formation.webs[0])]
        assert answers[0] == answers[1] == answers[2] == answers[3], path
    page = asker.ask(formation.webs[2], "GET", f"/compare?file={upload}", Accept="text/html")
    assert page[0] == 200
    numbers = [_metric(asker, dyno) for dyno in formation.webs]
    assert numbers[0] == numbers[1] == numbers[2]
    assert numbers[0]


def test_without_redis_predictions_go_on_and_limits_hold(formation: Formation) -> None:
    """The last test: it takes Redis away. Each process counts for itself, and says so once."""
    redis.Redis.from_url(formation.cluster.environ["REDIS_URL"]).shutdown(nosave=True)
    first, second, _ = formation.webs
    browser = Browser(somebody())
    browser.headers["Sec-Fetch-Site"] = "same-origin"
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    statuses = [
        browser.ask(first, "POST", "/sign-in", b"token=wrong", **form)[0] for _ in range(11)
    ]
    assert statuses == [401] * 10 + [429]
    asker = program(somebody())
    statuses = [asker.ask(second, "POST", "/api/v1/predict", ROW)[0] for _ in range(LIMIT + 1)]
    assert statuses == [200] * LIMIT + [429]
    status, _, body = admin(somebody()).ask(first, "POST", "/api/v1/retrain", {})
    assert (status, "the queue can't take a job" in body.decode()) == (503, True), body
    assert [dyno.log.count("Redis is unavailable") for dyno in (first, second)] == [2, 1]


def _metric(browser: Browser, dyno: Dyno) -> list[str]:
    """What the metrics say of the log and the champion; requests are each process's own."""
    lines = browser.ask(dyno, "GET", "/metrics")[2].decode().splitlines()
    names = ("everycase_events{", "everycase_matured_events{", "everycase_champion_ready{")
    return sorted(line for line in lines if line.startswith(names))
