"""The tables. Times are whole milliseconds since 1970, UTC; a period is given by its start."""

from __future__ import annotations

from typing import Literal, get_args

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    Uuid,
    text,
)

from webapp.timing import DAY_MS, HOUR_MS

Source = Literal["api", "form", "batch", "edge", "stream", "lake", "replay", "demo"]
SOURCES: tuple[Source, ...] = get_args(Source)
Grain = Literal["day", "hour"]

LENGTHS: dict[Grain, int] = {"day": DAY_MS, "hour": HOUR_MS}
UNKNOWN = -1  # label in ``counts`` of events without an outcome

metadata = MetaData()
_id = Uuid(as_uuid=False).with_variant(String(36), "sqlite")
_number = BigInteger().with_variant(Integer, "sqlite")  # SQLite auto-increments INTEGER only

events = Table(
    "events",
    metadata,
    Column("id", _id, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("source", String(16), nullable=False),
    Column("version", String(100), nullable=False),
    Column("case", Integer, nullable=False),
    Column("score", Float(53), nullable=False),
    Column("label", SmallInteger),
    Column("labelled_at", BigInteger),
    Column("request_id", String(200)),
    Column("namespace", String(32), nullable=False, server_default=""),  # whose request id it is
    Index(
        "events_request_id",
        "namespace",
        "request_id",
        unique=True,
        sqlite_where=text("request_id IS NOT NULL"),
        postgresql_where=text("request_id IS NOT NULL"),
    ),
    sqlite_with_rowid=False,
)

counts = Table(
    "counts",
    metadata,
    Column("version", String(100), nullable=False),
    Column("source", String(16), nullable=False),
    Column("grain", String(4), nullable=False),
    Column("period", BigInteger, nullable=False),
    Column("case", Integer, nullable=False),
    Column("label", SmallInteger, nullable=False),
    Column("n", BigInteger, nullable=False),
    # In this order, 60 days of a version are one range of the key.
    PrimaryKeyConstraint("version", "source", "grain", "period", "case", "label"),
    sqlite_with_rowid=False,
)

# What each dataset of a lake contributed to ``counts``, whose source "lake" is their sum
lake_counts = Table(
    "lake_counts",
    metadata,
    Column("dataset", String(100), nullable=False),
    Column("grain", String(4), nullable=False),
    Column("period", BigInteger, nullable=False),
    Column("version", String(100), nullable=False),
    Column("case", Integer, nullable=False),
    Column("label", SmallInteger, nullable=False),
    Column("n", BigInteger, nullable=False),
    # In this order, a day of a dataset is two ranges of the key.
    PrimaryKeyConstraint("dataset", "grain", "period", "version", "case", "label"),
    sqlite_with_rowid=False,
)

lake_periods = Table(
    "lake_periods",
    metadata,
    Column("dataset", String(100), nullable=False),
    Column("day", BigInteger, nullable=False),
    Column("events", BigInteger, nullable=False),
    Column("labelled", BigInteger, nullable=False),
    Column("digest", String(32), nullable=False),  # of all of the day's rows
    Column("counted_at", BigInteger, nullable=False),
    Column("history", SmallInteger, nullable=False),  # 1: long past when first counted
    PrimaryKeyConstraint("dataset", "day"),
    Index("lake_periods_day", "day"),
    sqlite_with_rowid=False,
)

# Changes to matured events by recounting that aren't new evidence; retraining leaves them out
lake_corrections = Table(
    "lake_corrections",
    metadata,
    Column("dataset", String(100), nullable=False),
    Column("day", BigInteger, nullable=False),
    Column("version", String(100), nullable=False),
    Column("case", Integer, nullable=False),
    Column("label", SmallInteger, nullable=False),
    Column("n", BigInteger, nullable=False),
    PrimaryKeyConstraint("dataset", "day", "version", "case", "label"),
    sqlite_with_rowid=False,
)

# How many events of a day left the log again, or lost their outcome: a mark for readers of counts
withdrawals = Table(
    "withdrawals",
    metadata,
    Column("day", BigInteger, primary_key=True, autoincrement=False),
    Column("n", BigInteger, nullable=False),
)

retention = Table(
    "retention",
    metadata,
    Column("grain", String(4), primary_key=True),
    Column("since", BigInteger, nullable=False),  # earlier periods are no longer counted
)

promotions = Table(
    "promotions",
    metadata,
    Column("id", _number, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("version", String(100), nullable=False),
    Column("previous", String(100)),
    Column("actor", String(100), nullable=False),
    Column("reason", String(1000), nullable=False),
    Column("evidence", JSON, nullable=False),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", _id, primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("progress", Float(53), nullable=False),
    Column("message", String(1000), nullable=False),
    Column("version", String(100)),
    Column("created_at", BigInteger, nullable=False),
    Column("started_at", BigInteger),
    Column("finished_at", BigInteger),
    Column("step", String(64), nullable=False, server_default=""),
    Column("actor", String(100), nullable=False, server_default=""),
    Column("arguments", JSON, nullable=False, server_default="{}"),
    Column("result", JSON),
    Column("cancel_at", BigInteger),  # when cancellation was requested
    Column("seen_at", BigInteger),  # last heartbeat of the process that runs it
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", _number, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("version", String(100), nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("previous", String(16)),
    Column("sentence", String(2000), nullable=False),
    Column("state", String(16), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("kind", String(16), nullable=False, server_default="drift"),  # or promotion
    Column("promotion", BigInteger),  # id of the ledger entry that it reports
    Column("harm", String(32)),  # the verdict on skill; null for promotions
)

checks = Table(
    "checks",
    metadata,
    Column("id", _number, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("finished_at", BigInteger),  # null: decided, and being carried out
    Column("tries", Integer, nullable=False),
    Column("policy", String(16), nullable=False),
    Column("traffic", String(16), nullable=False),  # real or simulated
    Column("actor", String(100), nullable=False),
    Column("champion", String(100), nullable=False),
    Column("decision", String(16), nullable=False),  # wait or retrain
    Column("version", String(100)),  # trained as its result
    Column("verdict", String(32)),  # of the gate
    Column("explanation", String(4000), nullable=False),
    Column("evidence", JSON, nullable=False),
    Column("batch", JSON, nullable=False),  # events matured since the previous check, by case
    Column("state", JSON),  # of the policy after it; like snapshot, kept for the last checks only
    Column("snapshot", JSON),  # all matured events, by version and case
)

# State of a registry's champion alias and of the ledger when they last agreed
aliases = Table(
    "aliases",
    metadata,
    Column("place", String(300), primary_key=True),
    Column("version", String(100)),
    Column("sent", String(100)),
    Column("noticed", String(100)),
    Column("noticed_at", BigInteger),
)

uploads = Table(
    "uploads",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("name", String(100), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("features", JSON, nullable=False),
    Column("counted", JSON, nullable=False),
    Column("owner", String(64), nullable=False, server_default=""),  # digest of a browser's cookie
    Column("network", String(64), nullable=False, server_default=""),  # and of where it is
)

ended_sessions = Table(
    "ended_sessions",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("at", BigInteger, nullable=False),
)

# The colour and dash of each version, as a place in the list of looks
version_looks = Table(
    "version_looks",
    metadata,
    Column("version", String(100), primary_key=True),
    Column("place", BigInteger, nullable=False),
)

# Which class of a model is the positive one, by the digest of its files
class_choices = Table(
    "class_choices",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("version", String(100), nullable=False),  # its name at that time
    Column("positive", String(1000), nullable=False),
    Column("actor", String(100), nullable=False),
)

# Labelled rows that a version wasn't trained on: what its performance is held against
evaluations = Table(
    "evaluations",
    metadata,
    Column("build", String(64), primary_key=True),  # digest of what decides its scores
    Column("at", BigInteger, nullable=False),
    Column("version", String(100), nullable=False),  # its name at that time
    Column("source", String(1000), nullable=False),
    Column("sha256", String(64), nullable=False),  # of the file
    Column("row_range", String(40), nullable=False),  # FIRST:LAST that were asked for
    Column("n", BigInteger, nullable=False),
    Column("positives", BigInteger, nullable=False),
    Column("counted", JSON, nullable=False),  # case, n and positives of the cases that occurred
    Column("actor", String(100), nullable=False),
)
