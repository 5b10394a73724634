"""The app as gunicorn serves it, and three windows into the worker that answers."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any

from webapp.services.predict.score_file import score_file
from webapp.wsgi import app, server

Environ = dict[str, Any]


def application(environ: Environ, start: Callable[..., Any]) -> Iterable[bytes]:
    """``/_worker`` tells of the worker, ``/_upload`` has it score a file; else the app answers."""
    if environ["PATH_INFO"] == "/_worker":
        answer: dict[str, Any] = {"pid": os.getpid(), "modules": sorted(sys.modules)}
    elif environ["PATH_INFO"] == "/_upload":
        content = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        version = app.services.catalog.versions()[0]
        answer = {"pid": os.getpid(), "rows": score_file(content, "x", version).rows}
    else:
        return server(environ, start)
    start("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(answer).encode()]
