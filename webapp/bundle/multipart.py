"""Forms as ``multipart/form-data``, which browsers and ``curl -F`` send. Rare, so imported late."""

from __future__ import annotations

from email.parser import BytesParser
from email.policy import HTTP

from .reading import Items, check_number


def read_multipart(body: bytes, content_type: str) -> Items:
    """The fields of a form; files in it are left out. Raises InputError when there are too many."""
    head = b"Content-Type: " + content_type.encode("latin-1", "replace") + b"\r\n\r\n"
    parsed = BytesParser(policy=HTTP).parsebytes(head + body)
    found: Items = []
    for part in parsed.iter_parts() if parsed.is_multipart() else ():
        name = part.get_param("name", header="content-disposition")
        if isinstance(name, str) and part.get_filename() is None:
            content = part.get_payload(decode=True)
            text = content.decode("utf-8", "replace") if isinstance(content, bytes) else ""
            found.append((name, text))
    return list(check_number("body", found))
