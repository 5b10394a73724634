"""Messages of a stream: predict each row and send a batch to the log in one request.

A message is JSON: ``{"features": {"G1": 0, …}}`` with optional ``version``, ``at``, ``label``,
``labelled_at`` and ``request_id`` beside the features; or flat: ``{"G1": 0, …, "at": …}``.
"""

from __future__ import annotations

from . import lines, reading
from .reading import Pairs
from .remote import (
    STREAM_TIMEOUT,
    BatchRefusedError,
    RemoteUnavailableError,
    error_code,
    error_message,
)
from .rules import InputError, parse_flag, shorten

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from .remote import Remote
    from .table import Model

# Errors of the server's version, not of a message: a new export or a change there fixes them
_OF_VERSION = ("unknown_version", "version_not_ready", "other_score")
_LONGEST_TIME = 40  # characters: text that isn't a time must not make a batch grow
BESIDE = ("version", "request_id", "at", "label", "labelled_at")
_BESIDE_NAMES = ", ".join(BESIDE)


class StreamMessage:
    """One message: its position in the stream as a request id, its time, and its data."""

    def __init__(self, request_id: str, at: int | str | None, data: bytes | None) -> None:
        self.request_id = request_id
        self.at = at
        self.data = data  # None if it couldn't be decoded


class Recorder:
    """Predicts messages with one version and sends them to the log."""

    def __init__(self, model: Model, remote: Remote | None) -> None:
        self._model = model
        self._remote = remote

    def record(self, messages: Sequence[StreamMessage]) -> int | None:
        """Log the messages. Returns the index of the first to be sent again, or None.

        Unreadable messages and those that the log refuses are written as lines and not tried again.
        Each is written once: those after the first message to be sent again will come again, too.
        """
        events: dict[int, dict[str, Any]] = {}
        refusals: dict[int, tuple[str, str, object]] = {}
        for i, message in enumerate(messages):
            try:
                events[i] = self._event(message)
            except InputError as error:
                refusals[i] = (message.request_id, str(error), _as_text(message))
        again = self._log(events, refusals) if events else None
        for i in sorted(refusals):
            if again is None or i < again:
                lines.write_refused(*refusals[i])
        return again

    def _log(
        self, events: dict[int, dict[str, Any]], refusals: dict[int, tuple[str, str, object]]
    ) -> int | None:
        """Send events; returns the index of the first to be sent again. Adds to ``refusals``."""
        try:
            results = self._send(list(events.values()))
        except RemoteUnavailableError as error:
            lines.write_unavailable(str(error), len(events))
            return min(events)
        for (i, event), result in zip(events.items(), results, strict=True):
            if result.get("status") in ("recorded", "repeated"):
                continue
            if error_code(result) in _OF_VERSION:
                lines.write_unavailable(f"the log refused it: {error_message(result)}", len(events))
                return i
            refusals[i] = (
                event["request_id"],
                f"{result.get('status')}: {error_message(result)}",
                event,
            )
        return None

    def _send(self, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Send events and return each one's result. A refused batch is split to find the cause."""
        if self._remote is None:
            raise RemoteUnavailableError(
                "set EVERYCASE_URL and EVERYCASE_TOKEN: there is no log to write to"
            )
        try:
            return self._remote.send("stream", events, STREAM_TIMEOUT)
        except BatchRefusedError as error:
            if len(events) == 1:
                return [{"status": "refused", "error": {"message": str(error)}}]
        half = len(events) // 2
        return self._send(events[:half]) + self._send(events[half:])

    def _event(self, message: StreamMessage) -> dict[str, Any]:
        """The event of a message, in the form of the log's API. Raises InputError."""
        if message.data is None:
            raise InputError("message", "is not base64")
        row, beside = _split_message(message.data, self._model.bits)
        version = beside.pop("version", None)
        if version not in (None, self._model.name):
            raise InputError("version", f"is {shorten(version)}: this is {self._model.name}")
        own_id = reading.check_request_id(beside.pop("request_id", None))
        case = self._model.parse(row)
        event: dict[str, Any] = {} if message.at is None else {"at": message.at}
        event |= {"request_id": own_id or message.request_id, "version": self._model.name}
        return event | {"case": case, "score": self._model.scores[case]} | beside


def _split_message(data: bytes, bits: Mapping[str, int]) -> tuple[reading.Items, dict[str, object]]:
    """The row of a message, and the fields beside it. Raises InputError."""
    document = reading.read_json(data, "message")
    if not isinstance(document, Pairs):
        raise InputError("message", "must be a JSON object that has 0 or 1 for each input")
    row, items = reading.take_field(document, "features")
    if row is not None and not isinstance(row, Pairs):
        raise InputError("features", "must be a JSON object that has 0 or 1 for each input")
    flat: reading.Items = []
    beside: dict[str, object] = {}
    for name, value in items:
        if row is None and (name in bits or name not in BESIDE):
            flat.append((name, value))
        elif name in beside or name not in BESIDE:
            raise InputError(
                shorten(name), f"is unknown or repeated: send features and at most {_BESIDE_NAMES}"
            )
        else:
            beside[name] = value
    return flat if row is None else list(row), _check_beside(beside)


def _check_beside(beside: dict[str, object]) -> dict[str, object]:
    """The fields beside a row, checked, without empty ones. Raises InputError."""
    values = {name: value for name, value in beside.items() if value is not None}
    if "label" in values:
        values["label"] = int(parse_flag("label", values["label"]))
    for name in ("at", "labelled_at"):
        value = values.get(name, 0)
        number = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**15
        text = isinstance(value, str) and value.isascii() and len(value) <= _LONGEST_TIME
        if not number and not text:
            raise InputError(name, f"is {shorten(value)}: send RFC 3339 or milliseconds since 1970")
    return values


def _as_text(message: StreamMessage) -> str:
    return (message.data or b"").decode("utf-8", "replace")


def make_request_id(kind: str, stream: str, *position: str) -> str:
    """A request id from a message's position. A stream's name is hashed if the id is too long."""
    request_id = ":".join((kind, stream, *position))
    if len(request_id) <= reading.MAX_REQUEST_ID:
        return request_id
    from hashlib import sha256

    return ":".join((kind, sha256(stream.encode()).hexdigest()[:32], *position))
