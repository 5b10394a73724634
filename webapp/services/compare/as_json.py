"""The JSON form of a comparison: the same for the API and for the command."""

from __future__ import annotations

from typing import Any

from webapp.services.compare.answer import Answer, Version
from webapp.services.compare.sentence import compose
from webapp.services.formatting import iso
from webapp.services.plain import plain
from webapp.stats import curves

_CASES = 50  # that change side, the most frequent
_PAIRS = 15  # effects of pairs, the largest


def as_json(answer: Answer) -> dict[str, Any]:
    """Plain values; what can't be told is null. Times in ISO 8601, losses in nats."""
    request, conclusion = answer.request, compose(answer)
    begun = {
        "reference": answer.versions[0].name,
        "challenger": answer.close.name if answer.close else None,
        "window": {"from": iso(request.since), "to": iso(request.until)}
        if answer.sources
        else None,
        "sources": list(answer.sources),
        "file": _file(answer),
        "simulated": answer.simulated,
        "n": int(answer.events.sum()),
        "counted_in_lake": answer.in_lake,
        "labelled": answer.labelled.total,
        "threshold": request.threshold,
        "gain": request.gain,
        "cost": request.cost,
        "verdict": conclusion.verdict.lower(),
        "sentence": conclusion.text,
        "empty": answer.empty,
        "features": list(answer.features.names),
    }
    return begun | {"versions": _versions(answer)} | _close(answer) | {"periods": _periods(answer)}


def _file(answer: Answer) -> dict[str, Any] | None:
    upload = answer.upload
    if upload is None:
        return None
    bad = int(upload.counted["bad_total"])
    return {"id": upload.id, "name": upload.name, "sha256": upload.sha256, "bad_rows": bad}


def _versions(answer: Answer) -> list[dict[str, Any]]:
    if not answer.results:
        return [_about(version) for version in answer.versions]
    best = answer.best or [None] * len(answer.versions)
    rows = zip(answer.versions, answer.results, answer.confusions, best, strict=True)
    return [
        _about(version)
        | {
            "metrics": plain(result.metrics),
            "differences": _differences(result.differences, answer.versions[0], version),
            "statement": result.statement,
            "confusion": plain(confusion),
            "best_threshold": plain(at),
            "calibration": plain(curves.calibration_bins(version.scores, answer.labelled))
            if answer.labelled.total
            else [],
        }
        for version, result, confusion, at in rows
    ]


def _about(version: Version) -> dict[str, Any]:
    return {
        "version": version.name,
        "trained_on_these": version.overlap > 0,
        "training": plain(version.prepared.facts.training),
    }


def _differences(found: dict[str, Any], first: Version, other: Version) -> dict[str, Any]:
    """Without a verdict where one of the two was trained on these events."""
    form: dict[str, Any] = plain(found)
    if first.overlap or other.overlap:
        for difference in form.values():
            if difference is not None:
                difference |= {"verdict": None, "further": None}
    return form


def _close(answer: Answer) -> dict[str, Any]:
    close = answer.close
    if close is None:
        return {"flips": None, "segments": [], "effects": None, "disagreement": None}
    flips: dict[str, Any] | None = plain(close.flips)
    if flips is not None:
        cases = flips.pop("cases")
        told = [
            case | {"has": list(answer.features.owned(case["case"]))} for case in cases[:_CASES]
        ]
        flips |= {"cases": told, "more_cases": len(cases) - len(told)}
    effects: dict[str, Any] | None = plain(close.effects)
    if effects is not None:
        single = len(answer.features.names)
        effects["effects"] = effects["effects"][: single + _PAIRS]
    return {
        "flips": flips,
        "segments": plain(close.segments),
        "effects": effects,
        "disagreement": plain(close.support),
    }


def _periods(answer: Answer) -> list[dict[str, Any]]:
    """One entry a period, with every version in it."""
    return [
        {
            "from": iso(begin),
            "days": answer.every // 86_400_000,
            "versions": [
                plain(row[i]) | {"trained_on_these": own[i]}
                for row, own in zip(answer.cells, answer.overlaps, strict=True)
            ],
        }
        for i, begin in enumerate(answer.begins)
    ]
