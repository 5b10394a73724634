"""Google Cloud Functions: handle HTTP, and Pub/Sub as CloudEvents."""

from __future__ import annotations

import os

from . import table
from .answers import Answerer, HttpRequest
from .messages import Recorder, StreamMessage, make_request_id
from .remote import read_token, remote_from_environment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


class RetryError(Exception):
    """The message must come again: the log is unavailable."""


class Function:
    """The handlers for functions-framework, with the version beside these modules.

    Creating it raises BundleError and FunctionSettingError.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        model = table.load_model(os.path.dirname(__file__))  # noqa: PTH120 - pathlib costs 5 ms
        remote = remote_from_environment(environ, f"everycase-function/{model.name}")
        self._answerer = Answerer(model, remote, read_token(environ, "API_TOKEN"))
        self._recorder = Recorder(model, remote)

    def http(self, request: Any) -> tuple[str, int, dict[str, str]]:
        """Answer a Flask request."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        query = request.query_string.decode("latin-1")
        body = request.get_data()
        reply = self._answerer.reply(HttpRequest(request.method, query, headers, body))
        return reply.body, reply.status, reply.headers

    def pubsub(self, event: Any) -> None:
        """Log a message. Raises RetryError to have Pub/Sub send it again; bad messages don't."""
        if self._recorder.record([_read_message(event)]) is not None:
            raise RetryError("the log is unavailable: Pub/Sub sends the message again")


def _read_message(event: Any) -> StreamMessage:
    from base64 import b64decode

    payload = event.data if isinstance(event.data, dict) else {}
    message = payload.get("message")
    if not isinstance(message, dict):
        message = {}
    subscription = str(payload.get("subscription", "")).rpartition("/")[2]
    name = make_request_id("pubsub", subscription, str(message.get("messageId") or event["id"]))
    try:
        data = b64decode(message.get("data") or "", validate=True)
    except (ValueError, TypeError):
        data = None
    return StreamMessage(name, message.get("publishTime"), data)
