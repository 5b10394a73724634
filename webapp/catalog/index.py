"""The index: the supervisor's last scan as one small file that every process reads."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from webapp.catalog.scan import CatalogEntry

INDEX = "index.json"
RECORDS = "catalog"  # folder in var/


def write_index(var: Path, models: Path, entries: Sequence[CatalogEntry]) -> None:
    """Replace the index in one step."""
    folder = var / RECORDS
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"models": str(models), "versions": [e.as_dict() for e in entries]}, indent=1)
    descriptor, draft = tempfile.mkstemp(prefix=f".{INDEX}-", dir=folder)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    Path(draft).replace(folder / INDEX)


def read_index(var: Path, models: Path) -> tuple[CatalogEntry, ...] | None:
    """The index's entries; None if there is no index or it is about another folder."""
    try:
        values = json.loads((var / RECORDS / INDEX).read_text("utf-8"))
        if values["models"] != str(models):
            return None
        return tuple(
            CatalogEntry(
                **{
                    **entry,
                    "warnings": tuple(entry["warnings"]),
                    "classes": tuple(entry["classes"]),
                }
            )
            for entry in values["versions"]
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
