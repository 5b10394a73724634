"""Versions compared on a labelled file."""

from __future__ import annotations

from dataclasses import replace

from webapp.cases import Features
from webapp.db.tables.uploads import Upload
from webapp.services.compare import comparison
from webapp.services.compare.answer import Basis, CompareAnswer, NoComparison, Periods
from webapp.services.compare.request import CompareRequest
from webapp.services.context import Services
from webapp.services.traffic import common_inputs, training_overlap
from webapp.stats import label_gaps
from webapp.stats.counts import Counts


def compare_on_file(
    services: Services,
    request: CompareRequest,
    counts: Counts,
    file_features: Features,
    *,
    sha256: str = "",
    rows: tuple[int, int] = (1, 0),
    upload: Upload | None = None,
    unreadable: int = 0,
    unknown: int = 0,
    left_out: int = 0,
) -> CompareAnswer:
    """Compare on ``counts`` over the cases of ``file_features``.

    ``rows`` are the first and the last row of the file and ``sha256`` is its digest, to find the
    versions that were trained on them. ``unreadable`` rows were left out because of their label
    alone, and ``unknown`` ones have none; on the ``left_out`` ones a version was trained. Raises
    InputError, UnknownVersionError and VersionNotReadyError.
    """
    versions = comparison.choose_versions(services, request.versions, request.challenger)
    features = common_inputs.common_features([(v.name, v.prepared) for v in versions])
    outcomes = common_inputs.project_counts(counts, file_features, features)
    basis = Basis(
        request=request,
        features=features,
        versions=tuple(
            replace(
                version, overlap=training_overlap.count_rows(version.prepared.facts, sha256, *rows)
            )
            for version in versions
        ),
        sources=(),
        events=outcomes.n,
        labelled=outcomes,
        upload=upload,
        gap=label_gaps.find_gap(outcomes, unreadable, unknown),
        left_out=left_out,
        champion=comparison.champion_name(services),
    )
    if not outcomes.total:
        return NoComparison(**vars(basis), reason="no events")
    return comparison.evaluate(basis, Periods())
