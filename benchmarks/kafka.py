"""Logged and answered events per second of ``everycase consume``, beside a bare loop."""

from __future__ import annotations

import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from functools import partial
from pathlib import Path

from confluent_kafka import Consumer, Producer, TopicPartition

from benchmarks.figures import Figure, alternate, ratios
from tests.support.kafka import cluster
from tests.support.stream_clients import ANSWERS, FEATURES, TOPICS
from webapp.db.database import Database
from webapp.db.migrate import migrate
from webapp.settings import ROOT

EVENTS, ROUNDS, PARTITIONS = 80_000, 3, 8
BAR_RATE = 10_000
PATIENCE = 120.0  # seconds


def measure() -> list[Figure]:
    """Read a full topic; broker, reader and disk share the machine."""
    ours, theirs = alternate(ROUNDS, partial(_measure_rate, True), partial(_measure_rate, False))
    what = "Kafka messages logged a second"
    return [
        Figure(f"{what} and answered", "", ours, "", at_least=BAR_RATE, digits=0),
        Figure(what, "a bare loop: consume, json.loads, executemany", ratios(ours, theirs)),
    ]


def _measure_rate(is_ours: bool) -> float:
    topics = {**TOPICS, FEATURES: PARTITIONS, ANSWERS: PARTITIONS}
    with cluster(topics) as brokers, tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "everycase.db"
        database = Database(f"sqlite:///{place}")
        migrate(database)
        database.close()
        _fill(brokers)
        process = _start(brokers, place, is_ours)
        try:
            return _rate(place, brokers if is_ours else None)
        finally:
            process.terminate()
            process.wait(30)


def _fill(brokers: str) -> None:
    rng = random.Random(0)
    quiet = {"linger.ms": 50, "compression.type": "lz4", "log_level": 0}
    producer = Producer({"bootstrap.servers": brokers, **quiet})
    for i in range(EVENTS):
        row = {f"G{n}": rng.randrange(2) for n in range(1, 11)}
        producer.produce(FEATURES, json.dumps(row).encode(), key=f"player {i}")
    assert producer.flush(60) == 0


def _start(brokers: str, place: Path, is_ours: bool) -> subprocess.Popen[bytes]:
    bare = ["benchmarks.kafka_peer", brokers, FEATURES, str(place)]
    words = ["webapp.cli", "consume", "--servers", brokers] if is_ours else bare
    environ = os.environ | {"VAR_DIR": str(place.parent)}
    command = [sys.executable, "-m", *words]
    return subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL)


def _rate(place: Path, answer_brokers: str | None) -> float:
    """Events per second, from the first poll that finds some in the log to the one that finds all.

    With ``answer_brokers``, all must be answered, too.
    """
    first, end = None, time.monotonic() + PATIENCE
    with closing(sqlite3.connect(place)) as log:
        while time.monotonic() < end:
            (n,) = log.execute("SELECT count(*) FROM events").fetchone()
            now = time.monotonic()
            if n and first is None:
                first = now, n
            if n == EVENTS and (answer_brokers is None or _count_answers(answer_brokers) == EVENTS):
                assert first is not None
                return (n - first[1]) / (time.monotonic() - first[0])
            time.sleep(0.1)
    raise AssertionError(f"{n} of {EVENTS} events in {PATIENCE:g} s")


def _count_answers(brokers: str) -> int:
    """The number of answers sent so far."""
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "bench", "log_level": 0})
    try:
        places = [TopicPartition(ANSWERS, n) for n in range(PARTITIONS)]
        return sum(consumer.get_watermark_offsets(place, timeout=10)[1] for place in places)
    finally:
        consumer.close()
