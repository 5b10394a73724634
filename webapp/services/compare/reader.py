"""Answers requests to compare, and keeps answers until further events are counted."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace

import numpy as np

from webapp.cases import Features, InputError
from webapp.db.tables.uploads import Upload
from webapp.files.counted_message import CountedFile, unpack_counts
from webapp.services.compare import comparison, labelled_file
from webapp.services.compare.answer import CompareAnswer, ScoredVersion
from webapp.services.compare.request import CompareRequest
from webapp.services.context import Services
from webapp.services.traffic import common_inputs
from webapp.services.traffic import lake_share as traffic_lake_share
from webapp.services.traffic.pool import Rows, TrafficPool

_NOTHING = (np.empty(0, np.int64),)  # what an answer on a file depends on, beside its key


def answer_request(services: Services, request: CompareRequest) -> CompareAnswer:
    """The comparison, from the cache where nothing has changed.

    Raises InputError, UnknownVersionError, VersionNotReadyError and LogUnavailableError.
    """
    versions = comparison.choose_versions(services, request.versions, request.challenger)
    if request.file is not None:
        return _answer_on_upload(services, request, request.file, versions)
    features = common_inputs.common_features([(v.name, v.prepared) for v in versions])
    pool = TrafficPool(services, services.counts, versions[0].prepared, request.source, features)
    rows = pool.read("day", request.since, request.until)
    lake = traffic_lake_share.read(pool, {"day": request.since}, request.until).get("day", [])

    def compute() -> CompareAnswer:
        answer = comparison.compare_on_traffic(services, request, versions, pool, rows)
        return _with_lake_share(answer, pool, lake)

    key = (_digests(versions), request, pool.sources, pool.last)
    return services.answers.get(key, (*rows, *lake), compute)


def file_counts(upload: Upload) -> CountedFile:
    """The counts and the bad rows of an uploaded file."""
    return unpack_counts(dict(upload.counted), Features(upload.features).cases)


def _answer_on_upload(
    services: Services, request: CompareRequest, file_id: str, versions: Sequence[ScoredVersion]
) -> CompareAnswer:
    upload = services.uploads.get(file_id)
    if upload is None:
        raise InputError("file", "has expired: upload it again")
    key = (_digests(versions), request, upload.id)
    return services.answers.get(key, _NOTHING, lambda: _on_upload(services, request, upload))


def _on_upload(services: Services, request: CompareRequest, upload: Upload) -> CompareAnswer:
    file = file_counts(upload)
    return labelled_file.compare_on_file(
        services,
        request,
        file.counts,
        Features(upload.features),
        sha256=upload.sha256,
        rows=(1, file.rows),
        upload=upload,
        unreadable=file.bad_labels,
        unknown=file.unknown,
    )


def _with_lake_share(answer: CompareAnswer, pool: TrafficPool, lake: list[Rows]) -> CompareAnswer:
    """The answer with the number of its events and outcomes that were counted in a lake."""
    if pool.sources == ("lake",):
        events, outcomes = int(answer.events.sum()), answer.labelled.total
    else:
        window = pool.traffic(lake, "day", answer.request.since, answer.request.until).window()
        events, outcomes = window.total, window.labelled.total
    return replace(answer, in_lake=events, known_in_lake=outcomes)


def _digests(versions: Sequence[ScoredVersion]) -> Hashable:
    return tuple((version.name, version.prepared.facts.build) for version in versions)
