"""The headline of a comparison: what to do, of all versions, with the catch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from tests.support.event_logs import hand_services
from tests.support.versions import ready
from webapp.cases import Features
from webapp.pages.compare import sections
from webapp.services.compare import labelled_file
from webapp.services.compare.answer import ComparisonReport
from webapp.services.compare.as_json import as_json
from webapp.services.compare.request import CompareRequest
from webapp.services.compare.sentence import Conclusion, compose
from webapp.stats.compare import Difference, VersionResult
from webapp.stats.counts import Counts
from webapp.stats.rates import Interval
from webapp.stats.verdicts import Choice

GAMES = Features.numbered(3)
NAMES = ("a_v1", "b_v1", "c_v1", "d_v1")
N = Counts(np.full(8, 50), np.full(8, 10))
BETTER: Choice = "better"
WORSE: Choice = "worse"
SAME: Choice = "no difference that matters"
OPEN: Choice = "not enough evidence"
Verdicts = dict[str, dict[str, Choice]]  # by version and metric


@pytest.fixture
def base() -> Iterator[ComparisonReport]:
    """Four versions on 400 rows, of which the first is champion and reference."""
    services = hand_services([ready(name, GAMES, seed=i) for i, name in enumerate(NAMES)])
    request = CompareRequest(0, 1, NAMES, threshold=0.5)
    report = labelled_file.compare_on_file(services, request, N, GAMES)
    assert isinstance(report, ComparisonReport)
    yield replace(report, champion="a_v1")
    services.close()


def with_verdicts(base: ComparisonReport, verdicts: Verdicts) -> ComparisonReport:
    """The report with these verdicts; losses rise in the order of ``verdicts``, below guessing."""
    results = []
    for result in base.results:
        if result.version == "a_v1":
            results.append(result)
            continue
        loss = 0.1 + 0.01 * [*verdicts, *NAMES].index(result.version)
        own = verdicts.get(result.version, {"log_loss": WORSE})
        results.append(_changed(result, loss, own))
    report = replace(base, results=tuple(results))
    rival = report.rival
    close_up = replace(report.close_up, challenger=rival or report.versions[1])
    return replace(report, close_up=close_up)


def _changed(result: VersionResult, loss: float, verdicts: dict[str, Choice]) -> VersionResult:
    differences = {
        key: Difference(0.02, 0.01, 0.03, 0.002, verdict, 900) for key, verdict in verdicts.items()
    }
    metrics = result.metrics | {"log_loss": Interval(loss, loss, loss)}
    return replace(result, metrics=metrics, differences=result.differences | differences)


@pytest.mark.parametrize(
    ("verdicts", "action", "headline", "part"),
    [
        ({"c_v1": {"log_loss": BETTER, "ece": SAME}}, "Promote", "Promote c_v1.",
         "where 0.0020 matters"),
        ({"c_v1": {"log_loss": BETTER, "ece": WORSE}}, "Promote",
         "Promote c_v1, after calibrating it.", "Its calibration error is "),
        ({"c_v1": {"log_loss": BETTER, "ece": SAME, "auc": WORSE, "recall": WORSE}}, "Promote",
         "Promote c_v1.", "It is worse in ROC AUC and recall."),
        # the one with the lowest log loss is open, and the second is clearly better
        ({"c_v1": {"log_loss": OPEN}, "d_v1": {"log_loss": BETTER, "ece": SAME}}, "Promote",
         "Promote d_v1.", "c_v1 is too close to call; b_v1 is worse."),
        ({"c_v1": {"log_loss": OPEN}}, "Wait", "Keep a_v1 for now: c_v1 is too close to call.",
         "b_v1 and d_v1 are worse."),
        ({"c_v1": {"log_loss": SAME}}, "Keep", "Keep a_v1: none of the other 3 is clearly better.",
         "There is no difference that matters between c_v1 and a_v1: log loss +0.0200"),
        ({"b_v1": {"log_loss": WORSE, "auc": BETTER, "ece": WORSE}}, "Keep",
         "Keep a_v1: none of the other 3 is clearly better.",
         "b_v1 ranks better (ROC AUC +0.0200) but is calibrated worse"),
    ],
)  # fmt: skip
def test_the_action_comes_first_and_all_versions_are_considered(
    base: ComparisonReport, verdicts: Verdicts, action: str, headline: str, part: str
) -> None:
    conclusion = compose(with_verdicts(base, verdicts))
    assert (conclusion.action, conclusion.headline) == (action, headline)
    assert part in conclusion.text
    for name in NAMES:
        assert name in conclusion.text


def test_json_has_the_same_advice(base: ComparisonReport) -> None:
    form = as_json(with_verdicts(base, {"c_v1": {"log_loss": BETTER, "ece": WORSE}}))
    assert (form["action"], form["better"], form["needs_calibration"]) == ("Promote", "c_v1", True)
    assert form["headline"] == "Promote c_v1, after calibrating it."
    assert form["sentence"].startswith(form["headline"])


def test_a_version_of_the_close_up_gets_its_own_finding(base: ComparisonReport) -> None:
    report = with_verdicts(base, {"c_v1": {"log_loss": BETTER, "ece": SAME}})
    challenger = report.versions[3]
    report = replace(report, close_up=replace(report.close_up, challenger=challenger))
    conclusion = compose(report)
    assert (conclusion.verdict, conclusion.headline) == ("worse", "Promote c_v1.")
    assert "c_v1 is better than a_v1" in conclusion.finding
    assert "d_v1 is worse than a_v1" in conclusion.finding


def test_another_reference_is_preferred_and_not_kept(base: ComparisonReport) -> None:
    report = replace(base, champion="d_v1")
    better = compose(with_verdicts(report, {"c_v1": {"log_loss": BETTER, "ece": SAME}}))
    assert better.headline == "Prefer c_v1 to a_v1."
    assert better.reason.endswith("The champion is d_v1.")
    worse = compose(with_verdicts(report, {"c_v1": {"log_loss": WORSE}}))
    assert worse.headline.startswith("Prefer a_v1: ")


def test_a_version_that_was_trained_on_these_rows_is_no_rival(base: ComparisonReport) -> None:
    report = with_verdicts(base, {"c_v1": {"log_loss": BETTER}, "b_v1": {"log_loss": WORSE}})
    versions = tuple(replace(v, overlap=3 * (v.name == "c_v1")) for v in report.versions)
    report = replace(report, versions=versions)
    rival = report.rival
    assert rival is not None
    report = replace(report, close_up=replace(report.close_up, challenger=rival))
    conclusion = compose(report)
    assert conclusion.action == "Keep"
    assert "c_v1 was trained on some of these" in conclusion.reason
    all_trained = replace(report, versions=tuple(replace(v, overlap=1) for v in versions))
    assert compose(all_trained).headline == "No verdict on these rows."


def test_scores_of_0_and_1_leave_the_verdict_to_the_brier_score(base: ComparisonReport) -> None:
    verdicts: Verdicts = {"b_v1": {"log_loss": OPEN, "brier": WORSE}}
    text = "by the Brier score b_v1 is worse."
    assert text not in compose(with_verdicts(base, verdicts)).finding
    versions = tuple(
        replace(version, scores=np.round(version.scores)) if version.name == "b_v1" else version
        for version in base.versions
    )
    sure = replace(base, versions=versions)
    assert compose(with_verdicts(sure, verdicts)).finding.endswith(text)
    open_too = {"b_v1": {"log_loss": OPEN, "brier": OPEN}}
    assert "Brier" not in compose(with_verdicts(sure, open_too)).finding


def test_a_headline_that_says_retrain_has_no_mark_that_says_better() -> None:
    conclusion = Conclusion(
        BETTER, "Retrain: no version …", "", "", action="Retrain", judges_champion=False
    )
    text = str(sections.headline(conclusion))
    assert "Retrain" in text
    assert "Better" not in text
