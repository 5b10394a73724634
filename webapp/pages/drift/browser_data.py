"""What the Drift page's scripts draw from: figures, small multiples, the table as a file."""

from __future__ import annotations

from typing import Any

from webapp.components.figure import Figure, moment
from webapp.pages.drift import figure_maps, figure_scores, figure_split, figure_time
from webapp.services.drift.answer import Answer
from webapp.services.plain import plain
from webapp.services.traffic import windows

_BEFORE = {
    windows.TRAINING: "At<br>training",
    windows.PREVIOUS: "Period<br>before",
    windows.WEEK_BEFORE: "A week<br>before",
}


def drawn(answer: Answer) -> dict[str, Any]:
    """Everything that the browser draws."""
    assert answer.shown is not None
    assert answer.window is not None
    assert answer.baseline is not None
    assert answer.result is not None
    since, until = _edges(answer)
    judged = answer.result.performance
    training = judged.baseline.log_loss.value if judged and judged.baseline.log_loss else None
    made: dict[str, Figure] = {
        "harm": figure_time.harm(answer.shown, since, until, training),
        "pairs": figure_maps.pair_map(answer.features.names, list(answer.result.pairs)),
        "map": figure_maps.case_map(answer.features, answer.baseline.events, answer.window.events),
        "scores": figure_scores.score_bars(
            answer.scores, answer.baseline.events, answer.window.events
        ),
        "volume": figure_time.volume(answer.shown, since, until, answer.lake),
    }
    for name, split in answer.result.splits.items():
        made[f"why-{name}"] = figure_split.bridge(split, _before(answer), share=name != "log_loss")
    named = {f"drift-{name}": figure for name, figure in made.items()}
    return {"figures": named, "small": _small(answer), "table": _table(answer)}


def _before(answer: Answer) -> str:
    return _BEFORE.get(answer.baseline_name, "In training of<br>" + answer.baseline_name)


def _edges(answer: Answer) -> tuple[str, str]:
    """The window as the charts' axis has it."""
    return moment(answer.question.since), moment(answer.question.until)


def _small(answer: Answer) -> dict[str, Any]:
    """The small multiples: one chart a feature, drawn as SVG."""
    shown, result = answer.shown, answer.result
    assert shown is not None
    assert result is not None
    assert answer.verdicts is not None
    assert answer.days is not None
    return {
        "begins": shown.begins.tolist(),
        "every": answer.every,
        "n": shown.n.tolist(),
        "since": answer.question.since,
        "until": answer.question.until,
        "margin": result.margin,
        "days": answer.days.tolist(),
        "features": [
            {
                "name": row.name,
                "baseline": row.baseline.value,
                "window": row.window.value,
                "verdict": row.verdict,
                "rates": plain(shown.rates[0][:, i].round(5)),
                "low": plain(shown.rates[1][:, i].round(5)),
                "high": plain(shown.rates[2][:, i].round(5)),
                "strip": answer.verdicts[:, i].tolist(),
            }
            for i, row in enumerate(result.features)
        ],
    }


def _table(answer: Answer) -> list[list[Any]]:
    """The table of features as a file: a head and rows."""
    assert answer.result is not None
    rows = [
        {
            "feature": row.name,
            "baseline": row.baseline.value,
            "window": row.window.value,
            "difference": row.difference.value,
            "low": row.difference.low,
            "high": row.difference.high,
            "psi": row.psi,
            "js": row.js,
            "p": row.p,
            "p_adjusted": row.p_adjusted,
            "detectable": row.detectable,
            "verdict": row.verdict,
        }
        for row in answer.result.features
    ]
    return [list(rows[0]), *(list(row.values()) for row in rows)]
