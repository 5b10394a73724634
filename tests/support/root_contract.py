"""What is asked of ``/`` wherever it is answered: the app, functions and the wheel must agree.

Every request is made of plain parts, so that each platform can be handed it in its own form.
"""

from __future__ import annotations

import gzip
import json
import random
from base64 import b64encode
from collections import Counter
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import Flask

from tests.support.event_logs import hand_services
from tests.support.function_runtimes import NAME, shipped
from webapp.api import root
from webapp.bundle.ids import is_id
from webapp.catalog.versions import Version

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
NAMES = tuple(f"G{i}" for i in range(1, 11))
ROW = dict.fromkeys(NAMES, 0) | {"G9": 1, "G10": 1}
QUERY = urlencode(ROW)
PARTS = "--x\r\n" + "\r\n--x\r\n".join(
    f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}' for name, value in ROW.items()
)


@dataclass(frozen=True)
class Ask:
    """One request."""

    query: str = ""
    body: bytes = b""
    kind: str = ""
    method: str = "GET"
    encoding: str = ""

    @property
    def headers(self) -> dict[str, str]:
        headers = {"Content-Type": self.kind, "Content-Encoding": self.encoding}
        return {name: value for name, value in headers.items() if value}

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The query as a gateway decodes it."""
        return parse_qsl(self.query, keep_blank_values=True)

    @property
    def is_simple(self) -> bool:
        """Has no name twice, so that a mapping of the query loses nothing."""
        return max(Counter(name for name, _ in self.pairs).values(), default=1) == 1


def post(body: object, kind: str = JSON, query: str = "") -> Ask:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Ask(query, raw, kind, "POST")


def asks() -> list[Ask]:
    """Some hundreds of requests, good and bad, always the same."""
    return [*_good(), *_bad_values(), *_bad_bodies(), *_retries(), *_random(235)]


def _good() -> list[Ask]:
    reverse = urlencode(dict(reversed(ROW.items())))
    return [
        Ask(),
        Ask(QUERY),
        Ask(reverse),
        Ask(f"&{QUERY}&"),
        Ask(f"{QUERY}&version={NAME}"),
        Ask(f"{QUERY}&version=%20{NAME}+"),
        Ask(f"version={NAME}"),
        Ask(urlencode(dict.fromkeys(NAMES, "true"))),
        Ask(urlencode(dict.fromkeys(NAMES, " FALSE "))),
        Ask(QUERY, method="HEAD"),
        Ask(QUERY, method="POST"),
        Ask(method="OPTIONS"),
        post(ROW),
        post(ROW, "application/merge-patch+json; charset=utf-8"),
        post(dict.fromkeys(NAMES, True)),
        post(dict.fromkeys(NAMES, "1") | {"version": NAME}),
        post(QUERY.encode(), FORM),
        post(QUERY.encode(), f"{FORM}; charset=utf-8"),
        post(dict.fromkeys(NAMES[1:], 1), query="G1=1"),
        post(f"{PARTS}\r\n--x--\r\n".encode(), "multipart/form-data; boundary=x"),
        post(b"", JSON),
        post({}, JSON),
        post(ROW, ""),
        post(ROW, FORM),
        post(b"\xef\xbb\xbf" + json.dumps(ROW).encode()),
        Ask("", gzip.compress(json.dumps(ROW).encode()), JSON, "POST", "gzip"),
    ]


def _bad_values() -> list[Ask]:
    texts = ["2", "0.5", "yes", "", "+", "-1", "01", "None", "%C3%A9", "x" * 300, "%00", "%ff"]
    values: list[Any] = [2, 0.5, 1.0, None, [], [1], {}, {"a": 1}, "x" * 10_000, 10**40, "\u2028"]
    asks = [Ask(f"{QUERY.replace('G7=0', '')}&G7={text}") for text in texts]
    asks += [post(f"{QUERY.replace('G7=0', '')}&G7={text}".encode(), FORM) for text in texts]
    asks += [post(ROW | {"G7": value}) for value in values]
    asks += [Ask(urlencode({n: 0 for n in NAMES if n != name})) for name in NAMES]
    asks += [
        Ask(f"{QUERY}&{extra}") for extra in ("G11=0", "g1=1", "=1", "x", "%C3%A9=1", "features=1")
    ]
    asks += [Ask(f"{QUERY}&G10=1"), Ask(f"{QUERY}&version=a&version=a")]
    asks += [
        Ask(f"{QUERY}&version={v}") for v in ("nope", "", "+", f"{NAME}x", "x" * 99, "%3Cb%3E")
    ]
    asks += [post(ROW | {"version": v}) for v in (1, None, "", [], "nope")]
    asks += [post(ROW | {"request_id": v}) for v in (1, "", "é", "a\nb", "x" * 201, [], {})]
    asks += [Ask("&".join(f"x{i}=0" for i in range(n))) for n in (200, 201, 1000)]
    asks.append(post("&".join(f"x{i}=0" for i in range(201)).encode(), FORM))
    return asks


def _bad_bodies() -> list[Ask]:
    twice = json.dumps(ROW)[:-1] + ', "G2": 1}'
    return [
        post(b"{"),
        post(b"[" * 100_000),
        post(b"\xff\xfe\x00"),
        post(b"[1, 2]"),
        post(b'"G1"'),
        post(b"null"),
        post(b"NaN"),
        post(twice.encode()),
        post(b"G1=1", "text/plain"),
        post(b"G1=1", ""),
        post(gzip.compress(b"{}")),
        Ask("", b"{}", JSON, "POST", "gzip"),
        Ask("", b"{}", JSON, "POST", "br"),
        Ask("", gzip.compress(b"{" + b" " * (1 << 20)), JSON, "POST", "gzip"),
        post(b"\xff=1", FORM),
        post(b"G1=" + b"1" * (1 << 20), FORM),
        post(b"1" * ((1 << 20) + 1)),
        post(b" " * 1000),
        post(f"{PARTS}\r\n--y--\r\n".encode(), "multipart/form-data; boundary=y"),
        post(f"{PARTS}\r\n--x--\r\n".encode(), "multipart/form-data"),
        post(PARTS.encode(), "multipart/form-data; boundary=x"),
        post(
            PARTS.replace("; name", "; nome").encode() + b"\r\n--x--",
            "multipart/form-data; boundary=x",
        ),
    ]


def _retries() -> list[Ask]:
    """The same id with the same row, then with another."""
    other = ROW | {"G1": 1, "request_id": "order-17"}
    return [
        post(ROW | {"request_id": "order-17"}),
        Ask(f"{QUERY}&request_id=order-17"),
        post(other),
    ]


def _random(number: int) -> list[Ask]:
    """Rows with up to two things wrong."""
    chance, asks = random.Random(17), []
    values = ("0", "1", "0", "1", "true", "2", "", "é", "false")
    for _ in range(number):
        row = {name: chance.choice("01") for name in NAMES}
        for _ in range(chance.choice((0, 0, 1, 2))):
            row[chance.choice((*NAMES, "G11", "version"))] = chance.choice(values)
        if chance.random() < 0.2:
            del row[chance.choice(NAMES)]
        names = chance.sample(list(row), len(row))
        row_values = {name: row[name] for name in names}
        query = urlencode(row_values)
        asks.append(chance.choice((Ask(query), post(row_values), post(query.encode(), FORM))))
    return asks


Answer = tuple[int, Any]


def of_app(requests: list[Ask]) -> list[Answer]:
    """What the app answers, with the one version."""
    server = Flask("contract")
    services = hand_services([Version(NAME, "ready", prepared=shipped())])
    root.register(server, services, lambda: "<html>page</html>")
    client, answers = server.test_client(), []
    for ask in requests:
        response = client.open(
            "/", method=ask.method, query_string=ask.query, data=ask.body, headers=ask.headers
        )
        answers.append(comparable(response.status_code, response.data))
    services.close()
    return answers


def comparable(status: int, body: bytes | str) -> Answer:
    """An answer without the id, which must be one."""
    values = json.loads(body) if body else None
    if isinstance(values, dict) and values["success"] and status == 200:
        assert is_id(values.pop("id"))
        assert float(values["response"]) == shipped_scores()[values["case"]]
    return status, values


_scores: list[float] = []


def shipped_scores() -> list[float]:
    """The version's table, read once."""
    if not _scores:
        _scores.extend(shipped().scores.tolist())
    return _scores


