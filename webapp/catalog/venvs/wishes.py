"""Versions that are asked in their own environment although PREPARE_ENV is ``here``.

A small file beside the environments holds the digests of their models, so a new name keeps the
wish, and other files end it.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

_FILE = "own.json"


def has_wish(environments: Path, digest: str) -> bool:
    """True if the model with this digest is asked in its own environment."""
    return digest in _read(environments)


def set_wish(environments: Path, digest: str, *, own: bool) -> None:
    """Remember that a model is asked in its own environment, or forget it. Raises OSError."""
    digests = _read(environments)
    wishes = digests | {digest} if own else digests - {digest}
    if wishes == digests:
        return
    environments.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(prefix=f".{_FILE}-", dir=environments)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(sorted(wishes), file)
    Path(draft).replace(environments / _FILE)


def _read(environments: Path) -> set[str]:
    try:
        values = json.loads((environments / _FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return set()
    return {one for one in values if isinstance(one, str)} if isinstance(values, list) else set()
