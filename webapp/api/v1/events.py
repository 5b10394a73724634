"""Take in predictions that were made elsewhere."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from typing import Any, cast, get_args

from flask import Response

from webapp.api.bodies import read_list, read_object
from webapp.cases import InputError, shorten
from webapp.db.schema import Source
from webapp.events.external import ExternalStatus
from webapp.services.context import Services
from webapp.services.predict import ingest
from webapp.timing import now_ms

MAX_EVENTS = 10_000
SOURCES: tuple[Source, ...] = ("edge", "stream")


def record_events(services: Services) -> Response:
    """Record predictions that were made elsewhere.

    For what answers without this server: a function, a stream's consumer. Send `events`, each with
    a `request_id` of its own, the `version` that answered, and its `case` or `features`; `at` is
    when it answered. Each is answered by itself, in order: `recorded`, `repeated` (known already,
    so a retry of the whole is safe), `conflict` (known with another case, version or outcome, which
    stays) or `refused` (it can't be used; the others are recorded). A `label` may come with it, or
    later with the same event.
    """
    body = read_object()
    other = next((name for name in body if name not in ("source", "events")), None)
    if other is not None:
        raise InputError(shorten(other), "is not known here: send source and events")
    given = read_list(body, "events", MAX_EVENTS, '{"request_id": "a-1", …}')
    taken = ingest.take(services, given, _source(body), now_ms())
    statuses = Counter(one.status for one in taken)
    answer: dict[str, Any] = {"events": [_result(one) for one in taken]}
    answer |= {name: statuses[name] for name in (*get_args(ExternalStatus), "refused")}
    return Response(json.dumps(answer), content_type="application/json")


def _source(body: dict[str, Any]) -> Source:
    source = body.get("source", "edge")
    if source not in SOURCES:
        raise InputError("source", f"is {shorten(source)}: send {' or '.join(SOURCES)}")
    return cast(Source, source)


def _result(taken: ingest.Taken) -> dict[str, Any]:
    result: dict[str, Any] = {"request_id": taken.request_id, "status": taken.status}
    if taken.id is not None:
        result["id"] = taken.id
    if taken.problem is not None:
        result["error"] = asdict(taken.problem)
    return result
