"""Versions compared on past traffic, as JSON."""

from __future__ import annotations

from typing import Any

from flask import request

from webapp.api.bodies import single_values
from webapp.services.compare import as_json as compare_as_json
from webapp.services.compare import reader as compare_reader
from webapp.services.compare import request as compare_request
from webapp.services.context import Services
from webapp.timing import now_ms


def compare_versions(services: Services) -> dict[str, Any]:
    """Compare versions on a period of past traffic.

    On all of it, whichever version answered it then. Every metric with an interval of 95 %, paired
    differences to the first version with a verdict, who changes side at a threshold, which features
    gain and lose, which explain the disagreement, and every version in every period. Versions that
    were trained on some of the events get no verdict. Simulated traffic is used only when it is
    asked for, or when there is no other.
    """
    asked = compare_request.read(single_values(request.args), now_ms())
    return compare_as_json.as_json(compare_reader.ask(services, asked))
