"""Kafka's clients, made from properties. Their library is an extra, so it is imported late."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from webapp.streams.outage import AWAY, Outage

# Exactly-once logging depends on these, so they can't be changed.
_OURS = {
    "bootstrap.servers": "--servers",
    "group.id": "--group",
    "enable.auto.commit": "",
    "enable.auto.offset.store": "",
    "enable.idempotence": "",
    "acks": "",
    "transactional.id": "",
    "delivery.report.only.error": "",
}
# Errors that waiting doesn't fix
FINAL = (
    "TOPIC_AUTHORIZATION_FAILED",
    "GROUP_AUTHORIZATION_FAILED",
    "CLUSTER_AUTHORIZATION_FAILED",
    "_FATAL",
)
LARGEST = 10_000_000  # bytes of a message to send; the broker's own limit is lower
_CONSUMER = {
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "auto.offset.reset": "earliest",
    "partition.assignment.strategy": "cooperative-sticky",
    "fetch.wait.max.ms": 100,
    "topic.metadata.refresh.interval.ms": 30_000,  # how soon a new topic is noticed
    "queued.max.messages.kbytes": 16_384,  # read ahead, in total
}
_PRODUCER = {
    "enable.idempotence": True,
    "linger.ms": 5,
    "compression.type": "lz4",
    "delivery.report.only.error": True,
    "message.max.bytes": LARGEST,
}
_NOISE = ("is a consumer property", "is a producer property")  # properties are for both clients
_NO_CONNECTION = re.compile(r"^FAIL\b|Connect to .* failed|brokers are down|[Ff]ailed to resolve")
_log = logging.getLogger("everycase.streams.kafka")


class KafkaError(Exception):
    """Kafka can't be used with these settings; the message says how to fix them."""


class RefusedError(Exception):
    """The brokers refuse permanently; the message says what."""


@dataclass(frozen=True)
class Cluster:
    """Addresses of the brokers, the consumer group, and further properties for librdkafka."""

    servers: str
    group: str
    properties: Mapping[str, str] = field(default_factory=dict, repr=False)  # may be secret


def read_properties(path: Path) -> dict[str, str]:
    """The properties in a file, one ``name=value`` per line. Raises KafkaError."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise KafkaError(f"{path} can't be read: {error}") from None
    properties: dict[str, str] = {}
    for number, line in enumerate(map(str.strip, lines), 1):
        if line and not line.startswith(("#", "!")):
            properties |= read_property(line, f"{path}:{number}")
    return properties


def read_property(text: str, where: str = "--property") -> dict[str, str]:
    """One property, ``name=value``. Raises KafkaError."""
    name, equals, value = (part.strip() for part in text.partition("="))
    if not name or not equals:
        raise KafkaError(f"{where}: a property is name=value, such as security.protocol=SASL_SSL")
    if name in _OURS:
        instead = f": use {_OURS[name]}" if _OURS[name] else " to log each event once"
        raise KafkaError(f"{where}: {name} is set by everycase itself{instead}")
    return {name: value}


def open_clients(cluster: Cluster, outage: Outage | None = None) -> tuple[Any, Any]:
    """A consumer and a producer, which connect in the background. Raises KafkaError.

    ``outage`` is told of failures to connect, which are not logged one by one.
    """
    outage = outage or Outage()
    try:
        import confluent_kafka
    except ImportError:
        raise KafkaError(
            "Kafka's library is missing: run pip install '.[kafka]' in the project's folder"
        ) from None
    _log.filters[:] = [partial(_is_news, outage)]
    common = {
        "client.id": "everycase",
        **cluster.properties,
        "bootstrap.servers": cluster.servers,
        "error_cb": partial(_log_error, outage),
    }
    try:
        consumer = confluent_kafka.Consumer(
            {**_CONSUMER, **common, "group.id": cluster.group}, logger=_log
        )
        return consumer, confluent_kafka.Producer({**_PRODUCER, **common}, logger=_log)
    except (confluent_kafka.KafkaException, ValueError, TypeError) as error:
        raise KafkaError(f"Kafka's properties are invalid: {reason(error)}") from None


def reason(error: Exception) -> str:
    """The message of an exception of Kafka's library."""
    cause = error.args[0] if error.args else error
    return str(cause.str()) if hasattr(cause, "str") else str(cause)


def _log_error(outage: Outage, error: Any) -> None:
    """Log a client's error, or note that the brokers are away. Clients retry automatically."""
    if error.name() in AWAY:
        outage.note(error.str())
    else:
        _log.warning("kafka: %s", error.str())


def _is_news(outage: Outage, record: logging.LogRecord) -> bool:
    """False for a line of the library that isn't worth one of the log."""
    text = record.getMessage()
    if _NO_CONNECTION.search(text):
        outage.note(text.rpartition("]: ")[2])
        return False
    return not any(noise in text for noise in _NOISE)
