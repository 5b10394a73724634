"""The JSON form of a drift answer: the same for the API and for the command."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.services.drift.answer import DriftReport, NoAnswer, Timeline, TrafficReport
from webapp.services.drift.missing import find_missing
from webapp.services.drift.sentence import compose
from webapp.services.formatting import iso
from webapp.services.plain import plain
from webapp.stats.drift import Headline
from webapp.stats.split import Split

_PARTS = 20  # of a split, the largest; the rest is summed in it


def as_json(answer: DriftReport | NoAnswer, now: int) -> dict[str, Any]:
    """Plain values; what is unknown is null. Times in ISO 8601, losses in nats."""
    if isinstance(answer, NoAnswer):
        n, baseline_n, headline = answer.n, 0, Headline("cannot tell")
        reason, result, harm = answer.reason, _EMPTY_RESULT, "unknown"
    else:
        n, baseline_n, headline = answer.window.total, answer.baseline.total, answer.result.headline
        reason, result, harm = None, _result_as_json(answer), answer.result.performance.verdict
    sentence, scope = compose(answer, now), answer.scope
    return {
        "version": scope.version,
        "baseline": scope.baseline_name,
        "window": {"from": iso(scope.question.since), "to": iso(scope.question.until)},
        "sources": list(scope.sources),
        "simulated": scope.is_simulated,
        "not_shown": scope.not_shown.events if scope.not_shown else 0,
        "margin": scope.question.margin,
        "n": n,
        "counted_in_lake": answer.in_lake,
        "baseline_n": baseline_n,
        "verdict": headline.verdict,
        "harm": harm,
        "causes": list(headline.causes),
        "action": sentence.action,
        "better": _better(answer),
        "sentence": sentence.text,
        "empty": reason,
        "missing": plain(find_missing(answer)),
        "limits": [] if isinstance(answer, NoAnswer) else [plain(limit) for limit in answer.limits],
    } | result


def _better(answer: DriftReport | NoAnswer) -> str | None:
    """The version to promote, if one is clearly better."""
    if isinstance(answer, NoAnswer) or answer.rival is None or not answer.rival.is_better:
        return None
    return answer.rival.name


_EMPTY_RESULT: dict[str, Any] = {
    "features": [],
    "pairs": [],
    "split": {},
    "total_variation": None,
    "unseen": None,
    "score": None,
    "labels": None,
    "performance": None,
    "series": None,
}


def _result_as_json(report: DriftReport) -> dict[str, Any]:
    result, features = report.result, report.scope.features
    series = None
    if isinstance(report, TrafficReport):
        series = _series_as_json(report.timeline, features)
    return {
        "features": [
            plain(row)
            | {"since": _day(report.since.get(row.name)), "psi_by_chance": result.psi_by_chance}
            for row in result.features
        ],
        "pairs": [plain(pair) for pair in result.pairs],
        "total_variation": plain(result.total_variation),
        "unseen": plain(result.unseen),
        "score": plain(result.scores),
        "labels": plain(result.labels),
        "performance": plain(result.performance),
        "split": {name: _split_as_json(part, features) for name, part in result.splits.items()},
        "series": series,
    }


def _day(ms: int | None) -> str | None:
    return None if ms is None else iso(ms)[:10]


def _split_as_json(split: Split, features: Features) -> dict[str, Any]:
    form: dict[str, Any] = plain({**vars(split), "parts": split.parts[:_PARTS]})
    parts = form.pop("parts")
    for part in parts:
        case = part["case"]
        part["has"] = None if case is None else list(features.owned(case))
    return form | {"parts": parts, "more_parts": len(split.parts) - len(parts)}


def _series_as_json(timeline: Timeline, features: Features) -> dict[str, Any]:
    series = timeline.series
    return {
        "every_seconds": timeline.every // 1000,
        "from": [iso(int(begin)) for begin in series.begins],
        "n": series.n.tolist(),
        "labelled": series.labelled.tolist(),
        **_band_as_json("log_loss", series.loss),
        "guessing": plain(series.guessing),
        "skill": plain(series.skill),
        **_band_as_json("estimated_log_loss", series.estimated),
        "features": {name: plain(series.rates[0][:, i]) for i, name in enumerate(features.names)},
    }


def _band_as_json(name: str, band: tuple[NDArray[np.float64], ...]) -> dict[str, Any]:
    """Values by period, and the ends of their intervals."""
    return dict(zip((name, f"{name}_low", f"{name}_high"), map(plain, band), strict=True))
