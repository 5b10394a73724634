"""The API of version 1 under ``/api/v1``."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from flask import Flask, Response

from webapp.api import audit, auth
from webapp.api.errors import handle_errors
from webapp.api.v1.operations import OPERATIONS, PREFIX, Operation
from webapp.services.context import Services


def register(server: Flask, services: Services) -> None:
    """Add the routes of all operations."""
    for operation in OPERATIONS:
        server.add_url_rule(
            PREFIX + operation.path,
            endpoint=f"v1.{operation.view.__name__}",
            view_func=_view(services, operation),
            methods=[operation.method],
            provide_automatic_options=False,  # guards know the methods of the whole address
        )


def _view(services: Services, operation: Operation) -> Callable[..., Response]:
    def view(**path: str) -> Response:
        auth.require(operation.role)
        return handle_errors(lambda: _response(operation.view(services, **path)))

    def view_with_audit(**path: str) -> Response:
        return audit.note_act(auth.current().actor(), lambda: view(**path))

    return view_with_audit if operation.role == "admin" else view


def _response(answer: Any) -> Response:
    """Values as JSON; a view may also make a response of its own."""
    if isinstance(answer, Response):
        return answer
    return Response(json.dumps(answer), content_type="application/json")
