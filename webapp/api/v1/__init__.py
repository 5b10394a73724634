"""The API of version 1 under ``/api/v1``."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from flask import Flask, Response

from webapp.api import auth
from webapp.api.errors import as_api_error
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
            provide_automatic_options=False,  # the gate knows the methods of the whole address
        )


def _view(services: Services, operation: Operation) -> Callable[..., Response]:
    def view(**path: str) -> Response:
        auth.require(operation.role)
        try:
            return _response(operation.view(services, **path))
        except Exception as error:
            known = as_api_error(error)
            if known is None:
                raise
            return known.response()

    return view


def _response(answer: Any) -> Response:
    """Values as JSON; a view that knows better makes its own response."""
    if isinstance(answer, Response):
        return answer
    return Response(json.dumps(answer), content_type="application/json")
