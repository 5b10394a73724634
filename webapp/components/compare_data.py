"""What the Compare page's scripts draw from: figures, and the tables behind the threshold."""

from __future__ import annotations

from typing import Any

from webapp.figures import compare as figures
from webapp.figures.base import Figure
from webapp.services.compare import Answer
from webapp.services.compare_form import as_json
from webapp.stats import curves


def page_data(answer: Answer) -> dict[str, Any]:
    """All that the page's script needs."""
    assert answer.close is not None
    chosen = {
        "chosen": [version.name for version in answer.versions],
        "challenger": answer.close.name,
        "names": list(answer.features.names),
    }
    return chosen | drawn(answer)


def drawn(answer: Answer) -> dict[str, Any]:
    """Everything that the browser draws and computes with."""
    assert answer.close is not None
    names = [version.name for version in answer.versions]
    best = [one.threshold for one in answer.best]
    return {
        "figures": _figures(answer),
        "versions": [
            {
                "name": version.name,
                "scores": version.scores.round(6).tolist(),
                "training": None if version.training is None else version.training.tolist(),
                "best": [best[i].value, best[i].low, best[i].high] if best else None,
            }
            for i, version in enumerate(answer.versions)
        ],
        "close": names.index(answer.close.name),
        "events": answer.events.tolist(),
        "labelled": answer.labelled.n.tolist(),
        "positives": answer.labelled.positives.tolist(),
        "threshold": answer.request.threshold,
        "gain": answer.request.gain,
        "cost": answer.request.cost,
        "table": _table(answer),
    }


def _figures(answer: Answer) -> dict[str, Figure]:
    first = answer.versions[0]
    other = next(v for v in answer.versions if answer.close and v.name == answer.close.name)
    made = {
        "compare-map": figures.difference_map(
            answer.features,
            first.scores,
            other.scores,
            answer.events,
            answer.request.threshold,
        )
    }
    if answer.labelled.total:
        known = [(v.name, curves.curve(v.scores, answer.labelled)) for v in answer.versions]
        lines = [(name, curve) for name, curve in known if curve is not None]
        bins = [
            (v.name, curves.calibration_bins(v.scores, answer.labelled)) for v in answer.versions
        ]
        made |= {
            "compare-roc": figures.roc(lines),
            "compare-precision-recall": figures.precision_recall(lines, answer.labelled.base_rate),
            "compare-calibration": figures.calibration(bins),
        }
    return made


def _table(answer: Answer) -> list[list[Any]]:
    """The metrics as a file: a head and rows."""
    head = ["version", "metric", "value", "low", "high", "difference", "difference_low"]
    rows: list[list[Any]] = [[*head, "difference_high", "verdict", "further"]]
    for version in as_json(answer)["versions"]:
        for name, value in version.get("metrics", {}).items():
            if value is None:
                continue
            d = version["differences"].get(name)
            told = [d[k] for k in ("value", "low", "high", "verdict", "further")] if d else [""] * 5
            rows.append(
                [version["version"], name, value["value"], value["low"], value["high"], *told]
            )
    return rows
