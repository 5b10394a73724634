"""Messages of a stream: what is read out of them, how far they are done, what waits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from webapp.cases import InputError
from webapp.cli import main as cli
from webapp.services.timestamps import OLDEST_MS, SLACK_MS, read_moment
from webapp.streams import kafka, outcomes
from webapp.streams.message import BadMessageError, Message, place_id, read_key, read_object
from webapp.streams.offsets import Done
from webapp.streams.outcomes import Held, Outcome
from webapp.streams.report import Report

NOW = 1_795_000_000_000


def message(
    offset: int = 0, value: bytes | None = b"{}", partition: int = 0, **more: Any
) -> Message:
    return Message(**({"topic": "t", "key": None, "at": NOW} | more), partition=partition,
                   offset=offset, value=value)  # fmt: skip


def outcome(offset: int, partition: int = 0) -> Outcome:
    return Outcome(message(offset, partition=partition), None, f"r{offset}", 1, NOW)


def is_full(held: Held) -> bool:
    return held.is_full


def test_a_place_makes_a_request_id() -> None:
    assert place_id("kafka", message(7, partition=3)) == "kafka:t:3:7"
    long = [message(2**63 - 1, partition=2**31 - 1, topic="x" * 240 + end) for end in "ab"]
    ids = {place_id("p" * 40, one) for one in long}
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
    ("value", "expected"),
    [
        (NOW, NOW),
        ("2026-11-20T13:00:00Z", 1795179600000),
        ("2026-11-20t13:00:00.5z", 1795179600500),
        ("2026-11-20 14:00:00.123456789+01:00", 1795179600123),
    ],
)
def test_moments(value: Any, expected: int) -> None:
    assert read_moment("at", value, 1_800_000_000_000) == expected


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


def test_nothing_is_told_past_what_waits() -> None:
    done, held = Done(), Held(seconds=10, most=3)
    done.add([message(n) for n in range(5)] + [message(9, partition=1)])
    held.keep([], [outcome(2), outcome(4)])
    assert done.news(held.first_offsets()) == {("t", 0): 2, ("t", 1): 10}
    done.told({("t", 0): 2, ("t", 1): 10})
    held.keep([outcome(2), outcome(4)], [outcome(4)])
    assert done.news(held.first_offsets()) == {("t", 0): 4}
    held.keep([outcome(4)], [])
    assert done.all(held.first_offsets()) == {("t", 0): 5, ("t", 1): 10}
    done.forget([("t", 1)])
    assert done.all({}) == {("t", 0): 5}


def test_an_outcome_waits_no_longer_than_it_may() -> None:
    held = Held(seconds=10, most=2)
    early, later = outcome(1), outcome(2, partition=1)
    assert held.overdue([early]) == []
    held.keep([], [early])
    held.advance(9)
    assert held.overdue([early, later]) == []
    held.keep([early], [early, later])
    assert is_full(held)
    held.advance(1)
    assert held.overdue([early, later]) == [early]
    held.forget([("t", 0)])
    assert held.outcomes() == [later]
    assert held.waiting_for({"r1", "r2"}) == [later]
    assert held.waiting_for({"r1"}) == []


def test_large_outcomes_fill_what_may_wait_sooner() -> None:
    held = Held(seconds=10, most=100)
    large = outcome(1)._replace(message=message(1, b" " * 20_000_000, partition=1))
    held.keep([], [large])
    assert not is_full(held)
    second = large._replace(message=large.message._replace(offset=2))
    held.keep([large], [large, second])
    assert is_full(held)
    held.keep([large, second], [second])
    assert not is_full(held)
    held.keep([], [large])
    held.forget([("t", 1)])
    held.keep([], [large])
    assert not is_full(held)


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
    report = Report(tmp_path / "x.prom", lambda: now[0])
    report.counts["logged"] += 30
    now[0] = 10.0
    assert report.is_due
    report.say(4, 2)
    assert not report.is_due
    text = (tmp_path / "x.prom").read_text()
    for line in ("logged_total 30.0", "lag 4.0", "held 2.0", "dead_total 0.0"):
        assert f"everycase_stream_{line}" in text
    report.say(None, 0)
    assert "everycase_stream_lag" not in (tmp_path / "x.prom").read_text()
    Report(tmp_path / "nowhere" / "x.prom").say(None, 0)


def test_properties_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "kafka.properties"
    path.write_text("# who\n\nsasl.username = me\nsasl.password=a=b\n")
    assert kafka.read_properties(path) == {"sasl.username": "me", "sasl.password": "a=b"}
    path.write_text("sasl.username")
    with pytest.raises(kafka.KafkaError, match=r"kafka.properties:1: a property is name=value"):
        kafka.read_properties(path)
    assert "a=b" not in repr(kafka.Cluster("h:1", "g", {"sasl.password": "a=b"}))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "KAFKA_BOOTSTRAP_SERVERS"),
        (["--servers", "h:1", "--property", "foo=1"], 'No such configuration property: "foo"'),
        (["--servers", "h:1", "--property", "foo"], "name=value"),
        (["--servers", "h:1", "--answers", "everycase.features"], "need a topic each"),
        (["--servers", "h:1", "--property", "enable.auto.commit=1"], "is set by everycase itself"),
        (["--servers", "h:1", "--property", "transactional.id=a"], "is set by everycase itself"),
        (["--servers", "h:1", "--property", "group.id=1"], "use --group"),
        (["--servers", "h:1", "--properties", "/nowhere"], "/nowhere can't be read"),
        (["--servers", "h:1", "--version", "nope_v1"], "there is no version nope_v1"),
        (["--servers", "h:1", "--hold", "5"], "a number and a unit are needed"),
    ],
)
def test_what_can_not_be_begun(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    done = CliRunner().invoke(cli.main, ["consume", *words])
    assert done.exit_code in (1, 2)
    assert said in done.output
    assert "Traceback" not in done.output


def test_without_the_library_the_mend_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "confluent_kafka", None)
    with pytest.raises(kafka.KafkaError, match=r"pip install 'everycase\[kafka\]'"):
        kafka.open_clients(kafka.Cluster("h:1", "g"))
