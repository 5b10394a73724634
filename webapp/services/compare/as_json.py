"""A comparison as JSON, the same for the API and for the command."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from webapp.services.compare.answer import (
    CompareAnswer,
    ComparisonReport,
    NoComparison,
    ScoredVersion,
)
from webapp.services.compare.sentence import compose
from webapp.services.compare.words import describe_group_tests, describe_reach
from webapp.services.formatting import iso
from webapp.services.plain import plain
from webapp.stats import curves
from webapp.stats.compare import Difference
from webapp.timing import DAY_MS

_CASES = 50  # whose decisions flip, the most frequent
_PAIRS = 15  # effects of pairs, the largest
_NO_CLOSE_UP: dict[str, Any] = {
    "flips": None,
    "segments": [],
    "segments_adjustment": None,
    "effects": None,
    "disagreement": None,
}


def as_json(answer: CompareAnswer) -> dict[str, Any]:
    """Plain values; unknown ones are null. Times in ISO 8601, losses in nats."""
    if isinstance(answer, NoComparison):
        versions = [_describe_version(version) for version in answer.versions]
        rest = {"versions": versions} | _NO_CLOSE_UP | {"periods": []}
        return _head(answer, None, answer.reason) | rest
    return (
        _head(answer, answer.close_up.challenger.name, None)
        | {"versions": _versions(answer)}
        | _close_up(answer)
        | {"periods": _periods(answer)}
    )


def _head(answer: CompareAnswer, challenger: str | None, empty: str | None) -> dict[str, Any]:
    request, conclusion = answer.request, compose(answer)
    window = {"from": iso(request.since), "to": iso(request.until)} if answer.sources else None
    return {
        "reference": answer.reference.name,
        "challenger": challenger,
        "champion": answer.champion,
        "window": window,
        "sources": list(answer.sources),
        "file": _file(answer),
        "simulated": answer.is_simulated,
        "not_shown": answer.not_shown.events if answer.not_shown else 0,
        "n": int(answer.events.sum()),
        "counted_in_lake": answer.in_lake,
        "labelled": answer.labelled.total,
        "threshold": request.threshold,
        "gain": request.gain,
        "cost": request.cost,
        "verdict": conclusion.verdict,
        "headline": conclusion.headline,
        "action": conclusion.action,
        "better": conclusion.better,
        "needs_calibration": conclusion.needs_calibration,
        "sentence": conclusion.text,
        "adjustment": describe_reach(len(answer.judged)) or None,
        "empty": empty,
        "features": list(answer.features.names),
    }


def _file(answer: CompareAnswer) -> dict[str, Any] | None:
    upload = answer.upload
    if upload is None:
        return None
    return {
        "id": upload.id,
        "name": upload.name,
        "sha256": upload.sha256,
        "bad_rows": int(upload.counted["bad_total"]),
        "unlabelled_rows": int(upload.counted.get("unknown", 0)),
        "trained_rows": answer.left_out,
    }


def _versions(answer: ComparisonReport) -> list[dict[str, Any]]:
    best_thresholds = answer.best or (None,) * len(answer.versions)
    rows = zip(answer.versions, answer.results, answer.confusions, best_thresholds, strict=True)
    return [
        _describe_version(version)
        | {
            "metrics": plain(result.metrics),
            "differences": _differences(
                result.differences, without_verdict=answer.withholds_verdict(version)
            ),
            "statement": answer.gap or result.statement,
            "confusion": plain(confusion),
            "best_threshold": plain(best),
            "calibration": plain(curves.calibration_bins(version.scores, answer.labelled))
            if answer.labelled.total
            else [],
        }
        for version, result, confusion, best in rows
    ]


def _describe_version(version: ScoredVersion) -> dict[str, Any]:
    return {
        "version": version.name,
        "trained_on_these": version.overlap > 0,
        "training": plain(version.prepared.facts.training),
    }


def _differences(
    differences: Mapping[str, Difference | None], *, without_verdict: bool
) -> dict[str, Any]:
    form: dict[str, Any] = plain(dict(differences))
    if without_verdict:
        for difference in form.values():
            if difference is not None:
                difference |= {"verdict": None, "further": None}
    return form


def _close_up(answer: ComparisonReport) -> dict[str, Any]:
    cases = answer.close_up.flips.cases
    flips: dict[str, Any] = plain(replace(answer.close_up.flips, cases=cases[:_CASES]))
    del flips["events"]
    rows = [
        case | {"has": list(answer.features.owned(case["case"]))} for case in flips.pop("cases")
    ]
    effects: dict[str, Any] | None = plain(answer.close_up.effects)
    if effects is not None:
        single = len(answer.features.names)
        effects["effects"] = effects["effects"][: single + _PAIRS]
    return {
        "flips": flips | {"cases": rows, "more_cases": len(cases) - len(rows)},
        "segments": plain(answer.close_up.segments),
        "segments_adjustment": describe_group_tests(answer.close_up.comparisons) or None,
        "effects": effects,
        "disagreement": plain(answer.close_up.support),
    }


def _periods(answer: ComparisonReport) -> list[dict[str, Any]]:
    """One entry per period, with every version in it."""
    periods = answer.periods
    return [
        {
            "from": iso(begin),
            "days": periods.length // DAY_MS,
            "versions": [
                plain(losses[i]) | {"trained_on_these": overlaps[i]}
                for losses, overlaps in zip(periods.losses, periods.overlaps, strict=True)
            ],
        }
        for i, begin in enumerate(periods.begins)
    ]
