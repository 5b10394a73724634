"""Log predictions that were made elsewhere, by a function or a stream's consumer.

Each must be one that this app would have made: of a version that it has, with that version's own
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
from webapp.events.namespaces import Token, sent_by
from webapp.events.record import Event
from webapp.services.context import Services
from webapp.services.predict import version_choice
from webapp.services.predict.record import check_request_id
from webapp.services.timestamps import read_moment

TOLERANCE = 1e-9  # between the score that was sent and the table's
_FIELDS = frozenset(
    ("request_id", "at", "version", "case", "features", "score", "label", "labelled_at")
)
_CONFLICTS = {
    "request_id": ("request_conflict", "was used for another prediction: send a new one"),
    "label": ("contradiction", "is not the outcome that is known for it, which stays"),
}


class _OtherScoreError(InputError):
    """The score is not that of the version's table."""


@dataclass(frozen=True)
class IngestProblem:
    """The reason why an event was not logged: ``code`` for programs, ``message`` for people."""

    code: str
    message: str
    field: str


@dataclass(frozen=True)
class IngestResult:
    """The result of one event; ``id`` is that of the event in the log, if there is one."""

    request_id: str | None
    status: ExternalStatus | Literal["refused"]
    id: str | None = None
    problem: IngestProblem | None = None


def log_events(
    services: Services,
    rows: Sequence[Mapping[str, Any]],
    source: Source,
    now: int,
    token: Token = "api",
) -> list[IngestResult]:
    """Log predictions that were made elsewhere, in one transaction. Returns results in order.

    ``token`` is the sender's, whose request ids they are. A row that can't be used is refused, the
    others are logged. Raises LogUnavailableError, and
    VersionNotReadyError while a version is being prepared; then nothing was logged.
    """
    results = [_read(services, row, source, now) for row in rows]
    namespace = sent_by(token, source)
    results = [r._replace(namespace=namespace) if isinstance(r, Event) else r for r in results]
    events = [result for result in results if isinstance(result, Event)]
    outcomes = iter(services.log.record_external(events) if events else ())
    return [
        _result_of(result, next(outcomes)) if isinstance(result, Event) else result
        for result in results
    ]


def _read(
    services: Services, row: Mapping[str, Any], source: Source, now: int
) -> Event | IngestResult:
    """The event in a row, or why it can't be used."""
    try:
        return _read_event(services, row, source, now)
    except version_choice.UnknownVersionError as error:
        problem = IngestProblem("unknown_version", str(error), "version")
    except version_choice.VersionNotReadyError as error:
        if not error.lasting:
            raise
        problem = IngestProblem("version_not_ready", str(error), "version")
    except _OtherScoreError as error:
        problem = IngestProblem("other_score", str(error), error.field)
    except InputError as error:
        problem = IngestProblem("bad_input", str(error), error.field)
    request_id = row.get("request_id")
    return IngestResult(
        request_id if isinstance(request_id, str) else None, "refused", problem=problem
    )


def _read_event(services: Services, row: Mapping[str, Any], source: Source, now: int) -> Event:
    other = next((name for name in row if name not in _FIELDS), None)
    if other is not None:
        raise InputError(shorten(other), "is unknown: is it a feature? Send features")
    request_id = check_request_id(row.get("request_id"))
    if request_id is None:
        raise InputError("request_id", "is missing: it makes a retry safe")
    version = row.get("version")
    if not isinstance(version, str) or not version.strip():
        raise InputError("version", "is missing: send the name of the version that answered")
    name, prepared = version_choice.resolve(services, version.strip())
    case = _read_case(prepared, row)
    score = _check_score(prepared, case, row.get("score"))
    at = now if row.get("at") is None else read_moment("at", row["at"], now)
    label, labelled_at = _read_label(row, now)
    return Event(new_id(at), at, source, name, case, score, label, labelled_at, request_id)


def _read_case(prepared: Prepared, row: Mapping[str, Any]) -> int:
    case, features = row.get("case"), row.get("features")
    if (case is None) == (features is None):
        raise InputError("case", "or features: send one of them")
    if features is not None:
        if not isinstance(features, Mapping):
            raise InputError("features", "must be an object that has 0 or 1 for each input")
        return prepared.features.parse(features.items())
    last = prepared.features.cases - 1
    if isinstance(case, bool) or not isinstance(case, int) or not 0 <= case <= last:
        raise InputError("case", f"is {shorten(case)}: send a whole number from 0 to {last:,}")
    return case


def _check_score(prepared: Prepared, case: int, sent_score: Any) -> float:
    """The table's score. Raises InputError for another one, which is of another build."""
    score = float(prepared.scores[case])
    if sent_score is None:
        return score
    if isinstance(sent_score, bool) or not isinstance(sent_score, int | float):
        raise InputError("score", f"is {shorten(sent_score)}: send a number, or none")
    if not _is_close(sent_score, score):
        raise _OtherScoreError(
            "score",
            f"is {shorten(sent_score)}, and this version's is {score!r}: export its bundle again",
        )
    return score


def _is_close(sent_score: float, score: float) -> bool:
    try:
        return abs(sent_score - score) <= TOLERANCE
    except OverflowError:  # a whole number larger than any float
        return False


def _read_label(row: Mapping[str, Any], now: int) -> tuple[int | None, int | None]:
    label, at = row.get("label"), row.get("labelled_at")
    if label is None:
        if at is not None:
            raise InputError("labelled_at", "is of no use without label")
        return None, None
    value = int(parse_flag("label", label))
    return value, now if at is None else read_moment("labelled_at", at, now)


def _result_of(event: Event, outcome: ExternalResult) -> IngestResult:
    problem = None
    if outcome.status == "conflict":
        code, message = _CONFLICTS[outcome.about]
        value = shorten(str(getattr(event, outcome.about)))
        problem = IngestProblem(code, f"{outcome.about} {value} {message}", outcome.about)
    return IngestResult(event.request_id, outcome.status, outcome.event.id, problem)