def version_2(ask: Ask) -> dict[str, Any]:
    """As an HTTP API or a function URL sends it."""
    http = {"method": ask.method, "path": "/", "sourceIp": "192.0.2.1"}
    body = {"body": b64encode(ask.body).decode(), "isBase64Encoded": True} if ask.body else {}
    return {
        "version": "2.0",
        "rawPath": "/",
        "rawQueryString": ask.query,
        "headers": {name.lower(): value for name, value in ask.headers.items()},
        "requestContext": {"http": http},
        "isBase64Encoded": False,
    } | body


def version_1(ask: Ask) -> dict[str, Any]:
    """As a REST API sends it: the query is decoded, names in the order of their first coming."""
    single, many = _grouped(ask.pairs)
    return _classic(ask, single, many) | {
        "resource": "/",
        "requestContext": {"stage": "live"},
        "multiValueHeaders": {name: [value] for name, value in ask.headers.items()} or None,
    }


def balancer(ask: Ask) -> dict[str, Any]:
    """As a load balancer sends it: the query as it came, the last value of each name."""
    single, _ = _grouped([_split(pair) for pair in ask.query.split("&") if pair])
    event = _classic(ask, single, None) | {"requestContext": {"elb": {"targetGroupArn": "arn"}}}
    del event["multiValueQueryStringParameters"]
    return event


def balancer_many(ask: Ask) -> dict[str, Any]:
    """The same with multi-value headers turned on."""
    _, many = _grouped([_split(pair) for pair in ask.query.split("&") if pair])
    event = _classic(ask, None, many) | {"requestContext": {"elb": {"targetGroupArn": "arn"}}}
    headers = {name: [value] for name, value in event.pop("headers").items()}
    del event["queryStringParameters"]
    return event | {"multiValueHeaders": headers}


def _split(pair: str) -> tuple[str, str]:
    name, _, value = pair.partition("=")
    return name, value


def _grouped(pairs: list[tuple[str, str]]) -> tuple[dict[str, str], dict[str, list[str]]]:
    many: dict[str, list[str]] = {}
    for name, value in pairs:
        many.setdefault(name, []).append(value)
    return dict(pairs), many


def _classic(ask: Ask, single: Any, many: Any) -> dict[str, Any]:
    is_encoded = bool(ask.body) and not ask.body.isascii()
    body = b64encode(ask.body).decode() if is_encoded else ask.body.decode() or None
    return {
        "httpMethod": ask.method,
        "path": "/",
        "headers": {name.lower(): value for name, value in ask.headers.items()},
        "queryStringParameters": single or None,
        "multiValueQueryStringParameters": many or None,
        "body": body,
        "isBase64Encoded": is_encoded,
    }
