"""Read a request to ``/``: the (name, value) pairs of query and body, with repeats."""

from __future__ import annotations

from .rules import InputError, shorten

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

Items = list[tuple[str, object]]
MAX_BODY = 1 << 20
MAX_REQUEST_ID = 200
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
_DEFAULT_TYPES = ("", FORM, "text/plain", "application/octet-stream")  # of clients that name none
GZIP = b"\x1f\x8b"  # how every gzip begins
BOM = b"\xef\xbb\xbf"  # which some editors and libraries put before JSON
MAX_FIELDS = 200  # a row has 16 values at most


class TooLargeError(InputError):
    """The body has more bytes than are read, perhaps only after unpacking."""

    def __init__(self, limit: int = MAX_BODY) -> None:
        super().__init__("body", f"is too large: send at most {limit:,} bytes")


class Pairs(list[tuple[str, object]]):
    """A JSON object as its pairs, so that a repeated key can be detected."""


def read_query(text: str) -> Items:
    """The query's pairs. Raises InputError if there are too many."""
    if "%" in text or "+" in text:
        return _decode_form("query", text)
    # Usually nothing is encoded: not decoding saves a fifth of the answer's time.
    pairs = check_field_count("query", text.split("&"))
    split = (pair.partition("=") for pair in pairs if pair)
    return [(name, value) for name, _, value in split]


def read_body(body: bytes, mimetype: str) -> Items:
    """The pairs of a body that is a form or JSON. Raises InputError.

    What begins like a JSON object is read as one, also where its type is missing or a client's
    default: no form begins so.
    """
    is_json = mimetype == "application/json" or mimetype.endswith("+json")
    if mimetype in _DEFAULT_TYPES and begins_like_json(body):
        is_json = True
    elif mimetype == FORM:
        return _decode_form("body", body.decode("utf-8", "replace"))
    if not body.strip():
        return []
    if not is_json:
        raise InputError("body", "must be a form or JSON: set Content-Type: application/json")
    document = read_json(body)
    if not isinstance(document, Pairs):
        raise InputError("body", "must be a JSON object that has 0 or 1 for each input")
    return list(document)


def begins_like_json(body: bytes) -> bool:
    """True if the first character of the body, after a byte order mark, begins a JSON object."""
    return body.removeprefix(BOM).lstrip()[:1] == b"{"


def unpack(body: bytes, encoding: str, limit: int = MAX_BODY) -> bytes:
    """The body without its Content-Encoding, at most ``limit`` bytes. Raises InputError."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        if body.startswith(GZIP):
            raise InputError("body", "is packed with gzip: set Content-Encoding: gzip")
        return body
    if encoding not in ("gzip", "x-gzip"):
        raise InputError("body", f"is encoded as {shorten(encoding)}: send it plain, or as gzip")
    import zlib

    plain = b""
    while body:  # one or several members, one after the other
        member = zlib.decompressobj(wbits=31)
        try:
            plain += member.decompress(body, limit + 1 - len(plain))
        except zlib.error:
            raise InputError("body", "is not gzip, though Content-Encoding says so") from None
        if len(plain) > limit:
            raise TooLargeError(limit)
        if not member.eof:
            raise InputError("body", "is cut off: send the gzip to its end")
        body = member.unused_data
    return plain


def read_json(body: bytes, field: str = "body") -> Any:
    """A JSON document with its objects as Pairs. Raises InputError."""
    import json

    try:
        return json.loads(body.removeprefix(BOM), object_pairs_hook=Pairs)
    except (ValueError, RecursionError) as error:
        detail = shorten(str(error)) if isinstance(error, json.JSONDecodeError) else "not readable"
        raise InputError(field, f"is not valid JSON: {detail}") from None


def take_version(items: Items) -> tuple[str | None, Items]:
    """The value of ``version``, and the other fields. Raises InputError."""
    version, items = take_field(items, "version")
    if version is None:
        return None, items
    if not isinstance(version, str) or not version.strip():
        raise InputError("version", "is not a name: send the name of a version")
    return version.strip(), items


def take_field(items: Items, field: str) -> tuple[object | None, Items]:
    """A field's value (None if it is missing), and the other fields. Raises InputError."""
    values = [value for name, value in items if name == field]
    if not values:
        return None, items
    if len(values) > 1:
        raise InputError(field, "is repeated: send it once")
    return values[0], [item for item in items if item[0] != field]


def check_request_id(
    value: object, field: str = "request_id", longest: int = MAX_REQUEST_ID
) -> str | None:
    """The value if it is a valid request id or None. Raises InputError."""
    if value is None:
        return None
    if isinstance(value, str) and 1 <= len(value) <= longest:
        usable = value.isascii() and value.isprintable()
    else:
        usable = False
    if usable:
        return str(value)
    raise InputError(field, f"is not an id: send 1 to {longest} printable ASCII characters")


def check_field_count(field: str, pairs: list[Any]) -> list[Any]:
    """The pairs. Raises InputError if there are more than MAX_FIELDS."""
    if len(pairs) > MAX_FIELDS:
        raise InputError(field, f"has more than {MAX_FIELDS} fields")
    return pairs


def conflict_message(field: str, request_id: str) -> str:
    """The error message for a request id that was used for another request."""
    return f"{field} {request_id} was used for another request: send a new one"


def _decode_form(field: str, text: str) -> Items:
    from urllib.parse import parse_qsl

    try:
        return list(parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS))
    except ValueError:
        raise InputError(field, f"has more than {MAX_FIELDS} fields") from None
