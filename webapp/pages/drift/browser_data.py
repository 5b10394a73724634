"""The data of the Drift page's scripts: figures, small multiples, the table as a file."""

from __future__ import annotations

from typing import Any

from webapp.components.figure import Figure, say_of
from webapp.pages.drift import figure_maps, figure_scores, figure_split, figure_time
from webapp.services.drift.answer import Scope, TrafficReport
from webapp.services.drift.columns import csv_table
from webapp.services.formatting import span as span_of
from webapp.services.plain import plain
from webapp.services.traffic import windows
from webapp.stats.reference import Origin

_BEFORE = {
    windows.TRAINING: "At<br>training",
    windows.EVALUATION: "In its<br>evaluation",
    windows.PREVIOUS: "Period<br>before",
    windows.WEEK_BEFORE: "A week<br>before",
}
_REFERENCES: dict[Origin | None, str] = {
    "cross-validation": "In cross-<br>validation",
    "evaluation": "In its<br>evaluation",
    "first outcomes": "First<br>outcomes",
}


def draw_data(report: TrafficReport) -> dict[str, Any]:
    """All data that the browser draws, by name; JSON."""
    scope, result, timeline = report.scope, report.result, report.timeline
    question, begins = scope.question, timeline.series.begins
    span = figure_time.Span(begins, timeline.every, question.since, question.until)
    training, counts = result.performance.baseline.log_loss, report.baseline.events
    series, window = timeline.series, report.window.events
    figures: dict[str, Figure] = {
        "harm": figure_time.harm(series, span, training.value if training else None),
        "pairs": figure_maps.pair_map(scope, list(result.pairs)),
        "map": figure_maps.case_map(scope, counts, window),
        "scores": figure_scores.score_bars(scope.scores, counts, window),
        "volume": figure_time.volume(series, span, timeline.lake),
    }
    for name, split in result.splits.items():
        is_share = name != "log_loss"
        before = _name_baseline(scope) if is_share else _name_reference(report)
        figures[f"why-{name}"] = figure_split.bridge(split, before, share=is_share)
    say_of(figures, _describe(scope))
    return {
        "figures": {f"drift-{name}": figure for name, figure in figures.items()},
        "small": _small_multiples(report),
        "table": csv_table(report),
    }


def _describe(scope: Scope) -> str:
    """What the figures are of, for their pictures."""
    question = scope.question
    days = span_of(question.since, question.until)
    return f"{scope.version}, {days}, compared with {scope.baseline_name}"


def _name_baseline(scope: Scope) -> str:
    """The baseline under its bar, in two lines."""
    return _BEFORE.get(scope.baseline_name, "In training of<br>" + scope.baseline_name)


def _name_reference(report: TrafficReport) -> str:
    """What log loss starts from under its bar: what performance is held against."""
    reference = report.result.performance.reference
    return _REFERENCES.get(reference, _name_baseline(report.scope))


def _small_multiples(report: TrafficReport) -> dict[str, Any]:
    """One chart per input, drawn as SVG."""
    scope, timeline, series = report.scope, report.timeline, report.timeline.series
    return {
        "begins": series.begins.tolist(),
        "every": timeline.every,
        "n": series.n.tolist(),
        "since": scope.question.since,
        "until": scope.question.until,
        "margin": report.result.margin,
        "days": timeline.days.tolist(),
        "features": [
            {
                "name": scope.vocabulary.label(row.name),
                "baseline": row.baseline.value,
                "window": row.window.value,
                "verdict": row.verdict,
                "rates": plain(series.rates[0][:, i].round(5)),
                "low": plain(series.rates[1][:, i].round(5)),
                "high": plain(series.rates[2][:, i].round(5)),
                "strip": timeline.verdicts[:, i].tolist(),
            }
            for i, row in enumerate(report.result.features)
        ],
    }
