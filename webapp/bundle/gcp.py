"""Google Cloud Functions: HTTP, and Pub/Sub as CloudEvents."""

from __future__ import annotations

import os

from . import table
from .answers import Answerer, Request
from .messages import Message, Recorder, place
from .remote import from_environment, token

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


class RetryError(Exception):
    """The message must come again: the log is unavailable."""


class Function:
    """What functions-framework calls, with the version beside these modules.

    Raises BundleError and SettingError.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        model = table.load(os.path.dirname(__file__))  # noqa: PTH120 - pathlib costs 5 ms
        remote = from_environment(environ, f"everycase-function/{model.name}")
        self._answerer = Answerer(model, remote, token(environ, "API_TOKEN"))
        self._recorder = Recorder(model, remote)

    def http(self, request: Any) -> tuple[str, int, dict[str, str]]:
        """Answer a request, which Flask has read."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        query = request.query_string.decode("latin-1")
        body = request.get_data()
        reply = self._answerer.reply(Request(request.method, query, headers, body))
        return reply.body, reply.status, reply.headers

    def pubsub(self, event: Any) -> None:
        """Log a message; an error makes Pub/Sub send it again, so bad ones end without."""
        if self._recorder.record([_message(event)]) is not None:
            raise RetryError("the log is unavailable: Pub/Sub sends the message again")


def _message(event: Any) -> Message:
    from base64 import b64decode

    said = event.data if isinstance(event.data, dict) else {}
    message = said.get("message")
    if not isinstance(message, dict):
        message = {}
    subscription = str(said.get("subscription", "")).rpartition("/")[2]
    name = place("pubsub", subscription, str(message.get("messageId") or event["id"]))
    try:
        data = b64decode(message.get("data") or "", validate=True)
    except (ValueError, TypeError):
        data = None
    return Message(name, message.get("publishTime"), data)
