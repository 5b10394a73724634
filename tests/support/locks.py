"""Lock files as pip reads them: pins, each with the digests of its files."""

from __future__ import annotations

import re
from pathlib import Path

_PIN = re.compile(r"(?P<pin>[a-z0-9._-]+==[^ ;]+)(?P<marker> ; .+?)?(?P<hashes>( --hash=\S+)*)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def read_pins(lock: Path) -> dict[str, tuple[str, ...]]:
    """The digests by pin (``name==version``); a line that is none fails the test."""
    text = re.sub(r" *\\\n *", " ", lock.read_text("utf-8"))
    pins = {}
    for line in text.splitlines():
        match = _PIN.fullmatch(line)
        assert match is not None, line
        pins[match["pin"]] = tuple(_HASH.findall(match["hashes"]))
    return pins
