"""Record predictions that were made elsewhere."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from typing import Any, cast, get_args

from flask import Response

from webapp.api import auth
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

    For functions and stream consumers that answer without this server. Send `events`, each with a
    `request_id` of its own, the `version` that answered, its `case` or `features`, and in `at` when
    it answered. Each has a status of its own, in order: `recorded`, `repeated` (recorded before, so
    a retry is safe), `conflict` (recorded before with another case, version or outcome, which
    stays) or `refused` (it can't be used; the others are recorded). A `label` may be sent with the
    event, or later with the same event.
    """
    body = read_object()
    other = next((name for name in body if name not in ("source", "events")), None)
    if other is not None:
        raise InputError(shorten(other), "is unknown: send source and events")
    rows = read_list(body, "events", MAX_EVENTS, '{"request_id": "a-1", …}')
    token = auth.sender_token()
    results = ingest.log_events(services, rows, _source(body), now_ms(), token)
    statuses = Counter(result.status for result in results)
    answer: dict[str, Any] = {"events": [_as_json(result) for result in results]}
    answer |= {name: statuses[name] for name in (*get_args(ExternalStatus), "refused")}
    return Response(json.dumps(answer), content_type="application/json")


def _source(body: dict[str, Any]) -> Source:
    source = body.get("source", "edge")
    if source not in SOURCES:
        raise InputError("source", f"is {shorten(source)}: send {' or '.join(SOURCES)}")
    return cast(Source, source)


def _as_json(result: ingest.IngestResult) -> dict[str, Any]:
    values: dict[str, Any] = {"request_id": result.request_id, "status": result.status}
    if result.id is not None:
        values["id"] = result.id
    if result.problem is not None:
        values["error"] = asdict(result.problem)
    return values
