"""Versions compared on past traffic, as JSON."""

from __future__ import annotations

from typing import Any

from flask import request

from webapp.api import browser
from webapp.api.bodies import single_values
from webapp.services.compare import as_json as compare_as_json
from webapp.services.compare.reader import answer_request
from webapp.services.compare.request import read_request
from webapp.services.context import Services
from webapp.timing import now_ms


def compare_versions(services: Services) -> dict[str, Any]:
    """Compare versions on a period of past traffic.

    All versions are judged on all of the traffic, whichever version answered it then. The answer
    has every metric with its 95 % interval, paired differences to the first version with a verdict,
    the decisions that flip at a threshold, the groups that gain and lose, the features that explain
    the disagreement, and every version in every period. Versions that were trained on some of the
    events get no verdict. Without a `source`, simulated traffic is used until the window holds 200
    real events.
    """
    params = single_values(request.args)
    answer = answer_request(services, read_request(params, now_ms()))
    return compare_as_json.as_json(browser.hide_name(answer))
