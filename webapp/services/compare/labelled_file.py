"""Versions compared on a labelled file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from webapp.db.tables.uploads import Upload
from webapp.services.compare import comparison
from webapp.services.compare.answer import Answer
from webapp.services.compare.comparison import choose
from webapp.services.compare.request import Request
from webapp.services.context import Services
from webapp.services.traffic import common_inputs, training_overlap
from webapp.stats.counts import Counts


def ask(
    services: Services,
    request: Request,
    counts: Counts,
    given: Any,
    *,
    sha256: str = "",
    rows: tuple[int, int] = (1, 0),
    upload: Upload | None = None,
) -> Answer:
    """``counts`` over the cases of the features ``given``; ``rows`` are their first and last row.

    Raises InputError, UnknownVersionError and VersionNotReadyError.
    """
    chosen = choose(services, request)
    features = common_inputs.common([(version.name, version.prepared) for version in chosen])
    labelled = common_inputs.project_counts(counts, given, features)
    chosen = tuple(
        replace(version, overlap=training_overlap.rows(version.prepared.facts, sha256, *rows))
        for version in chosen
    )
    begun = Answer(request, features, chosen, (), labelled.n, labelled, upload=upload)
    if not labelled.total:
        return replace(begun, empty="no events")
    return comparison.compared(begun)
