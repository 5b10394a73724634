"""Drift of a window of traffic, as JSON."""

from __future__ import annotations

from typing import Any

from flask import request

from webapp.api.bodies import single_values
from webapp.services.context import Services
from webapp.services.drift import as_json as drift_as_json
from webapp.services.drift import reader as drift_reader
from webapp.services.traffic import windows
from webapp.timing import now_ms


def compare_window(services: Services) -> dict[str, Any]:
    """Compare a window of traffic with a baseline.

    Everything that the Drift page shows: each feature, pairs of them, combinations, scores, labels,
    performance (measured, and estimated where labels are missing), why means changed, and what to
    do. Intervals are of 95 %. A verdict is `drifted` or `stable` if the whole interval lies beyond
    the margin or within it, else `cannot tell`. Without enough outcomes `harm` is `unknown`, and so
    is the verdict where the inputs are stable: an estimate can't show that behaviour changed.
    Without a `source`, simulated traffic is used until the window holds 200 real events.
    """
    now = now_ms()
    answer = drift_reader.answer_question(services, windows.read(single_values(request.args), now))
    return drift_as_json.as_json(answer, now)
