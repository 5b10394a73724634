"""When a model was made, by which the champion by default is chosen: without MLflow, as text."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

_MLMODEL = "MLmodel"
_MOST_BYTES = 1 << 20
_CREATED = re.compile(r"^utc_time_created: *['\"]?([0-9T:. -]{19,26})", re.MULTILINE)


def read_creation(folder: Path) -> int | None:
    """When the model was made, in ms since 1970: what MLflow noted in its file ``MLmodel``.

    Without a note it is when that file was written here; None while there is no such file.
    """
    file = folder / _MLMODEL
    try:
        with file.open("rb") as stream:
            text = stream.read(_MOST_BYTES).decode("utf-8", "replace")
        file_time = file.stat().st_mtime
    except OSError:
        return None
    note = _CREATED.search(text)
    try:
        when = datetime.fromisoformat(note[1].strip()) if note else None
    except ValueError:  # not a date after all
        when = None
    seconds = file_time if when is None else when.replace(tzinfo=UTC).timestamp()
    return int(seconds * 1000)
