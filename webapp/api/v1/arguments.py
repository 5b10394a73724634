"""What stands behind the question mark."""

from __future__ import annotations

from werkzeug.datastructures import MultiDict

from webapp.cases import InputError, shorten


def once(given: MultiDict[str, str]) -> dict[str, str]:
    """Every parameter and its value. Raises InputError for one that is repeated."""
    for name in given:
        if len(given.getlist(name)) > 1:
            raise InputError(shorten(name), "is repeated: send it once")
    return given.to_dict()
