"""The advice has a button that leads to where it is done, on the same traffic."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.support import populations
from tests.support.drift_reports import SINCE, UNTIL, report_on
from tests.unit.drift.test_cards import SCORES
from tests.unit.drift.test_cards import report as report_as_trained
from webapp.components.markup import markup
from webapp.pages.drift import conclusions, next_step
from webapp.pages.drift.page import _href
from webapp.services.drift.answer import DriftReport
from webapp.services.traffic.advice import Rival
from webapp.stats.gate import Gate

BETTER = Rival("other_v1", cast(Gate, SimpleNamespace(loss_verdict="better")), True)


def buttons(report: DriftReport, *, can_admin: bool = True) -> str:
    def href(**changes: str) -> str:
        return _href({"days": "14", "margin": "0.05"}, **changes)

    return markup(cast(Any, next_step.steps(report, href, can_admin=can_admin)))


def test_a_better_version_is_compared_on_the_same_days() -> None:
    report = replace(report_on(populations.GAMES, 900, 900, sources=("demo",)), rival=BETTER)
    assert report.action == "Promote"
    text = buttons(report)
    assert ">Compare versions</a>" in text
    address = "/compare?versions=model_v1,other_v1&amp;from=2026-11-10&amp;to=2026-11-23"
    assert f"{address}&amp;source=demo" in text


@pytest.mark.parametrize(("can_admin", "place"), [(True, "retrain"), (False, "visitor")])
def test_who_may_retrains_and_others_read_what_is_needed(can_admin: bool, place: str) -> None:
    report = report_as_trained(30_000, 3000, 1 - SCORES)
    assert report.action == "Retrain"
    text = buttons(report, can_admin=can_admin)
    assert f'href="/models#models-{place}"' in text
    assert ">Retrain now</a>" in text
    assert ("administrator" in text) != can_admin


def test_what_is_watched_or_kept_shows_its_cases() -> None:
    moved_report = report_on(populations.GAMES, 4000, 0, cases=populations.shares())
    assert moved_report.action == "Watch"
    assert 'href="#why"' in buttons(moved_report)
    assert "ec-primary" in buttons(moved_report)
    calm_report = report_as_trained(30_000, 20_000)
    assert calm_report.action == "Keep"
    assert "ec-primary" not in buttons(calm_report)


def test_who_waits_may_look_at_more_days() -> None:
    report = report_on(populations.GAMES, 30, 0)
    assert report.action == "Wait"
    text = buttons(report)
    assert 'href="/drift?days=60&amp;margin=0.05"' in text
    assert ">Look at 60 days</a>" in text
    question = replace(report.scope.question, since=UNTIL - 6 * (UNTIL - SINCE), until=UNTIL)
    assert not buttons(replace(report, scope=replace(report.scope, question=question)))


@pytest.mark.parametrize(("events", "outcomes"), [(1, 0), (900, 0), (4000, 4000)])
def test_each_section_concludes_in_one_line(events: int, outcomes: int) -> None:
    report = report_on(populations.GAMES, events, outcomes)
    lines = [
        conclusions.harm(report),
        *(conclusions.why(report, mean) for mean in ("log_loss", "score", "positives")),
        conclusions.inputs(report),
        conclusions.combinations(report),
    ]
    for line in lines:
        assert 10 < len(line) < 120, line
        assert "None" not in line
        assert not line.endswith(".")
