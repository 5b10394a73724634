"""The JSON form of an answer: the same for the API and for the command."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from webapp.services.drift.answer import Answer
from webapp.services.drift.sentence import compose
from webapp.services.formatting import iso
from webapp.services.plain import plain
from webapp.stats.drift import Drift
from webapp.stats.split import Split

_PARTS = 20  # of a split, the largest; the rest is summed in it


def as_json(answer: Answer, now: int) -> dict[str, Any]:
    """Plain values; what can't be told is null. Times in ISO 8601, losses in nats."""
    sentence = compose(answer, now)
    result, question = answer.result, answer.question
    begun = {
        "version": answer.version,
        "baseline": answer.baseline_name,
        "window": {"from": iso(question.since), "to": iso(question.until)},
        "sources": list(answer.sources),
        "simulated": answer.simulated,
        "margin": question.margin,
        "n": answer.window.total if answer.window is not None else 0,
        "counted_in_lake": answer.in_lake,
        "baseline_n": result.baseline_n if result else 0,
        "verdict": result.headline.verdict if result else "cannot tell",
        "causes": list(result.headline.causes) if result else [],
        "action": sentence.action,
        "sentence": sentence.text,
        "empty": answer.empty,
    }
    return begun | _found(answer, result)


def _found(answer: Answer, result: Drift | None) -> dict[str, Any]:
    if result is None:
        nothing = dict.fromkeys(
            ("total_variation", "unseen", "score", "labels", "performance", "series")
        )
        return {"features": [], "pairs": [], "split": {}} | nothing
    since = dict(zip(answer.features.names, answer.since, strict=False))
    return {
        "features": [
            plain(row) | {"since": _day(since.get(row.name)), "psi_by_chance": result.psi_by_chance}
            for row in result.features
        ],
        "pairs": [plain(pair) for pair in result.pairs],
        "total_variation": plain(result.total_variation),
        "unseen": plain(result.unseen),
        "score": plain(result.scores),
        "labels": plain(result.labels),
        "performance": plain(result.performance),
        "split": {name: _split(found, answer) for name, found in result.splits.items()},
        "series": _series(answer),
    }


def _day(ms: int | None) -> str | None:
    return None if ms is None else iso(ms)[:10]


def _split(found: Split, answer: Answer) -> dict[str, Any]:
    form: dict[str, Any] = plain(replace(found, parts=found.parts[:_PARTS]))
    parts = form.pop("parts")
    for part in parts:
        case = part["case"]
        part["has"] = None if case is None else list(answer.features.owned(case))
    return form | {"parts": parts, "more_parts": len(found.parts) - len(parts)}


def _series(answer: Answer) -> dict[str, Any] | None:
    shown = answer.shown
    if shown is None:
        return None
    names = answer.features.names
    return {
        "every_seconds": answer.every // 1000,
        "from": [iso(int(begin)) for begin in shown.begins],
        "n": shown.n.tolist(),
        "labelled": shown.labelled.tolist(),
        "log_loss": plain(shown.loss[0]),
        "guessing": plain(shown.guessing),
        "skill": plain(shown.skill),
        "estimated_log_loss": plain(shown.estimated[0]),
        "features": {name: plain(shown.rates[0][:, i]) for i, name in enumerate(names)},
    }
