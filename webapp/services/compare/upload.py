"""A labelled file to compare versions on: counted in a short process, and only its counts kept."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable
from typing import IO, Any

from webapp.cases import Features
from webapp.db.tables.uploads import Upload
from webapp.files.counted_message import LIMITS, Counted, arguments, packed, unpacked
from webapp.files.types import MIB, FileError, Limits, Tell
from webapp.limited_process import STOPPED, TOOK_LONGER, run_child
from webapp.services.compare import comparison
from webapp.services.compare.request import Request
from webapp.services.context import Services
from webapp.services.predict.score_file import base_name
from webapp.services.traffic import common_inputs

_log = logging.getLogger(__name__)
_CHUNK = 1 << 16


def features_of(services: Services, versions: tuple[str, ...]) -> Features:
    """The columns that a file must have besides the label, for these versions to be compared.

    Raises InputError, UnknownVersionError and VersionNotReadyError.
    """
    chosen = comparison.choose(services, Request(0, 1, versions))
    return common_inputs.common([(version.name, version.prepared) for version in chosen])


def keep(
    services: Services,
    file: IO[bytes],
    filename: str,
    features: Features,
    now: int,
    tell: Tell = lambda _read, _all: None,
    stopped: Callable[[], bool] = lambda: False,
) -> Upload:
    """Count it and keep the counts. Raises FileError and LogUnavailableError."""
    counted = count_in_child(file, features, LIMITS, tell, stopped)
    if not counted.counts.total:
        first = counted.bad[0]
        raise FileError(f"No row can be used; {counted.unit} {first.line}: {first.message}.")
    digest = _sha256(file)
    id_ = hashlib.sha256(json.dumps([digest, features.names]).encode()).hexdigest()[:32]
    upload = Upload(id_, now, base_name(filename), digest, features.names, packed(counted))
    services.uploads.add(upload)
    return upload


def count_in_child(
    file: IO[bytes], features: Features, limits: Limits, tell: Tell, stopped: Callable[[], bool]
) -> Counted:
    """In a process of its own. Raises FileError."""
    done = run_child(
        "webapp.files.count_labelled",
        arguments(features, limits),
        seconds=limits.seconds,
        megabytes=limits.memory // MIB,
        stdin=file,
        is_stopped=stopped,
        on_output=lambda said: _pass_on(said, tell),
    )
    if done.reason is not None:
        raise _why(done.reason, limits)
    last: dict[str, Any] = json.loads(done.output.splitlines()[-1])
    if "error" in last:
        raise FileError(last["error"])
    return unpacked(last, features.cases)


def _pass_on(said: bytes, tell: Tell) -> None:
    """The last whole line, if it says how far the process is."""
    lines = said[: said.rfind(b"\n") + 1].splitlines()
    last = json.loads(lines[-1]) if lines else {}
    if "read" in last:
        tell(last["read"], last["rows"])


def _why(reason: str, limits: Limits) -> FileError:
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
