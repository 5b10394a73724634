"""Predictions that were made elsewhere, by a function or a stream's consumer, come into the log.

Each must be one that this app would have made: of a version that it knows, with that version's own
score. So the history is the same wherever a version answered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from webapp.cases import InputError, parse_flag, shorten
from webapp.catalog.prepared import Prepared
from webapp.db.ids import new_id
from webapp.db.schema import Source
from webapp.events.external import ExternalResult, ExternalStatus
from webapp.events.record import Event
from webapp.services.context import Services
from webapp.services.predict import version_choice
from webapp.services.predict.record import check_request_id
from webapp.services.timestamps import read_moment

TOLERANCE = 1e-9  # between a score that is sent and the table's
_KNOWN = frozenset(
    ("request_id", "at", "version", "case", "features", "score", "label", "labelled_at")
)
_CONFLICTS = {
    "request_id": ("request_conflict", "was used for another prediction: send a new one"),
    "label": ("contradiction", "is not the outcome that is known for it, which stays"),
}


class _OtherScoreError(InputError):
    """The score is not what the version's table says."""


@dataclass(frozen=True)
class Problem:
    """Why one was not taken: ``code`` for programs, ``message`` for people, and what it is of."""

    code: str
    message: str
    field: str


@dataclass(frozen=True)
class Taken:
    """What became of one; ``id`` is its event's where there is one."""

    request_id: str | None
    status: ExternalStatus | Literal["refused"]
    id: str | None = None
    problem: Problem | None = None


def take(
    services: Services, given: Sequence[Mapping[str, Any]], source: Source, now: int
) -> list[Taken]:
    """Log predictions that were made elsewhere, in one transaction; what became of each, in order.

    One that can't be used is refused by itself. Raises LogUnavailableError, and
    VersionNotReadyError while a version is still being prepared; then nothing was logged.
    """
    read = [_read(services, one, source, now) for one in given]
    made = [one for one in read if isinstance(one, Event)]
    written = iter(services.log.record_external(made) if made else ())
    return [_taken(one, next(written)) if isinstance(one, Event) else one for one in read]


def _read(services: Services, given: Mapping[str, Any], source: Source, now: int) -> Event | Taken:
    """The event of what was sent, or why there is none."""
    try:
        return _event(services, given, source, now)
    except version_choice.UnknownVersionError as error:
        problem = Problem("unknown_version", str(error), "version")
    except version_choice.VersionNotReadyError as error:
        if not error.lasting:
            raise
        problem = Problem("version_not_ready", str(error), "version")
    except _OtherScoreError as error:
        problem = Problem("other_score", str(error), error.field)
    except InputError as error:
        problem = Problem("bad_input", str(error), error.field)
    request_id = given.get("request_id")
    return Taken(request_id if isinstance(request_id, str) else None, "refused", problem=problem)


def _event(services: Services, given: Mapping[str, Any], source: Source, now: int) -> Event:
    other = next((name for name in given if name not in _KNOWN), None)
    if other is not None:
        raise InputError(shorten(other), "is not known here: is it a feature? Send features")
    request_id = check_request_id(given.get("request_id"))
    if request_id is None:
        raise InputError("request_id", "is missing: it makes a retry safe")
    version = given.get("version")
    if not isinstance(version, str) or not version.strip():
        raise InputError("version", "is missing: send the name of the version that answered")
    name, prepared = version_choice.resolve(services, version.strip())
    case = _case(prepared, given)
    score = _score(prepared, case, given.get("score"))
    at = now if given.get("at") is None else read_moment("at", given["at"], now)
    label, labelled_at = _label(given, now)
    return Event(new_id(at), at, source, name, case, score, label, labelled_at, request_id)


def _case(prepared: Prepared, given: Mapping[str, Any]) -> int:
    case, features = given.get("case"), given.get("features")
    if (case is None) == (features is None):
        raise InputError("case", "or features: send one of them")
    if features is not None:
        if not isinstance(features, Mapping):
            raise InputError("features", 'must be an object such as {"G1": 0, "G2": 1}')
        return prepared.features.parse(features.items())
    last = prepared.features.cases - 1
    if isinstance(case, bool) or not isinstance(case, int) or not 0 <= case <= last:
        raise InputError("case", f"is {shorten(case)}: send a whole number from 0 to {last:,}")
    return case


def _score(prepared: Prepared, case: int, given: Any) -> float:
    """The table's own; another one was made by another build of the version."""
    score = float(prepared.scores[case])
    if given is None:
        return score
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise InputError("score", f"is {shorten(given)}: send a number, or none")
    if not _is_close(given, score):
        raise _OtherScoreError(
            "score",
            f"is {shorten(given)}, and this version says {score!r}: export its bundle anew",
        )
    return score


def _is_close(given: float, score: float) -> bool:
    try:
        return abs(given - score) <= TOLERANCE
    except OverflowError:  # a whole number that no float is as large as
        return False


def _label(given: Mapping[str, Any], now: int) -> tuple[int | None, int | None]:
    label, at = given.get("label"), given.get("labelled_at")
    if label is None:
        if at is not None:
            raise InputError("labelled_at", "is of no use without label")
        return None, None
    known = int(parse_flag("label", label))
    return known, now if at is None else read_moment("labelled_at", at, now)


def _taken(given: Event, made: ExternalResult) -> Taken:
    problem = None
    if made.status == "conflict":
        code, message = _CONFLICTS[made.about]
        shown = shorten(str(getattr(given, made.about)))
        problem = Problem(code, f"{made.about} {shown} {message}", made.about)
    return Taken(given.request_id, made.status, made.event.id, problem)
