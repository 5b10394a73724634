"""Drift of a log: which traffic is meant, what is said of it, and who is told."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.support import populations
from tests.support.event_logs import hand_services
from tests.support.versions import ready
from webapp.catalog.versions import Version
from webapp.db.ids import new_ids
from webapp.db.schema import Source
from webapp.events.counts import CountsQuery
from webapp.events.record import Event
from webapp.services.context import Services
from webapp.services.drift import reader as drift_reader
from webapp.services.drift import webhook as alert
from webapp.services.drift.answer import NoAnswer, TrafficReport
from webapp.services.drift.as_json import as_json
from webapp.services.drift.sentence import Sentence, compose
from webapp.services.predict.version_choice import UnknownVersionError
from webapp.services.traffic import windows
from webapp.timing import DAY_MS, HOUR_MS

NOW = 20_780 * DAY_MS + 15 * HOUR_MS
NAME = "logit_games_v1"
SHIPPED = Version(NAME, "ready", prepared=populations.shipped())


@pytest.fixture
def services() -> Iterator[Services]:
    hand_made = hand_services([SHIPPED, ready("bare_v1", seed=3)])
    yield hand_made
    hand_made.close()


def write(
    services: Services,
    n: int,
    *,
    cases: Any = None,
    rates: Any = None,
    ago: int = 0,
    days: int = 14,
    outcomes: float = 1.0,
    source: Source = "api",
    seed: int = 0,
) -> None:
    """Traffic of the days before today, ``ago`` days shifted."""
    rng = np.random.default_rng(seed)
    window = populations.draw(rng, n, populations.shares() if cases is None else cases, rates)
    case = rng.permutation(np.repeat(np.arange(1024), window.events))
    scores = populations.shipped().scores
    labels = rng.random(n) < (scores if rates is None else rates)[case]
    at = NOW - ago * DAY_MS - rng.integers(0, days * DAY_MS - 15 * HOUR_MS, n)
    ids = new_ids(NOW + seed, n)
    has_outcome = rng.random(n) < outcomes
    events = [
        Event(
            id_, int(when), source, NAME, int(c), 0.3, *((int(b), int(when)) if k else (None, None))
        )
        for id_, when, c, b, k in zip(ids, at, case, labels, has_outcome, strict=True)
    ]
    services.log.record_all(events, lambda _: None)


def ask(services: Services, **params: str) -> TrafficReport | NoAnswer:
    return drift_reader.answer_question(services, windows.read(params, NOW))


def report(services: Services, **params: str) -> TrafficReport:
    answer = ask(services, **params)
    assert isinstance(answer, TrafficReport)
    return answer


def said(services: Services, **params: str) -> Sentence:
    return compose(ask(services, **params), NOW)


def test_retrain_when_it_is_worth_no_more_than_guessing(services: Services) -> None:
    write(services, 4000, cases=populations.shifted(7, 0.2), rates=np.full(1024, 0.125))
    sentence = said(services)
    assert sentence.action == "Retrain"
    assert sentence.finding.startswith(
        f"over the last 28 days {NAME} did worse than predicting the average (skill −"
    )
    assert "in cross-validation 15.9\u00a0%)." in sentence.finding
    assert "owners of G8 rose from 22\u00a0% to 43\u00a0%" in sentence.reason
    assert sentence.text.startswith("Retrain: over the last 28 days")


def test_retrain_when_it_is_worth_less(services: Services) -> None:
    scores = populations.shipped().scores
    write(services, 9000, rates=0.6 * scores + 0.07)
    assert "performed worse than in cross-validation" in said(services).finding


def test_watch_when_traffic_moved_without_harm(services: Services) -> None:
    write(services, 6000, cases=populations.shifted(7, 0.2))
    sentence = said(services)
    assert sentence.action == "Watch"
    assert "owners of G8 rose from 22\u00a0% to" in sentence.finding
    assert "skill" in sentence.reason


def test_watch_without_outcomes_says_so(services: Services) -> None:
    write(services, 4000, cases=populations.shifted(7, 0.2), outcomes=0)
    sentence = said(services)
    assert sentence.reason.startswith(
        "Only what comes in could be checked: no outcomes are known, and about 4,"
    )
    assert "would tell. If behaviour didn't change, log loss is about 0." in sentence.reason
    assert report(services).result.splits.keys() == {"score"}


@pytest.mark.parametrize("outcomes", [0, 0.005])
def test_calm_inputs_without_enough_outcomes_are_no_reason_to_keep(
    services: Services, outcomes: float
) -> None:
    """The concept turned over, and hardly an outcome is known that would show it."""
    opposite = 1 - populations.shipped().scores
    write(services, 8000, rates=opposite if outcomes == 0 else None, outcomes=outcomes)
    answer = ask(services, margin="0.05")
    sentence = compose(answer, NOW)
    finding = "over the last 28 days what comes in didn't change, but whether"
    assert (sentence.action, sentence.finding) == (
        "Wait",
        f"{finding} {NAME} still answers well is unknown.",
    )
    gap = "no outcomes are known" if outcomes == 0 else "outcomes are too few"
    assert gap in sentence.reason
    assert "would tell" in sentence.reason
    form = as_json(answer, NOW)
    assert (form["verdict"], form["harm"]) == ("unknown", "unknown")
    assert form["performance"]["outcomes_needed"] > 3000
    assert form["performance"]["estimated"]["assumes"] == "behaviour didn't change"


def test_a_turned_concept_is_found_once_outcomes_are_known(services: Services) -> None:
    write(services, 8000, rates=1 - populations.shipped().scores, outcomes=0.05)
    answer = ask(services, margin="0.05")
    assert compose(answer, NOW).action == "Retrain"
    assert as_json(answer, NOW)["harm"] == "worse"


def test_keep_when_nothing_that_matters_changed(services: Services) -> None:
    write(services, 60_000)
    sentence = said(services, margin="0.05")
    assert (sentence.action, sentence.finding) == (
        "Keep",
        f"over the last 28 days nothing that matters changed for {NAME}.",
    )


@pytest.mark.parametrize(("n", "words"), [(60, "too few for a verdict"), (900, "not enough to be")])
def test_wait_while_there_are_too_few_events(services: Services, n: int, words: str) -> None:
    write(services, n)
    sentence = said(services)
    assert sentence.action == "Wait"
    begin = f"{n} events over the last 28 days are {words}"
    assert sentence.finding.startswith(begin)


def test_without_traffic_or_baseline_it_says_what_is_missing(services: Services) -> None:
    assert "there is no traffic for logit_games_v1 yet." in said(services).text
    write(services, 50, ago=40)
    answer = ask(services)
    assert isinstance(answer, NoAnswer)
    assert answer.reason == "no events"
    assert answer.nearest is not None
    assert "The most recent traffic is from" in compose(answer, NOW).text
    write(services, 50, seed=1)
    report(services, baseline="previous", days="7")
    late = said(services, baseline="previous", days="14")
    assert "there is nothing to compare with." in late.text
    bare = SHIPPED.prepared
    assert bare is not None
    alone = hand_services([Version(NAME, "ready", prepared=replace(bare, baseline=None))])
    write(alone, 50)
    assert f"there are no training counts for {NAME}." in said(alone, baseline="training").text
    text = said(alone).text
    assert f"there is nothing to compare with. {NAME} came without training counts." in text
    assert f"everycase evaluate {NAME} --data FILE --store adds rows to compare with." in text
    alone.close()


def test_simulated_traffic_is_used_until_there_is_enough_real(services: Services) -> None:
    write(services, 300, source="demo")
    assert ask(services).scope.is_simulated
    write(services, 199, source="batch", seed=1)
    some = report(services)
    assert (some.scope.is_simulated, some.window.total) == (True, 300)
    assert as_json(some, NOW)["not_shown"] == 199
    write(services, 1, source="batch", seed=2)
    real = report(services)
    assert (real.scope.is_simulated, real.window.total) == (False, 200)
    assert report(services, source="demo").window.total == 300


def test_an_answer_is_kept_until_something_is_counted(services: Services) -> None:
    write(services, 500)
    first = ask(services)
    assert ask(services) is first
    write(services, 1, seed=2)
    assert report(services).window.total == 501


def hours_between(services: Services, since: Any, until: Any) -> list[int]:
    """Events counted in hours, from the counts themselves."""
    edges = [int(hour.astype("datetime64[ms]").astype(np.int64)) for hour in (since, until)]
    rows = services.counts.read(CountsQuery(NAME, ("api",), *edges, "hour"))
    return [int(n) for n in rows[:, 3]]


def test_hours_and_long_windows(services: Services) -> None:
    write(services, 900, days=14)
    since = np.datetime64(NOW - 30 * HOUR_MS, "ms").astype("datetime64[h]")
    hourly = report(services, **{"from": f"{since}:00Z"})
    assert hourly.timeline.every == HOUR_MS
    assert 0 < hourly.window.total < 500
    before = report(services, **{"from": f"{since}:00Z", "baseline": "previous"})
    # The window ends with the day: 30 hours and the 9 that are left of it.
    events = sum(hours_between(services, since - np.timedelta64(39, "h"), since))
    assert before.baseline.total == events > 0
    write(services, 50, ago=300, seed=1)
    assert report(services, days="400").timeline.every == 7 * DAY_MS
    assert report(services, every="week").timeline.every == 7 * DAY_MS


def test_a_baseline_must_be_one(services: Services) -> None:
    write(services, 50)
    with pytest.raises(UnknownVersionError, match="there is no version nope: send training"):
        ask(services, baseline="nope")


def test_the_form_is_json_with_the_promised_content(services: Services) -> None:
    write(services, 500)
    form = as_json(ask(services), NOW)
    json.dumps(form, allow_nan=False)
    keys = {"version", "baseline", "window", "n", "verdict", "sentence", "features", "pairs",
                "total_variation", "score", "labels", "performance", "split"}  # fmt: skip
    assert keys <= form.keys()
    row = form["features"][0]
    assert {
        "name",
        "baseline",
        "window",
        "difference",
        "p_adjusted",
        "psi",
        "verdict",
        "detectable",
    } <= row.keys()
    assert row["difference"].keys() == {"value", "low", "high"}
    assert len(form["pairs"]) == 45
    days = form["series"]
    assert sum(days["n"]) == form["n"] == 500
    for name, n in (("log_loss", days["labelled"]), ("estimated_log_loss", days["n"])):
        bands = [days[name + end] for end in ("_low", "", "_high")]
        assert all(low < high for low, _, high in zip(*bands, strict=True) if low is not None)
        assert [low is None for low in bands[0]] == [not events for events in n]


# ---- alerts


@contextmanager
def webhook(answers: list[int]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A receiver that gives these statuses, and 200 from then on; what it got."""
    got: list[dict[str, Any]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = answers.pop(0) if answers else 200
            got.append(
                json.loads(body) | {"status": status, "key": self.headers["Idempotency-Key"]}
            )
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", got
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def drifted(services: Services) -> None:
    write(services, 4000, cases=populations.shifted(7, 0.3))


def test_one_post_a_change(services: Services) -> None:
    with webhook([]) as (url, got):
        write(services, 60)
        assert not alert.note_changes(services, NOW)  # the first look, and nothing to tell
        drifted(services)
        for _ in range(3):
            alert.note_changes(services, NOW)
            alert.deliver(services, url)
    assert [(g["verdict"], g["previous"], g["version"]) for g in got] == [
        ("drifted", "cannot tell", NAME)
    ]
    assert got[0]["text"].startswith("Watch: ")
    assert got[0]["harm"] in ("unknown", "no difference that matters")


def test_what_drifted_and_then_hurts_is_told(services: Services) -> None:
    cases = populations.shifted(7, 0.3)
    with webhook([]) as (url, got):
        write(services, 4000, cases=cases, outcomes=0)
        alert.note_changes(services, NOW)
        write(services, 4000, cases=cases, rates=1 - populations.shipped().scores, seed=1)
        alert.note_changes(services, NOW)
        alert.deliver(services, url)
    assert [(g["verdict"], g["harm"]) for g in got] == [
        ("drifted", "unknown"),
        ("drifted", "worse"),
    ]
    assert got[1]["text"].startswith("Retrain: ")


def test_a_failed_post_is_tried_again_and_never_sent_twice(services: Services) -> None:
    drifted(services)
    waits: list[float] = []
    with webhook([500, 503, 500, 500]) as (url, got):
        assert alert.note_changes(services, NOW)
        assert alert.deliver(services, url, waits.append) == 0
        assert waits == list(alert.WAITS)
        assert alert.deliver(services, url, waits.append) == 1
        assert alert.deliver(services, url, waits.append) == 0
    assert [g["status"] for g in got] == [500, 503, 500, 500, 200]
    assert len({g["key"] for g in got}) == 1


def test_two_machines_tell_once(services: Services) -> None:
    drifted(services)
    with webhook([]) as (url, got):
        threads = [
            threading.Thread(
                target=lambda: (alert.note_changes(services, NOW), alert.deliver(services, url))
            )
            for _ in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(got) == 1


def test_simulated_traffic_raises_no_alert(services: Services) -> None:
    write(services, 4000, cases=populations.shifted(7, 0.3), source="demo")
    assert not alert.note_changes(services, NOW)
    write(services, 1, seed=1)
    assert not alert.note_changes(services, NOW)


def test_an_unavailable_receiver_is_given_up_in_the_end(services: Services) -> None:
    drifted(services)
    alert.note_changes(services, NOW)
    for _ in range(25):
        assert alert.deliver(services, "http://127.0.0.1:9/", lambda _: None) == 0
    assert services.alerts.take() is None


def test_one_event_says_nothing_anywhere(services: Services) -> None:
    write(services, 1)
    few = report(services)
    form = as_json(few, NOW)
    verdicts = {row["verdict"] for row in (*form["features"], *form["pairs"], form["score"])}
    assert verdicts | {form["verdict"], form["labels"]["verdict"]} == {"cannot tell"}
    assert (form["harm"], form["causes"], form["better"]) == ("unknown", [], None)
    assert (
        "1 event over the last 28 days is too little for a verdict: 200 are needed"
        in form["sentence"]
    )
    assert few.since == {}
