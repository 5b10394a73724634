"""Messages: how they are read, which offsets are committed, which outcomes are held."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from webapp.cases import InputError
from webapp.cli import main as cli
from webapp.services.timestamps import OLDEST_MS, SLACK_MS, read_moment
from webapp.streams import kafka, outcomes
from webapp.streams.message import BadMessageError, Message, read_key, read_object, request_id_of
from webapp.streams.offsets import OffsetTracker
from webapp.streams.outcomes import HeldOutcomes, OutcomeMessage
from webapp.streams.report import ConsumerReport

NOW = 1_795_000_000_000


def message(
    offset: int = 0, value: bytes | None = b"{}", partition: int = 0, **more: Any
) -> Message:
    return Message(**({"topic": "t", "key": None, "at": NOW} | more), partition=partition,
                   offset=offset, value=value)  # fmt: skip


def outcome(offset: int, partition: int = 0) -> OutcomeMessage:
    return OutcomeMessage(message(offset, partition=partition), None, f"r{offset}", 1, NOW)


def is_full(waiting: HeldOutcomes) -> bool:
    return waiting.is_full


def test_a_place_makes_a_request_id() -> None:
    assert request_id_of("kafka", message(7, partition=3)) == "kafka:t:3:7"
    long = [message(2**63 - 1, partition=2**31 - 1, topic="x" * 240 + end) for end in "ab"]
    ids = {request_id_of("p" * 40, one) for one in long}
    assert len(ids) == 2
    assert all(len(id_) <= 200 for id_ in ids)


@pytest.mark.parametrize(
    "value", [None, b"", b"{", b"[]", b"7", b'{"a": 1, "a": 2}', b"\xff", b"[" * 9999]
)
def test_values_that_are_no_objects(value: bytes | None) -> None:
    with pytest.raises(BadMessageError):
        read_object(message(value=value))


def test_keys() -> None:
    assert read_key(message(key=b"")) is None
    assert read_key(message(key=b"order 7")) == "order 7"
    with pytest.raises(BadMessageError):
        read_key(message(key=b"\xc3\xa9"))


@pytest.mark.parametrize(
    ("value", "ms"),
    [
        (NOW, NOW),
        ("2026-11-20T13:00:00Z", 1795179600000),
        ("2026-11-20t13:00:00.5z", 1795179600500),
        ("2026-11-20 14:00:00.123456789+01:00", 1795179600123),
    ],
)
def test_moments(value: Any, ms: int) -> None:
    assert read_moment("at", value, 1_800_000_000_000) == ms


@pytest.mark.parametrize(
    "value",
    [OLDEST_MS - 1, NOW + SLACK_MS + 1, True, 1.5, None, "", "2026-11-20",
     "2026-11-20T13:00:00",
     "2026-11-20T24:61:00Z", "2026-W01-1T00:00:00Z", "9999-12-31T23:59:59Z",
     "٢٠٢٦-11-20T13:00:00Z"],
)  # fmt: skip
def test_moments_that_are_none(value: Any) -> None:
    with pytest.raises(InputError, match=r"^at "):
        read_moment("at", value, NOW)


def test_nothing_is_committed_past_what_waits() -> None:
    tracker, waiting = OffsetTracker(), HeldOutcomes(seconds=10, most=3)
    tracker.add([message(n) for n in range(5)] + [message(9, partition=1)])
    waiting.keep([], [outcome(2), outcome(4)])
    assert tracker.uncommitted(waiting.first_offsets()) == {("t", 0): 2, ("t", 1): 10}
    tracker.mark_committed({("t", 0): 2, ("t", 1): 10})
    waiting.keep([outcome(2), outcome(4)], [outcome(4)])
    assert tracker.uncommitted(waiting.first_offsets()) == {("t", 0): 4}
    waiting.keep([outcome(4)], [])
    assert tracker.all(waiting.first_offsets()) == {("t", 0): 5, ("t", 1): 10}
    tracker.drop([("t", 1)])
    assert tracker.all({}) == {("t", 0): 5}


def test_an_outcome_waits_no_longer_than_it_may() -> None:
    waiting = HeldOutcomes(seconds=10, most=2)
    early, later = outcome(1), outcome(2, partition=1)
    assert waiting.overdue([early]) == []
    waiting.keep([], [early])
    waiting.advance(9)
    assert waiting.overdue([early, later]) == []
    waiting.keep([early], [early, later])
    assert is_full(waiting)
    waiting.advance(1)
    assert waiting.overdue([early, later]) == [early]
    waiting.forget([("t", 0)])
    assert waiting.outcomes() == [later]
    assert waiting.waiting_for({"r1", "r2"}) == [later]
    assert waiting.waiting_for({"r1"}) == []


def test_large_outcomes_fill_what_may_wait_sooner() -> None:
    waiting = HeldOutcomes(seconds=10, most=100)
    large = outcome(1)._replace(message=message(1, b" " * 20_000_000, partition=1))
    waiting.keep([], [large])
    assert not is_full(waiting)
    second = large._replace(message=large.message._replace(offset=2))
    waiting.keep([large], [large, second])
    assert is_full(waiting)
    waiting.keep([large, second], [second])
    assert not is_full(waiting)
    waiting.keep([], [large])
    waiting.forget([("t", 1)])
    waiting.keep([], [large])
    assert not is_full(waiting)


@pytest.mark.parametrize(
    ("value", "field"),
    [
        (b'{"label": 1}', "id"),
        (b'{"id": "01936b2e-7c00-7abc-8def-0123456789ab", "request_id": "a", "label": 1}', "id"),
        (b'{"id": 7, "label": 1}', "id"),
        (b'{"request_id": "", "label": 1}', "request_id"),
        (b'{"request_id": "a"}', "label"),
        (b'{"request_id": "a", "label": 1, "at": "soon"}', "at"),
        (b'{"request_id": "a", "label": 1, "bought": 1}', "bought"),
    ],
)
def test_outcomes_that_can_not_be_read(value: bytes, field: str) -> None:
    with pytest.raises(BadMessageError) as caught:
        outcomes.read(message(value=value), False, NOW)
    assert (caught.value.code, caught.value.field) == ("bad_input", field)


def test_the_report_for_prometheus(tmp_path: Path) -> None:
    now = [0.0]
    report = ConsumerReport(tmp_path / "x.prom", lambda: now[0])
    report.counts["logged"] += 30
    now[0] = 10.0
    assert report.is_due
    report.log_counts(4, 2)
    assert not report.is_due
    text = (tmp_path / "x.prom").read_text()
    for line in ("logged_total 30.0", "lag 4.0", "held 2.0", "dead_total 0.0"):
        assert f"everycase_stream_{line}" in text
    report.log_counts(None, 0)
    assert "everycase_stream_lag" not in (tmp_path / "x.prom").read_text()
    ConsumerReport(tmp_path / "nowhere" / "x.prom").log_counts(None, 0)


def test_properties_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "kafka.properties"
    path.write_text("# who\n\nsasl.username = me\nsasl.password=a=b\n")
    assert kafka.read_properties(path) == {"sasl.username": "me", "sasl.password": "a=b"}
    path.write_text("sasl.username")
    with pytest.raises(kafka.KafkaError, match=r"kafka.properties:1: a property is name=value"):
        kafka.read_properties(path)
    assert "a=b" not in repr(kafka.Cluster("h:1", "g", {"sasl.password": "a=b"}))


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ([], "KAFKA_BOOTSTRAP_SERVERS"),
        (["--servers", "h:1", "--property", "foo=1"], 'No such configuration property: "foo"'),
        (["--servers", "h:1", "--property", "foo"], "name=value"),
        (["--servers", "h:1", "--answers", "everycase.features"], "need separate topics"),
        (["--servers", "h:1", "--property", "enable.auto.commit=1"], "is set by everycase itself"),
        (["--servers", "h:1", "--property", "transactional.id=a"], "is set by everycase itself"),
        (["--servers", "h:1", "--property", "group.id=1"], "use --group"),
        (["--servers", "h:1", "--properties", "/nowhere"], "/nowhere can't be read"),
        (["--servers", "h:1", "--version", "nope_v1"], "there is no version nope_v1"),
        (["--servers", "h:1", "--hold", "5"], "a number and a unit are needed"),
    ],
)
def test_what_can_not_be_begun(
    words: list[str], text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    process = CliRunner().invoke(cli.main, ["consume", *words])
    assert process.exit_code in (1, 2)
    assert text in process.output
    assert "Traceback" not in process.output


def test_without_the_library_the_fix_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "confluent_kafka", None)
    with pytest.raises(kafka.KafkaError, match=r"pip install '.\[kafka\]'"):
        kafka.open_clients(kafka.Cluster("h:1", "g"))
