"""AWS Lambda: handle API Gateway (REST and HTTP), function URLs, load balancers, and Kinesis."""

from __future__ import annotations

import os

from . import table
from .answers import Answerer, HttpRequest, Reply
from .remote import read_token, remote_from_environment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from .messages import StreamMessage

    Event = Mapping[str, Any]


def make_handler(
    environ: Mapping[str, str] = os.environ,
) -> Callable[[Event, object], dict[str, Any]]:
    """The handler for the version beside these modules.

    Raises BundleError and FunctionSettingError.
    """
    model = table.load_model(os.path.dirname(__file__))  # noqa: PTH120 - pathlib costs 5 ms
    remote = remote_from_environment(environ, f"everycase-lambda/{model.name}")
    answerer = Answerer(model, remote, read_token(environ, "API_TOKEN"))

    def handler(event: Event, _context: object) -> dict[str, Any]:
        """Answer a request or log a batch of a stream."""
        if isinstance(event, dict) and isinstance(event.get("Records"), list):
            from .messages import Recorder

            return _batch_failures(Recorder(model, remote).record, event["Records"])
        reply = answerer.reply(_read_request(event))
        return _gateway_answer(reply, event) if "httpMethod" in event else _http_answer(reply)

    return handler


def _read_request(event: Event) -> HttpRequest:
    """The request of an event. Raises ValueError."""
    try:
        if event.get("version") == "2.0":
            return _read_version_2(event)
        if "httpMethod" in event:
            return _read_version_1(event)
    except (KeyError, IndexError, TypeError, AttributeError):  # not in the form of any platform
        pass
    raise ValueError(
        "unknown event: Everycase handles events of API Gateway, function URLs, "
        "Application Load Balancers and Kinesis"
    )


def _read_version_2(event: Event) -> HttpRequest:
    """The request of an event from an HTTP API or a function URL."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    method = event["requestContext"]["http"]["method"]
    return HttpRequest(method, event.get("rawQueryString") or "", headers, _read_body(event))


def _read_version_1(event: Event) -> HttpRequest:
    """The request of an event from a REST API or a load balancer, single or multi-value."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    for name, values in (event.get("multiValueHeaders") or {}).items():
        headers[name.lower()] = values[-1]
    many = event.get("multiValueQueryStringParameters")
    if many is None:
        many = {name: [text] for name, text in (event.get("queryStringParameters") or {}).items()}
    pairs = [(name, value) for name, values in many.items() for value in values]
    if _is_balancer(event):  # it passes on the query as the client encoded it
        query = "&".join(f"{name}={value}" for name, value in pairs)
        return HttpRequest(event["httpMethod"], query, headers, _read_body(event))
    return HttpRequest(event["httpMethod"], list(pairs), headers, _read_body(event))


def _read_body(event: Event) -> bytes:
    body: str = event.get("body") or ""
    if event.get("isBase64Encoded"):
        from base64 import b64decode

        return b64decode(body)
    return body.encode("utf-8", "surrogatepass")


def _http_answer(reply: Reply) -> dict[str, Any]:
    return {
        "statusCode": reply.status,
        "headers": reply.headers,
        "body": reply.body,
        "isBase64Encoded": False,
    }


def _gateway_answer(reply: Reply, event: Event) -> dict[str, Any]:
    answer = _http_answer(reply)
    if _is_balancer(event):
        from http import HTTPStatus

        answer["statusDescription"] = f"{reply.status} {HTTPStatus(reply.status).phrase}"
        if "multiValueHeaders" in event:  # then it reads only these
            del answer["headers"]
            many = {name: [value] for name, value in reply.headers.items()}
            answer["multiValueHeaders"] = many
    return answer


def _is_balancer(event: Event) -> bool:
    return "elb" in (event.get("requestContext") or {})


def _batch_failures(
    record: Callable[[list[StreamMessage]], int | None], records: list[Event]
) -> dict[str, Any]:
    """Record a batch; the answer names the first record that Kinesis must send again, if any."""
    other = next((r for r in records if r.get("eventSource") != "aws:kinesis"), None)
    if other is not None:
        raise ValueError(f"unknown records of {other.get('eventSource')}: only Kinesis is handled")
    first = record([_read_message(each) for each in records])
    if first is None:
        return {"batchItemFailures": []}
    again = records[first]["kinesis"]["sequenceNumber"]
    return {"batchItemFailures": [{"itemIdentifier": again}]}


def _read_message(record: Event) -> StreamMessage:
    from base64 import b64decode

    from .messages import StreamMessage, make_request_id

    kinesis = record["kinesis"]
    stream = record["eventSourceARN"].rpartition("/")[2]
    shard = record["eventID"].partition(":")[0]
    arrival = kinesis.get("approximateArrivalTimestamp")
    try:
        data = b64decode(kinesis["data"], validate=True)
    except ValueError:
        data = None
    name = make_request_id("kinesis", stream, shard, kinesis["sequenceNumber"])
    return StreamMessage(name, None if arrival is None else round(arrival * 1000), data)
