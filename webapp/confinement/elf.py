"""What the kernel starts together with a program: the loader of its shared libraries."""

from __future__ import annotations

import struct
from pathlib import Path

_MAGIC = b"\x7fELF\x02\x01"  # 64 bits, the lowest byte first
_LOADER = 3  # the kind of the part that names it
_HEADER = 64
_MOST = 1 << 16  # bytes from the start, in which programs have their table of parts


def with_interpreter(program: Path) -> list[Path]:
    """A program and its loader, if it has one."""
    path = program.resolve()
    loader = _read_loader(path)
    return [path] if loader is None else [path, Path(loader).resolve()]


def _read_loader(path: Path) -> str | None:
    with path.open("rb") as file:
        start = file.read(_MOST)
        if not start.startswith(_MAGIC) or len(start) < _HEADER:
            return None
        (table,) = struct.unpack_from("<Q", start, 32)
        size, count = struct.unpack_from("<HH", start, 54)
        for place in range(table, table + size * count, size or 1):
            if place + 40 > len(start):
                return None
            if struct.unpack_from("<I", start, place)[0] == _LOADER:
                offset, length = (struct.unpack_from("<Q", start, place + at)[0] for at in (8, 32))
                file.seek(offset)
                return file.read(length).rstrip(b"\0").decode("utf-8", "replace")
    return None
