"""The kind of a file by its content, as names and media types can't be trusted."""

from __future__ import annotations

import gzip
import io
import zlib
from typing import Literal

from webapp.bundle.reading import GZIP
from webapp.files.types import FileError, Limits

Kind = Literal["csv", "parquet", "workbook"]
_ZIP, _WORKBOOK = b"PK\x03\x04", b"xl/workbook.xml"
_NOT_ONE = "This is a zip archive, not CSV or an Excel workbook"

_BLOCK = 1 << 20
_SAVE = "save it as “CSV UTF-8” and take that."
# First bytes of files that people upload by mistake, and the message for each.
_OTHERS: tuple[tuple[bytes, str], ...] = (
    (b"PK\x05\x06", f"This is an empty zip archive, not CSV: {_SAVE}"),
    (b"\xd0\xcf\x11\xe0", f"This is an old Excel workbook, not CSV: {_SAVE}"),
    (GZIP, "This file is compressed with gzip twice: unpack it first."),
    (b"\x28\xb5\x2f\xfd", "This file is compressed with Zstandard: unpack it first."),
    (b"\xfd7zXZ", "This file is compressed with xz: unpack it first."),
    (b"7z\xbc\xaf", "This is a 7-Zip archive: unpack it first."),
    (b"ARROW1", "This is an Arrow (Feather) file: save it as Parquet or CSV."),
    (b"%PDF-", f"This is a PDF, not CSV: {_SAVE}"),
    (b"PARE", "This Parquet file is encrypted: save it without encryption."),
)


def unpack(content: bytes, limits: Limits) -> bytes:
    """The content, unpacked if it is compressed with gzip. Raises FileError."""
    if not content.startswith(GZIP):
        return content
    try:
        with gzip.open(io.BytesIO(content)) as file:
            plain = bytearray()
            while (block := file.read(_BLOCK)) and len(plain) <= limits.bytes:
                plain += block
    except (OSError, EOFError, zlib.error) as error:
        raise FileError(
            f"The file can't be unpacked with gzip ({error}): is it complete?"
        ) from None
    return bytes(plain)


def describe_packing(content: bytes) -> tuple[str, ...]:
    """The note on a file that ``unpack`` unpacks."""
    return ("gzip",) if content.startswith(GZIP) else ()


def sniff_kind(content: bytes, limits: Limits) -> Kind:
    """The kind of a file that can be parsed. Raises FileError for any other."""
    if len(content) > limits.bytes:
        size = f"{len(content) / 2**20:.1f}".removesuffix(".0")
        most = f"{limits.bytes / 2**20:.1f}".removesuffix(".0")
        if size == most:
            raise FileError(f"The file is slightly over the limit of {most} MiB: split it.")
        raise FileError(f"The file has {size} MiB, and at most {most} MiB can be read: split it.")
    if not content.strip():
        raise FileError("The file is empty.")
    for magic, message in _OTHERS:
        if content.startswith(magic):
            raise FileError(message)
    if content.startswith(_ZIP):
        if _WORKBOOK not in content:
            raise FileError(f"{_NOT_ONE}: {_SAVE}")
        return "workbook"
    return "parquet" if content.startswith(b"PAR1") else "csv"
