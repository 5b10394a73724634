"""Which build of the app this is: an open page sees by it that the server was updated."""

from __future__ import annotations

from functools import cache
from hashlib import blake2b
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_PARTS = (("webapp", "*.py"), ("assets/js", "*.js"), ("assets/css", "*.css"))


@cache
def build() -> str:
    """A digest of the app's code, scripts and styles, the same on every machine that has them."""
    digest = blake2b(digest_size=8)
    for folder, pattern in _PARTS:
        for path in sorted((_ROOT / folder).rglob(pattern)):
            digest.update(path.read_bytes())
    return digest.hexdigest()
