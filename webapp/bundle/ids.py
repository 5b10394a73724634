"""Event ids: UUIDs of version 7 (RFC 9562), which sort by their time."""

from __future__ import annotations

import os
import re

_FORM = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_VARIANT = {f"{i:x}": f"{8 + i % 4:x}" for i in range(16)}  # two of the four bits are fixed
_NOISE = 20  # random hexadecimal digits per id; 19 are used


def new_id(at: int) -> str:
    """An id for an event at the time ``at`` (ms since 1970, UTC)."""
    return new_ids(at, 1)[0]


def new_ids(at: int, count: int) -> list[str]:
    """Ids for ``count`` events: drawing the random bytes at once is faster."""
    begin = f"{at >> 16:08x}-{at & 0xFFFF:04x}-7"
    noise = os.urandom(_NOISE // 2 * count).hex()
    return [
        f"{begin}{noise[i : i + 3]}-{_VARIANT[noise[i + 3]]}{noise[i + 4 : i + 7]}"
        f"-{noise[i + 7 : i + 19]}"
        for i in range(0, _NOISE * count, _NOISE)
    ]


def is_id(text: str) -> bool:
    """True if the text has the form of an id, in lower case."""
    return bool(_FORM.fullmatch(text))
