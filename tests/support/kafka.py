"""A Kafka cluster for tests: the mock cluster of librdkafka, in a process of its own.

It speaks the real protocol over real sockets and keeps topics, consumer groups and their offsets in
memory. ``python -m tests.support.kafka TOPIC:PARTITIONS …`` runs one until its
standard input is closed.
"""

from __future__ import annotations

import ctypes
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import confluent_kafka

_REBALANCE_MS = 20  # a real broker waits 3 seconds for more members of a new group
_PRODUCER = 0


@contextmanager
def cluster(topics: Mapping[str, int]) -> Iterator[str]:
    """The address of a cluster with these topics, by their number of partitions."""
    topics_text = [f"{name}:{partitions}" for name, partitions in topics.items()]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.kafka", *topics_text],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address, "the mock cluster doesn't start"
        yield address
    finally:
        process.communicate(timeout=10)


class Mock:
    """The cluster itself, through librdkafka's C interface."""

    def __init__(self, brokers: int = 1) -> None:
        self._library = _library()
        error = ctypes.create_string_buffer(512)
        self._client = self._library.rd_kafka_new(_PRODUCER, None, error, len(error))
        assert self._client, error.value
        self._cluster = self._library.rd_kafka_mock_cluster_new(self._client, brokers)
        assert self._cluster
        self._call("group_initial_rebalance_delay_ms", ctypes.c_int32(_REBALANCE_MS))

    @property
    def address(self) -> str:
        """The brokers' addresses."""
        bootstrap: bytes = self._library.rd_kafka_mock_cluster_bootstraps(self._cluster)
        return bootstrap.decode()

    def create(self, topic: str, partitions: int) -> None:
        """Make a topic."""
        error = self._call("topic_create", topic.encode(), partitions, 1)
        assert error == 0, f"{topic}: error {error}"

    def _call(self, name: str, *arguments: Any) -> Any:
        return getattr(self._library, f"rd_kafka_mock_{name}")(self._cluster, *arguments)


def _library() -> Any:
    """The librdkafka that the Python client brings."""
    package = Path(confluent_kafka.__file__).parent
    places = [
        *package.parent.glob("confluent_kafka.libs/librdkafka*"),
        *package.rglob("librdkafka*"),
    ]
    library = ctypes.CDLL(str(places[0]))
    library.rd_kafka_new.restype = ctypes.c_void_p
    library.rd_kafka_new.argtypes = [
        ctypes.c_int,
        ctypes.c_void_p,
        ctypes.c_char_p,
        ctypes.c_size_t,
    ]
    library.rd_kafka_mock_cluster_new.restype = ctypes.c_void_p
    library.rd_kafka_mock_cluster_new.argtypes = [ctypes.c_void_p, ctypes.c_int]
    library.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
    library.rd_kafka_mock_cluster_bootstraps.argtypes = [ctypes.c_void_p]
    pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    library.rd_kafka_mock_topic_create.argtypes = [pointer, text, number, number]
    library.rd_kafka_mock_group_initial_rebalance_delay_ms.argtypes = [pointer, ctypes.c_int32]
    library.rd_kafka_mock_group_initial_rebalance_delay_ms.restype = None
    return library


def main(topics: list[str]) -> None:
    """Run a cluster as long as the context lasts."""
    mock = Mock()
    for topic in topics:
        name, _, partitions = topic.partition(":")
        mock.create(name, int(partitions))
    print(mock.address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1:])
