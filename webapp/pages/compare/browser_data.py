"""The data of the Compare page's scripts: figures, words, and the tables for the threshold."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from webapp.components.figure import Figure, say_of
from webapp.components.version_key import class_names
from webapp.pages.compare import figures
from webapp.pages.compare.csv_tables import tables
from webapp.services.compare.answer import ComparisonReport, ScoredVersion
from webapp.services.formatting import span
from webapp.stats import curves


def page_data(report: ComparisonReport) -> dict[str, Any]:
    """All data that the browser draws and computes with, by name, for ``orjson`` or ``to_json``.

    Tables stay arrays: of 16 inputs, lists of their numbers take more than all else on the page.
    """
    challenger = report.close_up.challenger.name
    names = [version.name for version in report.versions]
    about, shown_figures = _describe(report), _figures(report)
    say_of(shown_figures, about)
    return {
        "chosen": names,
        "challenger": challenger,
        "names": list(report.features.names),
        "words": report.vocabulary.as_dict(),
        "figures": shown_figures,
        "about": about,
        "versions": _versions(report),
        "close": names.index(challenger),
        "events": report.events,
        "labelled": report.labelled.n,
        "positives": report.labelled.positives,
        "threshold": report.request.threshold,
        "gain": report.request.gain,
        "cost": report.request.cost,
        "tables": tables(report),
    }


def to_json(data: dict[str, Any]) -> str:
    """The data as text; the numbers of one array after the other."""
    return json.dumps(data, allow_nan=False, default=np.ndarray.tolist)


def _describe(report: ComparisonReport) -> str:
    """What the figures are of, for their pictures."""
    file = report.upload.name if report.upload else "a labelled file"
    request = report.request
    where = span(request.since, request.until) if report.sources else file
    return f"{report.close_up.challenger.name} and {report.reference.name}, {where}"


def _versions(report: ComparisonReport) -> list[dict[str, Any]]:
    best = [[b.threshold.value, b.threshold.low, b.threshold.high] for b in report.best]
    return [
        {
            "name": version.name,
            "look": class_names(version.look),
            "scores": version.scores,
            "training": version.training,
            "best": best[i] if best else None,
        }
        for i, version in enumerate(report.versions)
    ]


def _figures(report: ComparisonReport) -> dict[str, Figure]:
    pair, outcomes, words = _pair(report), report.labelled, report.vocabulary
    by_name = {
        "compare-map": figures.difference_map(
            report.features,
            report.reference.scores,
            report.close_up.challenger.scores,
            report.events,
            report.request.threshold,
            words,
        )
    }
    if not outcomes.total:
        return by_name
    all_curves = [(v.name, v.look, curves.curve(v.scores, outcomes)) for v in report.versions]
    lines = [(name, look, curve) for name, look, curve in all_curves if curve is not None]
    bins = [(v.look, v.name, curves.calibration_bins(v.scores, outcomes)) for v in pair]
    return by_name | {
        "compare-roc": figures.roc(lines, words),
        "compare-precision-recall": figures.precision_recall(lines, outcomes.base_rate, words),
        "compare-calibration": figures.calibration(bins, words),
    }


def _pair(report: ComparisonReport) -> tuple[ScoredVersion, ScoredVersion]:
    """Reference and challenger."""
    return report.reference, report.close_up.challenger
