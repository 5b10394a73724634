"""JSON endpoints that the scripts of our own pages call, under ``/page``.

They are no public API. The scripts ask here and not through Dash's callbacks, because those don't
report to the page that the server can't be reached. Only JSON bodies are read, which no other site
can send on a visitor's behalf.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from flask import Response

from webapp.api.errors import handle_errors

Values = dict[str, Any]


def respond_in_json(handler: Callable[[], Values]) -> Response:
    """Call ``handler``; its values as JSON, or the error in the API's shape."""
    return handle_errors(lambda: json_response(handler()))


def json_response(values: Values) -> Response:
    """A response of status 200 with these values."""
    return Response(json.dumps(values), content_type="application/json")
