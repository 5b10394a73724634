"""Read forms as ``multipart/form-data``, which browsers and ``curl -F`` send. Imported when needed.

The parsers of ``email`` are made for mail: they decode what no browser encodes, search parts for
nested ones, and take seconds for a megabyte of boundaries. Only their parsing of headers is used.
"""

from __future__ import annotations

import re
from email.message import Message
from itertools import islice, pairwise

from .reading import MAX_FIELDS, Items, check_field_count
from .rules import InputError

_LONGEST_HEAD = 4096  # bytes: the time to parse a header grows with the square of its length
_BLANK = re.compile(rb"\r?\n\r?\n")
_DISPOSITION = re.compile(r"^content-disposition:[ \t]*(form-data[ \t]*;.*)$", re.I | re.M)


def read_multipart(body: bytes, content_type: str) -> Items:
    """The fields of a form, without files. Raises InputError."""
    if not body.strip():
        return []
    boundary = re.escape(_read_boundary(content_type))
    line = re.compile(rb"(?:\A|\r?\n)--" + boundary + rb"(--)?[ \t]*(?=\r?\n|\Z)")
    marks = list(islice(line.finditer(body), MAX_FIELDS + 1))
    last = next((i for i, mark in enumerate(marks) if mark[1]), None)
    if last is None:
        check_field_count("body", marks)
        raise InputError("body", "is no whole form: end it with its boundary and --")
    parts = (body[a.end() : b.start()] for a, b in pairwise(marks[: last + 1]))
    return [field for field in map(_read_field, parts) if field is not None]


def _read_boundary(content_type: str) -> bytes:
    boundary = _parse_header("Content-Type", content_type).get_boundary()
    if not boundary:
        raise InputError("body", "is a form without a boundary: name it in Content-Type")
    return boundary.encode("latin-1", "replace")


def _read_field(part: bytes) -> tuple[str, object] | None:
    """Name and value; None for a file. Raises InputError."""
    blank = _BLANK.search(part, 0, _LONGEST_HEAD)
    head = part[: blank.start()].decode("utf-8", "replace") if blank else ""
    match = _DISPOSITION.search(head.replace("\r\n", "\n"))
    disposition = _parse_header("Content-Disposition", match[1] if match else "form-data")
    name = disposition.get_param("name", header="content-disposition")
    if blank is None or not isinstance(name, str):
        raise InputError(
            "body", 'has a part without a name: send Content-Disposition: form-data; name="INPUT"'
        )
    if disposition.get_filename() is not None:
        return None
    return name.replace("%22", '"'), part[blank.end() :].decode("utf-8", "replace")


def _parse_header(name: str, value: str) -> Message:
    message = Message()
    message[name] = value
    return message
