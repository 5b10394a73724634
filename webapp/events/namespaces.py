"""Namespaces of request ids: who sent an id, and by which token.

The same id in two namespaces is two requests, so nobody takes an id that another client is going to
use. A namespace names the kind of token and not its text: a new token finds the ids of the old one.
"""

from __future__ import annotations

from typing import Literal

from webapp.db.schema import Source

Token = Literal["open", "api", "admin"]  # open: no token was needed, and none was sent

OLD = ""  # events from before namespaces; found by senders of the same source
FORM, KAFKA, REPLAY, DEMO = "form", "kafka", "replay", "demo"
_ELSEWHERE: tuple[Source, ...] = ("edge", "stream")


def sent_by(token: Token, source: Source) -> str:
    """The namespace of a client's ids: rows and batches share one, other sources have their own."""
    return f"{source}/{token}" if source in _ELSEWHERE else token


def labelled_by(token: Token) -> tuple[str, ...]:
    """Where a client's outcomes look for a request id, first to last.

    First among its own, then where nobody writes without a token that may do less. What was sent
    without any token, or recorded in the form, is never found: the id of the event is for those.
    """
    own = (token, *(sent_by(token, source) for source in _ELSEWHERE))
    return (*own, *labelled_by("api")) if token == "admin" else (*own, KAFKA, OLD)


def labelled_by_kafka() -> tuple[str, ...]:
    """Where outcomes from Kafka look for a request id, first to last."""
    return (KAFKA, *(name for name in labelled_by("api") if name != KAFKA))


def family(source: str) -> str:
    """What an old event's source is compared by: a batch may repeat what was sent as one row."""
    return "api" if source == "batch" else source
