"""Answers requests to compare; keeps answers for as long as nothing was counted since."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace

import numpy as np

from webapp.cases import Features, InputError
from webapp.db.tables.uploads import Upload
from webapp.files.counted_message import Counted, unpacked
from webapp.services.compare import comparison, labelled_file
from webapp.services.compare.answer import Answer, Version
from webapp.services.compare.request import Request
from webapp.services.context import Services
from webapp.services.traffic import common_inputs
from webapp.services.traffic import lake_share as traffic_lake_share
from webapp.services.traffic.pool import Rows, TrafficPool

_NOTHING = (np.empty(0, np.int64),)  # what an answer on a file depends on, beside its key


def ask(services: Services, request: Request) -> Answer:
    """Raises InputError, UnknownVersionError, VersionNotReadyError, LogUnavailableError."""
    chosen = comparison.choose(services, request)
    if request.file is not None:
        return _upload_kept(services, request, chosen)
    features = common_inputs.common([(v.name, v.prepared) for v in chosen])
    pool = TrafficPool(services, services.counts, features, request.source)
    rows = pool.read("day", request.since, request.until)
    lake = traffic_lake_share.read(pool, {"day": request.since}, request.until).get("day", [])
    key = (_digests(chosen), request, pool.sources, pool.last)
    return services.answers.get(
        key,
        (*rows, *lake),
        lambda: _told(comparison.on_traffic(services, request, chosen, pool, rows), pool, lake),
    )


def _upload_kept(services: Services, request: Request, chosen: Sequence[Version]) -> Answer:
    upload = services.uploads.get(request.file or "")
    if upload is None:
        raise InputError("file", "is not known here any more: upload it again")
    key = (_digests(chosen), request, upload.id)
    return services.answers.get(key, _NOTHING, lambda: _on_upload(services, request, upload))


def counted(upload: Upload) -> Counted:
    """What the file came to."""
    return unpacked(dict(upload.counted), Features(upload.features).cases)


def _told(answer: Answer, pool: TrafficPool, lake: list[Rows]) -> Answer:
    """With how much of it was counted in a lake."""
    if pool.sources == ("lake",):
        events, known = int(answer.events.sum()), answer.labelled.total
    else:
        counted = pool.traffic(lake, "day", answer.request.since, answer.request.until).window()
        events, known = counted.total, counted.labelled.total
    return replace(answer, in_lake=events, known_in_lake=known)


def _on_upload(services: Services, request: Request, upload: Upload) -> Answer:
    found = counted(upload)
    return labelled_file.ask(
        services,
        request,
        found.counts,
        Features(upload.features),
        sha256=upload.sha256,
        rows=(1, found.rows),
        upload=upload,
    )


def _digests(chosen: Sequence[Version]) -> Hashable:
    return tuple((version.name, version.prepared.facts.digest) for version in chosen)
