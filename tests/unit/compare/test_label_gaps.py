"""A file whose labels are missing by class gets no verdict, and page, JSON and command say why."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.event_logs import hand_services
from tests.support.versions import ready, scores_for
from webapp.cases import Features
from webapp.cli.compare import format_table
from webapp.components.markup import markup
from webapp.pages.compare import tables
from webapp.services.compare import labelled_file
from webapp.services.compare.answer import ComparisonReport
from webapp.services.compare.as_json import as_json
from webapp.services.compare.request import CompareRequest
from webapp.services.compare.sentence import compose
from webapp.stats.counts import Counts
from webapp.stats.label_gaps import find_gap

FEATURES = Features.numbered(3)
N = np.full(8, 50)


def report_on(positives: NDArray[np.int64], unreadable: int, unknown: int) -> ComparisonReport:
    """Two versions on 400 rows, 50 a case."""
    services = hand_services([ready(f"{n}_v1", FEATURES, seed=i) for i, n in enumerate("ab")])
    answer = labelled_file.compare_on_file(
        services,
        CompareRequest(0, 1, ("a_v1", "b_v1"), threshold=0.5),
        Counts(N, positives),
        FEATURES,
        unreadable=unreadable,
        unknown=unknown,
    )
    services.close()
    assert isinstance(answer, ComparisonReport)
    return answer


@pytest.mark.parametrize(
    ("positives", "unreadable", "unknown", "gap"),
    [
        (16, 0, 0, None),
        (16, 6, 0, None),
        (
            16,
            7,
            0,
            "the labels of 7 rows can't be read, and only 128 rows of those left have",
        ),
        (50, 1, 0, "the label of 1 row can't be read, and only 0 rows of those left have label 0"),
        (16, 0, 900, None),
        (0, 0, 300, "300 rows have no label, and only 0 of 400 have label 1: if blank stands for"),
    ],
)
def test_what_is_missing_is_weighed_against_the_rarer_class(
    positives: int, unreadable: int, unknown: int, gap: str | None
) -> None:
    text = find_gap(Counts(N, np.full(8, positives)), unreadable, unknown)
    assert (text is None) == (gap is None)
    assert text is None or text.startswith(str(gap))
    report = report_on(np.full(8, positives), unreadable, unknown)
    assert report.gap == text


def test_there_is_no_verdict_anywhere_and_the_reason_is_said() -> None:
    positives = np.round(N * scores_for(FEATURES, seed=0)).astype(np.int64)  # as a_v1 says
    healthy, report = report_on(positives, 0, 0), report_on(positives, 199, 0)
    assert compose(healthy).verdict in ("better", "worse")
    conclusion = compose(report)
    assert conclusion.verdict == "not enough evidence"
    assert conclusion.finding.startswith(
        "These rows can't tell which version is better: the labels"
    )
    form = as_json(report)
    verdicts = [d["verdict"] for d in form["versions"][1]["differences"].values() if d]
    assert verdicts == [None] * len(verdicts)
    assert {segment["verdict"] for segment in form["segments"]} == {"not enough evidence"}
    assert form["versions"][1]["statement"] == report.gap
    assert "199 rows can't be read" in format_table(form)
    page = markup(tables.metrics(report))
    assert "No verdict" in page
    assert "Worse" not in page
    assert "No verdict" not in markup(tables.metrics(replace(report, gap=None)))
