"""Versions compared on a log and on files: on which events, with what conclusion."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from tests.support import populations
from tests.support.app_access import nobody
from tests.support.event_logs import hand_services
from tests.support.synthetic_rows import labelled_rows, write_csv
from tests.support.traffic import rows
from tests.support.versions import ready
from webapp.app import create_app
from webapp.cases import Features, InputError
from webapp.catalog.versions import Version
from webapp.cli.main import main
from webapp.components.markup import markup
from webapp.db.tables.evaluations import Evaluation
from webapp.pages.compare import tables
from webapp.services.compare import as_json as compare_as_json
from webapp.services.compare import labelled_file as compare_labelled_file
from webapp.services.compare import reader as compare_reader
from webapp.services.compare import request as compare_request
from webapp.services.compare import sentence
from webapp.services.compare.answer import CompareAnswer, ComparisonReport
from webapp.services.context import Services
from webapp.services.predict import replay
from webapp.services.predict.replay import ReplayPlan
from webapp.services.predict.version_choice import UnknownVersionError
from webapp.settings import Settings
from webapp.stats import metrics
from webapp.stats.counts import Counts
from webapp.timing import DAY_MS

NOW = 20_780 * DAY_MS + DAY_MS // 2
A, B, C, D = "logit_games_v1", "hgb_games_v1", "keras_games_v1", "logit_games_v2"
GAMES = populations.GAMES


def shipped(name: str) -> Version:
    return Version(name, "ready", prepared=populations.shipped(name))


@pytest.fixture
def services() -> Iterator[Services]:
    services = hand_services([shipped(name) for name in (A, B, C, D)])
    yield services
    services.close()


def send(services: Services, case: list[int], label: list[int], **values: Any) -> None:
    plan = ReplayPlan("d" * 64, 1, GAMES, case, label, A, **{"days": 20.0} | values)
    for _ in replay.replay(services, plan, NOW):
        pass


def ask(services: Services, **params: str) -> CompareAnswer:
    return compare_reader.answer_request(services, compare_request.read_request(params, NOW))


def report_on(services: Services, **params: str) -> ComparisonReport:
    answer = ask(services, **params)
    assert isinstance(answer, ComparisonReport)
    return answer


def sentence_on(answer: CompareAnswer) -> str:
    return sentence.compose(answer).text


def test_a_version_that_was_never_deployed_is_judged_as_on_the_rows(services: Services) -> None:
    case, label = rows(5000)
    send(services, case, label)  # all answered by A
    answer = report_on(services, a=A, b=B)
    counts = Counts.of(np.array(case), np.array(label), 1024)
    intervals = answer.results[1].metrics
    exact = metrics.evaluate(populations.shipped(B).scores, counts)
    for name in ("log_loss", "brier", "auc"):
        interval = intervals[name]
        assert interval is not None
        assert interval.value == pytest.approx(getattr(exact, name), abs=1e-12)
    assert answer.labelled.total == 5000


def test_the_better_one_is_named_with_the_case_that_carries_it(services: Services) -> None:
    send(services, *rows(8000))
    answer = report_on(services, versions=f"{A},{C},{B}")
    assert answer.close_up.challenger.name == B  # the best, not the first
    conclusion = sentence.compose(answer)
    assert conclusion.verdict == "better"
    assert conclusion.finding.startswith(f"{B} is better than {A}: log loss −0.0")
    assert "players with none of the ten games" in conclusion.reason
    assert sentence.compose(ask(services, a=B, b=A)).verdict == "worse"
    with_keras = report_on(services, versions=f"{A},{C},{B}", challenger=C)
    assert with_keras.close_up.challenger.name == C


def test_equal_and_undecided_versions(services: Services) -> None:
    send(services, *rows(50))
    few = sentence.compose(ask(services, a=B, b=C))
    assert few.verdict == "not enough evidence"
    assert few.finding.startswith("Too close to call between")
    assert "on 50 outcomes, where 0.00" in few.finding
    assert "would decide it" in few.finding or "won't settle it" in few.finding
    twin = hand_services([shipped(A), replace(shipped(A), name="twin_v1")])
    send(twin, *rows(3000))
    same = sentence.compose(ask(twin))
    assert same.verdict == "no difference that matters"
    assert "No decision flips at a threshold of 20" in same.reason
    twin.close()


def test_without_outcomes_only_behaviour_is_compared(services: Services) -> None:
    send(services, *rows(800), label_delay=90 * DAY_MS)
    answer = ask(services, a=A, b=B)
    assert answer.labelled.total == 0
    assert "not which is better" in sentence_on(answer)
    form = compare_as_json.as_json(answer)
    json.dumps(form, allow_nan=False)
    assert form["flips"]["share"]["value"] > 0
    assert form["versions"][1]["differences"]["log_loss"] is None
    assert form["versions"][0]["statement"] == "no outcomes are known yet"
    assert form["effects"]["with_pairs"] > form["effects"]["alone"]


def test_what_is_missing_is_reported(services: Services) -> None:
    assert "There is no traffic yet." in sentence_on(ask(services))
    send(services, *rows(100))
    assert "There are no events over" in sentence_on(
        ask(services, **{"from": "2020-01-01", "to": "2020-02-01"})
    )
    with pytest.raises(UnknownVersionError):
        ask(services, a=A, b="nope")
    with pytest.raises(InputError, match="challenger is hgb_games_v1: send one of keras_games_v1"):
        ask(services, a=A, b=C, challenger=B)


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"versions": "a,b", "a": "c"}, "versions"),
        ({"versions": "a,b,a"}, "versions"),
        ({"versions": ",".join(f"v{i}" for i in range(21))}, "versions"),
        ({"threshold": "2"}, "threshold"),
        ({"gain": "much"}, "gain"),
        ({"cost": "nan"}, "cost"),
        ({"every": "hour"}, "every"),
        ({"from": "2026-11-20T13:00Z"}, "from"),
        ({"version": A}, "version"),
    ],
)
def test_mistakes_are_named(params: dict[str, str], field: str) -> None:
    with pytest.raises(InputError) as caught:
        compare_request.read_request(params, NOW)
    assert caught.value.field == field


def test_what_a_version_came_without_is_said_until_rows_are_stored() -> None:
    """Also where the same comparison was made before."""
    prepared = replace(populations.shipped(B), baseline=None)
    services = hand_services([shipped(A), Version(B, "ready", prepared=prepared)])
    send(services, *rows(50))
    before = markup(tables.facts(report_on(services)))
    assert "training counts: everycase evaluate hgb_games_v1 --data FILE --store" in before
    facts = prepared.facts.build, 1, B, "rows.csv", "a" * 64, ":", 90, 30, "ann"
    services.evaluations.store(Evaluation(*facts), [(0, 90, 30)])
    table = markup(tables.facts(report_on(services)))
    assert "training counts: held against 90 rows of rows.csv" in table
    assert "--store" not in table
    services.close()


def trained_on(name: str, first: int, last: int) -> Version:
    prepared = populations.shipped(name)
    training = prepared.facts.training | {"rows": f"{first}:{last}", "sha256": "d" * 64}
    return Version(name, "ready", prepared=replace(
        prepared, facts=replace(prepared.facts, training=training)))  # fmt: skip


@pytest.mark.parametrize(
    ("span", "weeks"), [((1, 700), 1), ((1, 701), 2), ((1300, 9000), 2), ((5000, 6000), 0)]
)
def test_periods_that_a_version_was_trained_on_are_no_evidence(
    span: tuple[int, int], weeks: int
) -> None:
    """2,000 rows over 20 days, 100 a day: weeks that end today hold 600, 700 and 700 of them."""
    services = hand_services([shipped(A), trained_on(B, *span)])
    send(services, *rows(2000))
    answer = report_on(services, days="21")
    overlaps = answer.periods.overlaps
    assert len(answer.periods.begins) == 3
    assert sum(overlaps[1]) in (weeks, weeks + 1) if weeks else not any(overlaps[1])
    assert not any(overlaps[0])
    form = compare_as_json.as_json(answer)
    verdict = form["versions"][1]["differences"]["log_loss"]["verdict"]
    assert (verdict is None) == (weeks > 0)
    assert ("trained on some of these events" in form["sentence"]) == (weeks > 0)
    services.close()


def test_versions_with_other_inputs_are_compared_where_that_is_sound() -> None:
    wide = ready("wide_v1", Features.numbered(4), seed=1)
    narrow = ready("narrow_v1", Features.numbered(3), seed=2)
    odd = ready("odd_v1", Features(("G1", "H")), seed=3)
    services = hand_services([wide, narrow, odd])
    answer = compare_labelled_file.compare_on_file(
        services,
        compare_request.read_request({"a": "narrow_v1", "b": "wide_v1"}, NOW),
        Counts(np.full(16, 5), np.arange(16) % 5),
        wide.prepared.features,  # type: ignore[union-attr]
    )
    assert narrow.prepared is not None
    for case in range(16):  # the fourth input makes no difference to the narrow one
        assert answer.versions[0].scores[case] == narrow.prepared.scores[case % 8]
    with pytest.raises(InputError, match="odd_v1 has the input H, which events of wide_v1 lack"):
        ask(services, a="wide_v1", b="odd_v1")
    services.close()


def test_twenty_versions() -> None:
    many = [replace(shipped(A), name=f"v{i}_v1") for i in range(20)]
    services = hand_services(many)
    send_as = ReplayPlan("d" * 64, 1, GAMES, *rows(500), many[0].name, days=20.0)
    for _ in replay.replay(services, send_as, NOW):
        pass
    form = compare_as_json.as_json(ask(services, versions=",".join(v.name for v in many)))
    assert len(form["versions"]) == 20
    assert all(len(period["versions"]) == 20 for period in form["periods"])
    services.close()


def test_an_answer_is_kept_until_something_is_counted(services: Services) -> None:
    send(services, *rows(100))
    first = ask(services)
    assert ask(services) is first
    case, label = rows(10, seed=1)
    for _ in replay.replay(services, ReplayPlan("e" * 64, 1, GAMES, case, label, A, days=1.0), NOW):
        pass
    assert ask(services).labelled.total == first.labelled.total + 10


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Result]:
    return lambda *words: CliRunner().invoke(main, list(words), env={"VAR_DIR": str(tmp_path)})


def test_the_command_on_a_file(run: Callable[..., Result], tmp_path: Path) -> None:
    path = str(write_csv(tmp_path / "rows.csv", labelled_rows(2000)))
    result = run("compare", A, B, "--data", path, "--rows", "1:1500", "--json")
    assert result.exit_code == 0, result.output
    form = json.loads(result.output)
    assert (form["n"], form["labelled"], form["window"]) == (1500, 1500, None)
    keys = {"reference", "n", "labelled", "sentence", "versions", "flips", "segments",
                "effects", "periods"}  # fmt: skip
    assert keys <= form.keys()
    assert {"value", "low", "high", "verdict"} <= form["versions"][1]["differences"]["auc"].keys()
    table = run("compare", A, B, "--data", path, "--rows", "1:1500").output
    advice = f"Advice: {form['action']}. Verdict on {B}: {form['verdict']}."
    assert table.splitlines()[:2] == [form["sentence"], advice]
    assert f"{form['versions'][1]['metrics']['log_loss']['value']:.4f}" in table
    for words, problem in (
        (("--data", "nowhere.csv"), "nowhere.csv"),
        (("--threshold", "7"), "threshold is 7: send a number from 0 to 1"),
        (("nope_v1", A), "there is no version nope_v1"),
    ):
        result = run("compare", *words)
        assert result.exit_code == 1
        assert result.output.startswith("Error: ")
        assert problem in result.output


def test_the_report_is_one_file(run: Callable[..., Result], tmp_path: Path) -> None:
    path = str(write_csv(tmp_path / "rows.csv", labelled_rows(500)))
    report = tmp_path / "report.html"
    result = run("compare", A, B, "--data", path, "--html", str(report))
    assert result.exit_code == 0, result.output
    text = report.read_text("utf-8")
    assert result.output.splitlines()[0].split(":")[0] in text
    assert "plotly.js (cartesian" in text
    outside = re.findall(r'(?:src|href)="(?!/)[^"]*"', text.split("<script>")[0])
    assert outside == []
    result = run("compare", A, B, "--data", path, "--html", str(tmp_path / "no" / "report.html"))
    assert result.exit_code == 1
    assert "can't be written" in result.output


def test_the_api_and_the_command_give_the_same(run: Callable[..., Result], tmp_path: Path) -> None:
    assert run("demo").exit_code == 0
    app = create_app(Settings(var_dir=tmp_path))
    response = nobody(app).get(f"/api/v1/compare?versions={A},{B}&days=30&threshold=.3")
    app.services.close()
    assert response.status_code == 200
    result = run("compare", A, B, "--days", "30", "--threshold", ".3", "--json")
    assert json.loads(result.output) == response.get_json()
    assert response.get_json()["simulated"] is True
