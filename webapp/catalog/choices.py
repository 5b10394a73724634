"""The positive classes that people chose, as one small file that every scan reads.

The database holds them, for all machines; this is a machine's copy, so that the catalog needs no
database. A choice is about a model's files (``digest.model_digest``), whatever their folder's name.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

CHOICES = "choices.json"  # beside the records, in var/catalog


def read_choices(records: Path) -> dict[str, str]:
    """The chosen class by the digest of a model; empty if nothing was chosen."""
    try:
        values = json.loads((records / CHOICES).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    pairs = values.items() if isinstance(values, dict) else ()
    return {digest: positive for digest, positive in pairs if isinstance(positive, str)}


def write_choices(records: Path, choices: Mapping[str, str]) -> bool:
    """Replace the copy in one step. False if it held the same already. Raises OSError."""
    if read_choices(records) == dict(choices):
        return False
    records.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(prefix=f".{CHOICES}-", dir=records)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(choices, file, indent=1, sort_keys=True)
    Path(draft).replace(records / CHOICES)
    return True
