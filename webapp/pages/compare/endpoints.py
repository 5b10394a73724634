"""The comparison as one HTML file to keep or to send."""

from __future__ import annotations

from flask import Flask, Response, request

from webapp.api import browser
from webapp.api.bodies import single_values
from webapp.api.errors import handle_errors
from webapp.pages.compare import report, upload_endpoint
from webapp.services.compare import request as compare_request
from webapp.services.compare.reader import answer_request
from webapp.services.context import Services
from webapp.timing import now_ms


def register(server: Flask, services: Services) -> None:
    """Add the routes of the page: the report, and uploads of labelled files."""

    @server.get("/page/compare.html")
    def page_compare() -> Response:
        return handle_errors(lambda: compare_file(services))

    upload_endpoint.register(server, services)


def compare_file(services: Services) -> Response:
    """The Compare page as one file of HTML."""
    params = {k: v for k, v in single_values(request.args).items() if k in compare_request.FIELDS}
    answer = answer_request(services, compare_request.read_request(params, now_ms()))
    body = [part.encode() for part in report.parts(browser.hide_name(answer), now_ms())]
    response = Response(body, mimetype="text/html")
    response.content_length = sum(map(len, body))
    response.headers["Content-Disposition"] = 'attachment; filename="everycase-compare.html"'
    return response
