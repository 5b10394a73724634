"""What the field of a setting holds: default, parser, meaning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import Any


def setting(
    default: Any, parse: Callable[[str], Any], meaning: str, *, secret: bool = False
) -> Any:
    """A field of the settings; ``parse`` raises ValueError for a text that can't be used."""
    metadata = {"parse": parse, "meaning": meaning, "secret": secret}
    return field(default=default, repr=not secret, metadata=metadata)
