"""The comparison as one HTML file to keep or to send."""

from __future__ import annotations

from flask import Response, request

from webapp.api.v1.arguments import once
from webapp.pages.compare import report
from webapp.services.compare import request as compare_request
from webapp.services.compare.reader import answer_request
from webapp.services.context import Services
from webapp.timing import now_ms


def compare_file(services: Services) -> Response:
    """The Compare page as one file of HTML."""
    params = {k: v for k, v in once(request.args).items() if k in compare_request.FIELDS}
    answer = answer_request(services, compare_request.read_request(params, now_ms()))
    response = Response(report.render(answer, now_ms()), mimetype="text/html")
    response.headers["Content-Disposition"] = 'attachment; filename="everycase-compare.html"'
    return response
