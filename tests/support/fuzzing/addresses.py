"""Requests to every address but Dash's callbacks: pages, files, API, forms, uploads, sign-in."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote_from_bytes

from hypothesis import strategies as st

from tests.support.app_access import ADMIN_TOKEN, API_TOKEN
from tests.support.fuzzing.client import FuzzRequest, encode
from tests.support.fuzzing.values import TEXTS, VERSIONS, mutated, texts, values
from webapp.app import EverycaseDash

_ROW: dict[str, Any] = {f"G{i}": i % 2 for i in range(1, 11)}
_ID = "01900000-0000-7000-8000-000000000000"
_EVENT = {"request_id": "order-1", "version": "logit_games_v1", "case": 3, "label": 1}
_PROMOTION = {"version": "hgb_games_v1", "champion": "logit_games_v1", "reason": "a test"}
# Right bodies, by method and path; what else a path takes is found by mutating them
BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/"): _ROW | {"version": "logit_games_v1", "request_id": "order-2"},
    ("POST", "/api/v1/predict"): {"features": _ROW, "version": "hgb_games_v1"},
    ("POST", "/api/v1/predict/batch"): {"rows": [_ROW, _ROW], "version": "logit_games_v1"},
    ("POST", "/api/v1/outcomes"): {"outcomes": [{"id": _ID, "label": 1}]},
    ("POST", "/api/v1/events"): {"events": [_EVENT], "source": "edge"},
    ("PUT", "/api/v1/champion"): _PROMOTION,
    ("POST", "/api/v1/retrain"): {"kind": "retrain", "now": True},
    ("POST", "/page/record"): {"version": VERSIONS[0], "features": _ROW, "request_id": "f-1"},
    ("POST", "/page/label"): {"receipt": "x.y", "label": 1},
    ("POST", "/page/undo"): {"undo": "x.y"},
    ("POST", "/page/models/promote"): _PROMOTION | {"action": "promote", "override": True},
    ("POST", "/page/models/choose"): {"version": "torn_v1", "positive": "yes"},
    ("POST", "/page/models/start"): {"kind": "backtest"},
    ("POST", "/page/models/cancel"): {"id": _ID},
    ("POST", "/sign-in"): {"token": "x"},
    ("POST", "/sign-out"): {},
    ("POST", "/page/compare/file"): {},
}
_FORM, _PARTS = "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"
_KINDS = ("application/json", _FORM, _PARTS, "multipart/form-data", "text/csv", "", "\xff/\x00")
_KINDS += ("application/octet-stream", "application/json; charset=utf-7", "multipart/form-data; a=")
_FILLED = ("logit_games_v1", "nothing_v9", _ID, "dash", "dash_mantine_components", "plotly")
_FILLED += ("css/everycase.css", "../app.py", "a/../../b", "js", "package_data/plotly.min.js")
_METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH", "X\xff")
_HEADERS = ("Accept", "Accept-Encoding", "Accept-Language", "Authorization", "Content-Encoding")
_HEADERS += ("Cookie", "Host", "If-Match", "If-Modified-Since", "If-None-Match", "If-Range")
_HEADERS += ("Origin", "Range", "Referer", "Sec-Fetch-Site", "User-Agent", "X-File-Name")
_HEADERS += (
    "X-Forwarded-For",
    "X-Forwarded-Proto",
    "X-HTTP-Method-Override",
    "X-Request-ID",
    "Transfer-Encoding",
)
_HEADER_VALUES = ("*/*", "text/html", "text/html;q=x,*/*;q=2", "br;q=9, gzip", "gzip", "deflate")
_HEADER_VALUES += ("bytes=0-5", "bytes=-1", "bytes=9-1,0-", "items=1", 'W/"x"', '"', "[::1", "a b:")
_HEADER_VALUES += ("Bearer", "Basic eDp5", "Bearer \xff", "everycase-session=x.y.z; =;;", "chunked")
_HEADER_VALUES += ("everycase-session=\xff; everycase-theme=\xff", "%00%ff.csv", "same-origin", "0")
_HEADER_VALUES += ("Thu, 01 Jan 1970 00:00:00 GMT", "Twitterbot", "http://[", "1.2.3.4, \xff")
_NAMES = ("version", "versions", "days", "from", "to", "source", "baseline", "margin", "every")
_NAMES += (
    "G1",
    "G2",
    "promote",
    "back",
    "ledger",
    "why",
    "sort",
    "file",
    "once",
    "link",
    "m",
    "limit",
)
_NAMES += ("threshold", "reference", "challenger", "gain", "cost", "request_id", "format", "kind")
_NAMES += ("a", "b", "state", "endId", "cacheKey", "job", "cancelJob")


def addresses(app: EverycaseDash) -> list[tuple[str, str]]:
    """Every method and address that the app has, with <places> in it."""
    return sorted(
        {
            (method, rule.rule)
            for rule in app.server.url_map.iter_rules()
            for method in (rule.methods or set()) - {"OPTIONS", "HEAD"}
        }
    )


@st.composite
def address_requests(draw: st.DrawFn, places: list[tuple[str, str]]) -> FuzzRequest:
    """A request to any address, right but for a few places."""
    method, rule = draw(st.sampled_from(places))
    path = re.sub("<[^>]*>", lambda _place: draw(st.sampled_from(_FILLED) | texts), rule)
    if draw(st.integers(0, 9)) == 0:
        path += draw(texts)
    right = BODIES.get((method, rule))
    body, kind = (b"", "") if right is None else draw(bodies(right))
    if draw(st.integers(0, 19)) == 0:
        method = draw(st.sampled_from(_METHODS))
    return FuzzRequest(
        method,
        path.encode("utf-8", "surrogatepass"),
        draw(queries),
        (*draw(proofs), *draw(headers)),
        body,
        kind,
    )


@st.composite
def bodies(draw: st.DrawFn, right: Any) -> tuple[bytes, str]:
    """A body and its kind."""
    value = draw(mutated(right)) if draw(st.integers(0, 9)) else draw(values)
    text, kind = encode(value), "application/json"
    match draw(st.integers(0, 9)):
        case 0 if isinstance(value, dict):
            text, kind = _form(value), _FORM
        case 1 if isinstance(value, dict):
            text, kind = _parts(value), _PARTS
        case 2:
            place = draw(st.integers(0, len(text)))
            text = text[:place] + draw(st.binary(max_size=4)) + text[place + 1 :]
        case 3:
            kind = draw(st.sampled_from(_KINDS))
    return text, kind


def _form(value: dict[Any, Any]) -> bytes:
    return b"&".join(_quoted(str(k)) + b"=" + _quoted(str(v)) for k, v in value.items())


def _parts(value: dict[Any, Any]) -> bytes:
    parts = (
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'
        for name, text in value.items()
    )
    return "".join((*parts, "--b--")).encode("utf-8", "surrogatepass")


def _quoted(text: str) -> bytes:
    return quote_from_bytes(text.encode("utf-8", "surrogatepass")).encode()


_pair = st.tuples(st.sampled_from(_NAMES) | texts, st.sampled_from((*TEXTS, *VERSIONS)) | texts)
queries = st.one_of(
    st.just(b""),
    st.lists(_pair, max_size=5).map(
        lambda pairs: b"&".join(_quoted(name) + b"=" + _quoted(text) for name, text in pairs)
    ),
    st.sampled_from((b"&&==&=", b"%", b"%zz=%", b"days=1&days=2", b"a" * 5000, b"%00=%00")),
    st.binary(max_size=12),
)
headers = st.lists(
    st.tuples(st.sampled_from(_HEADERS), st.sampled_from(_HEADER_VALUES)), max_size=2
).map(tuple)
proofs = st.sampled_from(
    (
        (),
        (("Authorization", f"Bearer {ADMIN_TOKEN}"),),
        (("Authorization", f"Bearer {API_TOKEN}"),),
        (("Accept", "text/html"),),
    )
)
