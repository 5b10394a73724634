"""The comparison of four versions on 60 days with very many events."""

from __future__ import annotations

from benchmarks.drift import DAYS, FIRST, MANY, UNTIL, cold_and_warm
from benchmarks.figures import Figure
from webapp.services.compare import as_json as compare_as_json
from webapp.services.compare import reader as compare_reader
from webapp.services.compare.request import CompareRequest
from webapp.services.context import Services

ROUNDS = 9
COLD_BAR, WARM_BAR = 400, 250  # ms


def measure() -> list[Figure]:
    """Ask with empty caches, and again."""
    cold, warm = cold_and_warm(MANY, ROUNDS, _ask)
    name = f"comparison of 4 versions, {DAYS} days, 10^8 events at their densest"
    return [
        Figure(f"{name}, cold", "", cold, "ms", at_most=COLD_BAR, digits=0),
        Figure(f"{name}, unchanged", "", warm, "ms", at_most=WARM_BAR, digits=0),
    ]


def _ask(services: Services) -> None:
    """The statistics, the conclusion and their JSON form."""
    form = compare_as_json.as_json(
        compare_reader.answer_request(services, CompareRequest(FIRST, UNTIL))
    )
    if form["empty"] or len(form["versions"]) != 4:
        raise RuntimeError(f"no answer: {form['sentence']}")
