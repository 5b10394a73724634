"""Whoever sends messages to ``everycase consume``, and looks at what became of each."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, Message, Producer, TopicPartition

FEATURES, ANSWERS = "everycase.features", "everycase.answers"
OUTCOMES, DEAD_LETTERS = "everycase.outcomes", "everycase.dead-letters"
TOPICS = {FEATURES: 4, ANSWERS: 4, OUTCOMES: 2, DEAD_LETTERS: 1}
VERSION = "logit_games_v1"
NAMES = [f"G{i}" for i in range(1, 11)]
# Messages that nothing can be made of, and why.
BAD: list[tuple[bytes | None, str]] = [
    (b"{", "not_json"),
    (None, "not_json"),
    (b"[1]", "bad_input"),
    (b'{"G1": 1}', "bad_input"),
    (b"\xff\x00", "not_json"),
    (json.dumps(dict.fromkeys(NAMES, 0.5)).encode(), "bad_input"),
    (json.dumps(dict.fromkeys(NAMES, 0) | {"version": "x_v1"}).encode(), "unknown_version"),
]


def row_of(case: int) -> dict[str, int]:
    """The features of a case."""
    return {f"G{i + 1}": case >> i & 1 for i in range(10)}


@dataclass
class Sent:
    """Everything that was sent, and what has to become of it."""

    address: str
    seed: int = 0
    good: dict[str, int] = field(default_factory=dict)  # request id: case
    labels: dict[str, int] = field(default_factory=dict)  # request id: label
    bad: dict[tuple[str, int, int], tuple[bytes | None, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._rng = random.Random(self.seed)
        self._producer = Producer(
            {"bootstrap.servers": self.address, "linger.ms": 2, "log_level": 0}
        )
        self._named = 0

    def some(self, count: int) -> None:
        """Send so many feature events, a few of them bad, and outcomes of half of them."""
        for _ in range(count):
            chance = self._rng.random()
            if chance < 0.03:
                self.one_bad()
            else:
                self.one(is_named=chance < 0.4)
        self.flush()

    def one(self, *, is_named: bool) -> None:
        """A good feature event; one with an id of its own gets an outcome, often before it."""
        case = self._rng.randrange(1024)
        if not is_named:
            self.send(FEATURES, row_of(case), lambda m: self._placed(m, case))
            return
        self._named += 1
        name = f"visit {self._named}"
        self.good[name] = case
        self.labels[name] = self._rng.randrange(2)
        outcome = {"request_id": name, "label": self.labels[name]}
        if self._rng.random() < 0.5:
            self.send(OUTCOMES, outcome)
            self.send(FEATURES, {"features": row_of(case), "request_id": name})
        else:
            self.send(FEATURES, row_of(case) | {"request_id": name})
            self.send(OUTCOMES, outcome)

    def one_bad(self) -> None:
        """A message that nothing can be made of."""
        value, reason = self._rng.choice(BAD)
        self.send(FEATURES, value, lambda m: self._spoiled(m, value, reason))

    def unknown_outcome(self) -> None:
        """An outcome of nothing."""
        value = json.dumps({"request_id": f"nobody {self._rng.random()}", "label": 1}).encode()
        self.send(OUTCOMES, value, lambda m: self._spoiled(m, value, "unknown_event"))

    def send(
        self, topic: str, value: Any, then: Callable[[Message], None] | None = None, **how: Any
    ) -> None:
        """One message; ``then`` gets it with its place."""
        body = value if value is None or isinstance(value, bytes) else json.dumps(value).encode()

        def arrived(error: Any, message: Message) -> None:
            assert error is None, error
            if then is not None:
                then(message)

        self._producer.produce(topic, body, on_delivery=arrived, **how)

    def flush(self) -> None:
        """Wait until all has arrived."""
        assert self._producer.flush(20) == 0

    def _placed(self, message: Message, case: int) -> None:
        self.good[f"kafka:{message.topic()}:{message.partition()}:{message.offset()}"] = case

    def _spoiled(self, message: Message, value: bytes | None, reason: str) -> None:
        place = (str(message.topic()), int(message.partition() or 0), int(message.offset() or 0))
        self.bad[place] = (value, reason)


def read(address: str, name: str) -> list[Message]:
    """A whole topic, as far as it is now."""
    consumer = Consumer({"bootstrap.servers": address, "group.id": f"look at {name}"})
    try:
        consumer.assign([TopicPartition(name, n, 0) for n in range(TOPICS[name])])
        messages: list[Message] = []
        while records := consumer.consume(1000, 1.0):
            messages += [one for one in records if one.error() is None]
        return messages
    finally:
        consumer.close()


def consuming(address: str, log: Path, *options: str, **environ: str) -> subprocess.Popen[bytes]:
    """The command in a process of its own, its lines at the end of a file."""
    settings = {"KAFKA_BOOTSTRAP_SERVERS": address, "LOG_FORMAT": "json", **environ}
    with log.open("ab") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "webapp.cli", "consume", *options],
            env=os.environ | settings,
            stdout=out,
            stderr=out,
        )


def committed(address: str, group: str = "everycase") -> dict[tuple[str, int], int]:
    """How far the group has read."""
    consumer = Consumer({"bootstrap.servers": address, "group.id": group})
    try:
        places = [TopicPartition(t, n) for t in (FEATURES, OUTCOMES) for n in range(TOPICS[t])]
        offsets = consumer.committed(places, timeout=10)
        return {(p.topic, p.partition): p.offset for p in offsets if p.offset >= 0}
    finally:
        consumer.close()


def ends(address: str) -> dict[tuple[str, int], int]:
    """Where the partitions end that hold anything."""
    consumer = Consumer({"bootstrap.servers": address, "group.id": "ends"})
    try:
        places = [TopicPartition(t, n) for t in (FEATURES, OUTCOMES) for n in range(TOPICS[t])]
        positions = {}
        for place in places:
            low, high = consumer.get_watermark_offsets(place, timeout=10)
            if high > low:
                positions[place.topic, place.partition] = high
        return positions
    finally:
        consumer.close()


def headers_of(message: Message) -> dict[str, str]:
    """Its headers as text."""
    return {name: (value or b"").decode() for name, value in message.headers() or ()}


def stop(processes: list[subprocess.Popen[bytes]]) -> None:
    """End what is still running."""
    for process in processes:
        with suppress(ProcessLookupError):
            process.kill()
        process.wait(10)
