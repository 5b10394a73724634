"""Answers requests to compare, and keeps answers until further events are counted."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from webapp.cases import Features, InputError
from webapp.db.tables.uploads import Upload
from webapp.events.counts import Reading
from webapp.files.counted_message import CountedFile, unpack_counts
from webapp.services.answer_cache import Fixed
from webapp.services.compare import comparison, labelled_file
from webapp.services.compare.answer import CompareAnswer, ScoredVersion
from webapp.services.compare.request import CompareRequest
from webapp.services.context import Services
from webapp.services.traffic import budget, common_inputs, training_overlap
from webapp.services.traffic.pool import TrafficPool


def answer_request(services: Services, request: CompareRequest) -> CompareAnswer:
    """The comparison, from the cache where nothing has changed.

    Raises InputError, UnknownVersionError, VersionNotReadyError and LogUnavailableError.
    """
    services.answers.admit()
    versions = comparison.choose_versions(services, request.versions, request.challenger)
    if request.file is not None:
        return _answer_on_upload(services, request, request.file, versions)
    features = common_inputs.common_features([(v.name, v.prepared) for v in versions])
    window, prepared = (request.since, request.until), versions[0].prepared
    pool = TrafficPool(services, services.counts, prepared, request.source, window, features)
    budget.check_table(len(versions), comparison.periods(request))

    def read() -> Reading:
        reading = pool.open("day", request.since, request.until)
        budget.check(reading)
        return reading

    return services.answers.get(
        (
            *(*_circumstances(services, versions), request),
            *(pool.sources, pool.not_shown, pool.last),
        ),
        features.cases,
        read,
        lambda reading: comparison.compare_on_traffic(services, request, versions, pool, reading),
    )


def file_counts(upload: Upload) -> CountedFile:
    """The counts and the bad rows of an uploaded file."""
    return unpack_counts(dict(upload.counted), Features(upload.features).cases)


def _answer_on_upload(
    services: Services, request: CompareRequest, file_id: str, versions: Sequence[ScoredVersion]
) -> CompareAnswer:
    upload = services.uploads.get(file_id)
    if upload is None:
        raise InputError("file", "has expired: upload it again")
    key = (*_circumstances(services, versions), request, upload.id)
    cases = max(version.prepared.features.cases for version in versions)
    return services.answers.get(key, cases, Fixed, lambda _: _on_upload(services, request, upload))


def _on_upload(services: Services, request: CompareRequest, upload: Upload) -> CompareAnswer:
    file = file_counts(upload)
    versions = comparison.choose_versions(services, request.versions, request.challenger)
    spans = [training_overlap.find_rows(v.prepared.facts, upload.sha256) for v in versions]
    trained_rows = [span for span in spans if span is not None]
    unseen = file.without(trained_rows) if trained_rows and request.rows == "unseen" else None
    if unseen is not None and unseen.counts.total:
        return _on_rows(services, request, upload, unseen, left_out=file.rows - unseen.rows)
    return _on_rows(services, request, upload, file, last=file.rows)


def _on_rows(
    services: Services,
    request: CompareRequest,
    upload: Upload,
    file: CountedFile,
    *,
    last: int = 0,
    left_out: int = 0,
) -> CompareAnswer:
    """Compare on rows of a file, which versions may be trained on if they go from 1 to ``last``."""
    return labelled_file.compare_on_file(
        services,
        request,
        file.counts,
        Features(upload.features),
        sha256=upload.sha256,
        rows=(1, last),
        upload=upload,
        unreadable=file.bad_labels,
        unknown=file.unknown,
        left_out=left_out,
    )


def _circumstances(services: Services, versions: Sequence[ScoredVersion]) -> tuple[Hashable, ...]:
    """What an answer depends on beside its events: the versions, and the champion of now."""
    digests = tuple((v.name, v.prepared.facts.build, v.stored) for v in versions)
    return digests, comparison.champion_name(services)
