"""What the Compare page's scripts draw from: figures, and the tables behind the threshold."""

from __future__ import annotations

from typing import Any

from webapp.components.figure import Figure
from webapp.pages.compare import figures
from webapp.pages.compare.csv_tables import tables
from webapp.services.compare.answer import Answer
from webapp.stats import curves
from webapp.vocabulary import vocabulary_for


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
                "scores": version.scores.tolist(),
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
        "tables": tables(answer),
        "words": vocabulary_for(answer.features).as_dict(),
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
        both = [(i, v) for i, v in enumerate(answer.versions) if v.name in (first.name, other.name)]
        bins = [(i, v.name, curves.calibration_bins(v.scores, answer.labelled)) for i, v in both]
        made |= {
            "compare-roc": figures.roc(lines),
            "compare-precision-recall": figures.precision_recall(lines, answer.labelled.base_rate),
            "compare-calibration": figures.calibration(bins),
        }
    return made
