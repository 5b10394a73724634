"""A received message, and the error of one that can't be used."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, NamedTuple

from webapp.services.strict_json import RepeatedError, decode

# Characters of a request id; with a prefix of up to 40, partition and offset it is below 200
_MAX_TOPIC = 120
_DIGEST = 16

Headers = list[tuple[str, bytes | None]]


class Message(NamedTuple):
    """One message and its position; ``at`` is the broker's time in ms since 1970, if known."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    at: int | None
    headers: Headers | None = None


class BadMessageError(ValueError):
    """The message can never be used: ``code`` for programs, the text for people."""

    def __init__(self, code: str, message: str, field: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.field = field


Refusal = tuple[Message, BadMessageError]


def read_object(message: Message) -> dict[str, Any]:
    """The message's value as a JSON object. Raises BadMessageError."""
    if not message.value:
        raise BadMessageError("not_json", "the message is empty: send a JSON object")
    try:
        body = decode(message.value)
    except RepeatedError as error:
        raise BadMessageError("bad_input", f"{error} is repeated: send it once") from None
    except (ValueError, RecursionError):
        raise BadMessageError("not_json", "the message is not valid JSON") from None
    if not isinstance(body, dict):
        raise BadMessageError("bad_input", "the message must be a JSON object")
    return body


def read_key(message: Message) -> str | None:
    """The message's key as text, or None if it has none. Raises BadMessageError."""
    if not message.key:
        return None
    try:
        return message.key.decode("ascii")
    except UnicodeDecodeError:
        raise BadMessageError("bad_input", "the key must be printable ASCII", "key") from None


def request_id_of(prefix: str, message: Message) -> str:
    """A request id made from a message's topic, partition and offset.

    A topic's name may be longer than a request id; then a digest replaces the rest of it.
    """
    topic = message.topic
    if len(topic) > _MAX_TOPIC:
        digest = sha256(topic.encode()).hexdigest()[:_DIGEST]
        topic = f"{topic[: _MAX_TOPIC - _DIGEST - 1]}~{digest}"
    return f"{prefix}:{topic}:{message.partition}:{message.offset}"
