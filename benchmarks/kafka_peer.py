"""A loop as one would write it by hand: it reads events from Kafka and inserts them.

It trusts every message, sends no answers and counts nothing. A message that is delivered again is
logged twice.
"""

from __future__ import annotations

import json
import signal
import sqlite3
import sys

from confluent_kafka import Consumer

from webapp.db.ids import new_ids
from webapp.timing import now_ms

INSERT = 'INSERT INTO events (id, at, source, version, "case", score) VALUES (?, ?, ?, ?, ?, ?)'


def main(brokers: str, topic: str, place: str) -> None:
    """Run until SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    link = sqlite3.connect(place)
    link.execute("PRAGMA synchronous=FULL")
    settings = {"bootstrap.servers": brokers, "group.id": "bare", "enable.auto.commit": False}
    consumer = Consumer({**settings, "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    while True:
        messages = [m for m in consumer.consume(2000, 0.1) if m.error() is None]
        if not messages:
            continue
        now = now_ms()
        rows = [json.loads(message.value() or b"") for message in messages]
        cases = [sum(row[f"G{i + 1}"] << i for i in range(10)) for row in rows]
        ids = new_ids(now, len(rows))
        link.executemany(
            INSERT,
            [(id_, now, "stream", "bare", c, 0.2) for id_, c in zip(ids, cases, strict=True)],
        )
        link.commit()
        consumer.commit(asynchronous=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
