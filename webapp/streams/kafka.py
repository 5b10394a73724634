"""The clients of Kafka, made from plain properties. Their library is an extra, imported late."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# What the promise of once each rests on: nobody may set it otherwise.
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
# Errors that waiting doesn't mend
FINAL = (
    "TOPIC_AUTHORIZATION_FAILED",
    "GROUP_AUTHORIZATION_FAILED",
    "CLUSTER_AUTHORIZATION_FAILED",
    "_FATAL",
)
LARGEST = 10_000_000  # bytes of a message that is sent; the broker takes less
_CONSUMER = {
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "auto.offset.reset": "earliest",
    "partition.assignment.strategy": "cooperative-sticky",
    "fetch.wait.max.ms": 100,
    "topic.metadata.refresh.interval.ms": 30_000,  # in which a topic that is made late is found
    "queued.max.messages.kbytes": 16_384,  # read ahead, in all
}
_PRODUCER = {
    "enable.idempotence": True,
    "linger.ms": 5,
    "compression.type": "lz4",
    "delivery.report.only.error": True,
    "message.max.bytes": LARGEST,
}
_NOISE = ("is a consumer property", "is a producer property")  # properties are for both clients
_log = logging.getLogger("everycase.streams.kafka")


class KafkaError(Exception):
    """Kafka can't be used as it is set up; the message says how to mend it."""


class RefusedError(Exception):
    """The brokers refuse for good; says what."""


@dataclass(frozen=True)
class Cluster:
    """Where the brokers are, and any further properties of librdkafka's."""

    servers: str
    group: str
    properties: Mapping[str, str] = field(default_factory=dict, repr=False)  # may be secret


def read_properties(path: Path) -> dict[str, str]:
    """The properties of a file, ``name=value`` a line. Raises KafkaError."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise KafkaError(f"{path} can't be read: {error}") from None
    found: dict[str, str] = {}
    for number, line in enumerate(map(str.strip, lines), 1):
        if line and not line.startswith(("#", "!")):
            found |= read_property(line, f"{path}:{number}")
    return found


def read_property(text: str, where: str = "--property") -> dict[str, str]:
    """One property, ``name=value``. Raises KafkaError."""
    name, equals, value = (part.strip() for part in text.partition("="))
    if not name or not equals:
        raise KafkaError(f"{where}: a property is name=value, such as security.protocol=SASL_SSL")
    if name in _OURS:
        instead = f": use {_OURS[name]}" if _OURS[name] else ", which once each rests on"
        raise KafkaError(f"{where}: {name} is set by everycase itself{instead}")
    return {name: value}


def open_clients(cluster: Cluster) -> tuple[Any, Any]:
    """A consumer and a producer; they connect by themselves. Raises KafkaError."""
    try:
        import confluent_kafka
    except ImportError:
        raise KafkaError("Kafka's library is missing: pip install 'everycase[kafka]'") from None
    _log.addFilter(_is_news)
    shared = {
        "client.id": "everycase",
        **cluster.properties,
        "bootstrap.servers": cluster.servers,
        "error_cb": _say,
    }
    try:
        consumer = confluent_kafka.Consumer(
            {**_CONSUMER, **shared, "group.id": cluster.group}, logger=_log
        )
        return consumer, confluent_kafka.Producer({**_PRODUCER, **shared}, logger=_log)
    except (confluent_kafka.KafkaException, ValueError, TypeError) as error:
        raise KafkaError(f"Kafka's properties can't be used: {reason(error)}") from None


def reason(error: Exception) -> str:
    """What an exception of the library's says."""
    cause = error.args[0] if error.args else error
    return str(cause.str()) if hasattr(cause, "str") else str(cause)


def _say(error: Any) -> None:
    """What the clients report of themselves; they go on trying by themselves."""
    _log.warning("kafka: %s", error.str())


def _is_news(record: logging.LogRecord) -> bool:
    return not any(noise in record.getMessage() for noise in _NOISE)
