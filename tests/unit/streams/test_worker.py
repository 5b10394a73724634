"""The loop of ``everycase consume`` when partitions come and go at awkward moments."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from threading import Event as Flag
from types import SimpleNamespace
from typing import Any, cast

import pytest
from confluent_kafka import TopicPartition

from webapp.services.context import Services
from webapp.streams.message import Message
from webapp.streams.offsets import Partition
from webapp.streams.report import ConsumerReport
from webapp.streams.sender import Sender, UndeliveredError
from webapp.streams.source import MessageSource
from webapp.streams.worker import ConsumerPlan, Worker

OUTCOMES = "outcomes"


def bad(partition: int, offset: int) -> Message:
    """A message that ends as a dead letter, whatever is in the log."""
    return Message(OUTCOMES, partition, offset, None, b"{", None)


class Member:
    """A source: ``script`` is what happens at each read, or while it rests."""

    def __init__(self, *script: Callable[[], list[Message]]) -> None:
        self.script = list(script)
        self.commits: dict[Partition, int] = {}
        self.on_release: Callable[[set[Partition], bool], None] | None = None

    def read(self, _seconds: float) -> list[Message]:
        return self.script.pop(0)()

    def rest(self, _seconds: float) -> None:
        self.script.pop(0)()

    def lose(self, *places: Partition, is_lost: bool = False) -> None:
        assert self.on_release is not None
        self.on_release(set(places), is_lost)

    def commit(self, offsets: Mapping[Partition, int], *, wait: bool = False) -> None:  # noqa: ARG002
        self.commits.update(offsets)

    def resume(self) -> None: ...

    def pause(self, _topic: str, _pause: bool) -> None: ...


class Letters:
    """A sender; ``away`` is how many deliveries fail."""

    def __init__(self) -> None:
        self.away = 0
        self.tried: list[Partition] = []

    def begin(self) -> None: ...

    def refuse(self, message: Message, _error: Exception) -> None:
        self.tried.append((message.topic, message.partition))

    def finish(self) -> None:
        if self.away:
            self.away -= 1
            raise UndeliveredError("away")


def worker(member: Member, letters: Letters) -> Worker:
    return Worker(
        cast(Services, None),
        cast(MessageSource, member),
        cast(Sender, letters),
        ConsumerPlan("features", OUTCOMES),
        ConsumerReport(),
        Flag(),
    )


class Consumer:
    """What a source needs of Kafka's: a partition goes while a batch is read, and returns."""

    def subscribe(self, _topics: list[str], **then: Callable[..., None]) -> None:
        self._then = then

    def poll(self, _seconds: float) -> Any:
        return received(0, 7)

    def consume(self, _most: int, _seconds: float) -> list[Any]:
        places = [TopicPartition(OUTCOMES, 0)]
        self._then["on_revoke"](self, places)
        self._then["on_assign"](self, places)
        return [received(1, 3), received(0, 5)]


def received(partition: int, offset: int) -> Any:
    values = {"topic": OUTCOMES, "partition": partition, "offset": offset, "timestamp": (0, 0)}
    values |= dict.fromkeys(("error", "key", "value", "headers"))
    return SimpleNamespace(**{name: lambda it=it: it for name, it in values.items()})


def test_a_partition_that_goes_while_a_batch_is_read_is_left_to_its_new_reader() -> None:
    releases: list[set[Partition]] = []
    source = MessageSource(Consumer(), [OUTCOMES], 10)
    source.on_release = lambda places, _: releases.append(places)
    messages = source.read(0)
    assert releases == [{(OUTCOMES, 0)}]
    assert [(one.partition, one.offset) for one in messages] == [(1, 3), (0, 5)]


def test_headers_whose_names_are_no_text_are_left_out() -> None:
    """As the library reads a name of the bytes FF FE: a message like that must not end all."""

    class Odd(Consumer):
        def poll(self, _seconds: float) -> Any:
            return SimpleNamespace(**vars(received(0, 7)) | {"headers": fail})

        def consume(self, _most: int, _seconds: float) -> list[Any]:
            return [received(0, 8)]

    def fail() -> None:
        raise SystemError("headers returned a result with an exception set")

    messages = MessageSource(Odd(), [OUTCOMES], 10).read(0)
    assert [(one.offset, one.headers) for one in messages] == [(7, None), (8, None)]


def test_the_end_does_not_wait_for_brokers_that_do_not_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = Flag()

    class Silent(Consumer):
        def commit(self, **_offsets: Any) -> None:
            answers.wait(20)

        def close(self) -> None: ...

    monkeypatch.setattr("webapp.streams.source._LEAVE_SECONDS", 0.05)
    start = time.monotonic()
    MessageSource(Silent(), [OUTCOMES], 10).leave({(OUTCOMES, 0): 5})
    assert time.monotonic() - start < 5
    answers.set()


@pytest.mark.parametrize(
    ("position", "offset", "lag"),
    [(70, 5, 30), (-1001, 90, 10), (-1001, -1001, 80), (-1001, 100, 0)],
)
def test_the_lag_where_nothing_was_read_yet(position: int, offset: int, lag: int) -> None:
    class Idle(Consumer):
        def assignment(self) -> list[TopicPartition]:
            return [TopicPartition(OUTCOMES, 0)]

        def position(self, _places: Any) -> list[TopicPartition]:
            return [TopicPartition(OUTCOMES, 0, position)]

        def committed(self, _places: Any, timeout: float) -> list[TopicPartition]:
            assert timeout < 5
            return [TopicPartition(OUTCOMES, 0, offset)]

        def get_watermark_offsets(self, _place: Any, **options: bool) -> tuple[int, int]:
            assert options == {"cached": True}
            return 20, 100

    assert MessageSource(Idle(), [OUTCOMES], 10).lag() == lag


def test_a_partition_that_goes_while_something_is_unavailable() -> None:
    def leave() -> list[Message]:
        member.lose((OUTCOMES, 0), is_lost=True)
        return []

    member, letters = Member(lambda: [bad(0, 7), bad(1, 3)], leave), Letters()
    letters.away = 1
    worker(member, letters).step(0)
    assert letters.tried == [(OUTCOMES, 0), (OUTCOMES, 1), (OUTCOMES, 1)]
    assert member.commits == {(OUTCOMES, 1): 4}


def test_offsets_are_committed_again_now_and_then() -> None:
    member, now = Member(lambda: [bad(1, 3)], list, list), [0.0]
    report = cast(Any, ConsumerReport)(None, lambda: now[0])
    loop = Worker(
        cast(Services, None),
        cast(MessageSource, member),
        cast(Sender, Letters()),
        ConsumerPlan("features", OUTCOMES),
        report,
        Flag(),
    )
    cast(Any, member).lag = lambda: 0
    loop.step(0)
    member.commits.clear()  # the brokers forgot
    now[0] = 11.0
    loop.step(0)
    loop.step(0)
    assert member.commits == {(OUTCOMES, 1): 4}
