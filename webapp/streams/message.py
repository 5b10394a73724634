"""A message as it was received, and what is wrong with one that can't be used."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, NamedTuple

from webapp.services.strict_json import RepeatedError, decode

MAX_PREFIX = 40
_MAX_TOPIC = 120  # characters of a request id: with prefix, partition and offset below 200
_DIGEST = 16

Headers = list[tuple[str, bytes | None]]


class Message(NamedTuple):
    """One message, and where it stands; ``at`` in ms since 1970, where the broker knows it."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    at: int | None
    headers: Headers | None = None


class BadMessageError(ValueError):
    """It can't be used, now or later: ``code`` for programs, the message for people."""

    def __init__(self, code: str, message: str, field: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.field = field


Refused = tuple[Message, BadMessageError]


def read_object(message: Message) -> dict[str, Any]:
    """Its value as a JSON object. Raises BadMessageError."""
    if not message.value:
        raise BadMessageError("not_json", "the message is empty: send a JSON object")
    try:
        found = decode(message.value, exact=True)
    except RepeatedError as error:
        raise BadMessageError("bad_input", f"{error} is repeated: send it once") from None
    except (ValueError, RecursionError):
        raise BadMessageError("not_json", "the message is not valid JSON") from None
    if not isinstance(found, dict):
        raise BadMessageError("bad_input", "the message must be a JSON object")
    return found


def read_key(message: Message) -> str | None:
    """Its key as text, None where it has none. Raises BadMessageError."""
    if not message.key:
        return None
    try:
        return message.key.decode("ascii")
    except UnicodeDecodeError:
        raise BadMessageError("bad_input", "the key must be printable ASCII", "key") from None


def place_id(prefix: str, message: Message) -> str:
    """The request id of a message without one of its own: where it stands.

    A topic's name may be longer than a request id; then a digest stands for the rest of it.
    """
    topic = message.topic
    if len(topic) > _MAX_TOPIC:
        digest = sha256(topic.encode()).hexdigest()[:_DIGEST]
        topic = f"{topic[: _MAX_TOPIC - _DIGEST - 1]}~{digest}"
    return f"{prefix}:{topic}:{message.partition}:{message.offset}"
