"""A labelled file to compare versions on: counted in a child process; only its counts are kept."""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
from collections.abc import Sequence
from typing import IO, Any

from webapp.cases import Features
from webapp.db.tables.uploads import NOBODY, Owner, Upload
from webapp.files.counted_message import (
    LIMITS,
    CountedFile,
    child_arguments,
    pack_counts,
    unpack_counts,
)
from webapp.files.findings import describe_fault
from webapp.files.types import MIB, FileError, Limits
from webapp.grammar import capitalize
from webapp.limited_process import STOPPED, TOOK_LONGER, run_child
from webapp.services.compare import comparison
from webapp.services.compare.progress import Progress
from webapp.services.context import Services
from webapp.services.predict.score_file import base_name
from webapp.services.traffic import common_inputs, training_overlap

_log = logging.getLogger(__name__)
_CHUNK = 1 << 16


def file_features(services: Services, names: Sequence[str]) -> Features:
    """The columns that a file needs besides the label, for these versions to be compared on it.

    Raises InputError, UnknownVersionError and VersionNotReadyError.
    """
    versions = comparison.choose_versions(services, names)
    return common_inputs.common_features([(version.name, version.prepared) for version in versions])


def keep_counts(
    services: Services,
    file: IO[bytes],
    filename: str,
    features: Features,
    now: int,
    progress: Progress,
    owner: Owner = NOBODY,
) -> Upload:
    """Count the file's rows and store the counts, as of its owner's file.

    Raises FileError and LogUnavailableError.
    """
    digest = _sha256(file)
    result = count_in_child(file, features, LIMITS, progress, _breaks(services, digest))
    if not result.counts.total and not result.bad:
        raise FileError("No row has a label: write the outcomes as 0 and 1.")
    if not result.counts.total:
        what = describe_fault(result.faults[0], result.unit)
        raise FileError(f"No row can be used. {capitalize(what)}.")
    counts, name = pack_counts(result), base_name(filename)
    upload = Upload(secrets.token_hex(16), now, name, digest, features.names, counts, owner)
    return services.uploads.add(upload)


def count_in_child(
    file: IO[bytes],
    features: Features,
    limits: Limits,
    progress: Progress,
    breaks: Sequence[int] = (),
) -> CountedFile:
    """Count the file's rows in a process of its own, in blocks. Raises FileError."""
    file.seek(0)
    result = run_child(
        "webapp.files.count_labelled",
        child_arguments(features, limits, breaks),
        seconds=limits.seconds,
        megabytes=limits.memory // MIB,
        stdin=file,
        is_stopped=progress.is_stopped,
        on_output=lambda output: _pass_on(output, progress),
    )
    if result.reason is not None:
        raise _file_error(result.reason, limits)
    last: dict[str, Any] = json.loads(result.output.splitlines()[-1])
    if "error" in last:
        raise FileError(last["error"])
    return unpack_counts(last, features.cases)


def _breaks(services: Services, digest: str) -> list[int]:
    """The rows of a file at which the training of some version begins or has ended."""
    spans = [
        training_overlap.find_rows(version.prepared.facts, digest)
        for version in services.catalog.versions()
        if version.prepared is not None
    ]
    return sorted({row for span in spans if span for row in (span[0], span[1] + 1)})


def _pass_on(output: bytes, progress: Progress) -> None:
    """Report the last whole line of the child's output, if it is about its progress."""
    lines = output[: output.rfind(b"\n") + 1].splitlines()
    last = json.loads(lines[-1]) if lines else {}
    if "read" in last:
        progress.report(last["read"], last["rows"])


def _file_error(reason: str, limits: Limits) -> FileError:
    if reason.startswith(TOOK_LONGER):
        return FileError(f"The file took more than {limits.seconds:g} seconds to read: split it.")
    if reason != STOPPED:
        _log.error("the counting process: %s", reason)
    return FileError(
        "The file can't be read: it is damaged, or needs more memory than one file may take."
    )


def _sha256(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    file.seek(0)
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()
