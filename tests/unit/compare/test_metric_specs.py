"""One table of metrics: whatever shows a metric shows all of them, and nothing beside them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.support import populations
from tests.unit.compare.conftest import Compare
from webapp.api.v1.schemas_compare import Comparison
from webapp.cases import Features
from webapp.cli.compare import format_table
from webapp.components.markup import markup
from webapp.pages.compare import forests, tables
from webapp.pages.compare.csv_tables import tables as csv_tables
from webapp.services.compare.answer import ComparisonReport
from webapp.services.compare.as_json import as_json
from webapp.services.compare.sentence import compose
from webapp.settings import ROOT
from webapp.stats.counts import Counts
from webapp.stats.margins import describe_margin
from webapp.stats.metric_specs import AUC, LOG_LOSS, SPECS, MetricSpec
from webapp.stats.rates import Interval

KEYS = [spec.key for spec in SPECS]
EVERY_SPEC = pytest.mark.parametrize("spec", SPECS, ids=KEYS)


@pytest.fixture
def report(compare: Compare) -> ComparisonReport:
    return compare(Features.numbered(4))


def test_keys_and_titles_are_unique() -> None:
    assert len(set(KEYS)) == len(KEYS)
    assert len({spec.title for spec in SPECS}) == len(SPECS)
    assert {LOG_LOSS, AUC} <= set(SPECS)


def test_a_comparison_has_every_metric_in_their_order(report: ComparisonReport) -> None:
    form = as_json(report)
    assert list(form["versions"][0]["metrics"]) == KEYS
    assert form["versions"][0]["differences"] == {}
    assert list(form["versions"][1]["differences"]) == KEYS
    assert None not in form["versions"][1]["metrics"].values()


def test_the_schema_names_every_metric() -> None:
    properties = Comparison.model_json_schema()["$defs"]["ComparedVersion"]["properties"]
    for name in ("metrics", "differences"):
        assert re.findall(r"`(\w+)`", properties[name]["description"]) == KEYS


def test_the_csv_has_every_metric_of_every_version(report: ComparisonReport) -> None:
    head, *rows, advice = csv_tables(report)["metrics"]
    assert [row[:2] for row in rows] == [[name, key] for name in ("a_v1", "b_v1") for key in KEYS]
    line = dict(zip(head, advice, strict=True))
    assert (line["metric"], line["verdict"]) == ("advice", compose(report).headline)
    assert line["version"] == compose(report).better or report.reference.name


@EVERY_SPEC
def test_page_command_and_docs_show_the_metric(report: ComparisonReport, spec: MetricSpec) -> None:
    table, pictures = markup(tables.metrics(report)), markup(forests.forests(report))
    title = f"{spec.title} at 50" if spec.at_threshold else f"{spec.title}<"
    assert f">{title}" in table
    assert f">{spec.title}</button></h3>" in pictures
    assert f"\n  {spec.title} " in format_table(as_json(report))
    docs = Path(ROOT, "docs", "compare.md").read_text("utf-8")
    assert f"| {spec.title} | {describe_margin(spec.key)} |" in docs


@EVERY_SPEC
def test_a_difference_beyond_the_margin_is_judged_by_the_direction(spec: MetricSpec) -> None:
    counts = Counts(np.array([200]), np.array([25]))
    margin = spec.margin(counts.base_rate)
    above, within = Interval(3, 2, 4), Interval(0, -0.5, 0.5)
    above, within = (
        Interval(*(margin * end for end in (i.value, i.low, i.high))) for i in (above, within)
    )
    assert spec.judge(above, counts) == ("worse" if spec.lower_is_better else "better")
    assert spec.judge(within, counts).startswith("no difference")
    few = Counts(np.array([49]), np.array([25]))
    rare = Counts(np.array([900]), np.array([9]))
    assert spec.judge(above, few) == spec.judge(above, rare) == "not enough evidence"


@EVERY_SPEC
def test_the_interval_holds_the_value(report: ComparisonReport, spec: MetricSpec) -> None:
    arguments = (report.reference.scores, report.labelled, 0.5)
    measurement = spec.value(*arguments)
    assert measurement is not None
    interval = spec.interval(measurement, *arguments)
    assert interval.value == pytest.approx(measurement.value)
    assert interval.low <= interval.value <= interval.high
    assert measurement.estimate.variance > 0
    assert all(np.isfinite(influence).all() for influence, _ in measurement.parts)


def test_the_facts_say_how_much_training_flatters(report: ComparisonReport) -> None:
    assert "and in cross-validation" not in markup(tables.facts(report)), "it is unknown here"
    boosted_trees = populations.shipped("hgb_games_v1")
    versions = [replace(v, prepared=boosted_trees) for v in report.versions]
    table = markup(tables.facts(replace(report, versions=tuple(versions))))
    assert "22.7 %, 18.8 %: 3.8 points apart" in table.replace("\N{NO-BREAK SPACE}", " ")


def test_the_facts_of_page_and_report_name_the_positive_class(report: ComparisonReport) -> None:
    assert "Probability of" not in markup(tables.facts(report))
    versions = [
        replace(v, prepared=replace(v.prepared, facts=replace(v.prepared.facts, positive="churn")))
        for v in report.versions
    ]
    table = markup(tables.facts(replace(report, versions=tuple(versions))))
    assert table.count("churn") == 2
    assert ">Probability of<" in table
