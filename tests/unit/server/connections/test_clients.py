"""How many connections, or requests behind proxies, one address may have."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.serving import wait_until
from tests.support.worker import read_all, read_answer, running, wait_for_connections
from webapp.server.connections.budget import DiskBudget, NoRoomError
from webapp.server.connections.clients import ROWS, ClientLimit, ClientTable

GET = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"


def get_for(*addresses: str, path: str = "/a") -> bytes:
    lines = "".join(f"X-Forwarded-For: {address}\r\n" for address in addresses)
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode()


def check_refusal(answer: bytes, words: str) -> None:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 429 ")
    assert b"Retry-After: 5" in head
    assert words in json.loads(body)["error"]["message"]


def test_one_connection_too_many_is_refused_and_others_are_not(tmp_path: Path) -> None:
    with running(tmp_path, most=3) as one:
        connections = [one.connect() for _ in range(3)]
        wait_for_connections(one, 3)
        check_refusal(one.ask(GET), "your address has 3 connections already: end one first")
        with one.connect("127.9.9.9") as other:
            other.sendall(GET)
            assert read_answer(other)[0] == 200
        connections.pop().close()
        wait_for_connections(one, 2)
        connections.append(one.connect())
        connections[-1].sendall(GET)
        assert read_answer(connections[-1])[0] == 200
        for connection in connections:
            connection.close()


def test_an_idle_connection_makes_room_for_a_new_one(tmp_path: Path) -> None:
    """Many browsers may share an address, and each keeps connections that it doesn't use."""
    with running(tmp_path, most=3) as one:
        connections = [one.connect() for _ in range(3)]
        for connection in connections[1:]:
            connection.sendall(GET)
            assert read_answer(connection)[0] == 200
        with one.connect() as new:
            new.sendall(GET)
            assert read_answer(new)[0] == 200
            assert read_all(connections[1]) == b"", "the longest idle"
            for connection in connections[::2]:
                connection.sendall(GET)
                assert read_answer(connection)[0] == 200
        for connection in connections:
            connection.close()


def test_the_workers_count_together(tmp_path: Path) -> None:
    table = ClientTable()
    with (
        running(tmp_path, most=2, table=table) as one,
        running(tmp_path, most=2, table=table) as another,
        one.connect(),
        another.connect(),
    ):
        wait_for_connections(one, 1)
        wait_for_connections(another, 1)
        check_refusal(one.ask(GET), "2 connections")


def test_a_killed_worker_leaves_nothing_behind() -> None:
    table = ClientTable()
    row, other = table.take_row(), table.take_row()
    assert row is not None
    assert other is not None
    assert [table.add(row, "a"), table.add(other, "a"), table.add(row, "a")] == [1, 2, 3]
    table.free_row(row)
    assert table.add(other, "a") == 2
    assert table.take_row() == row
    assert [table.take_row() for _ in range(ROWS - 1)][-1] is None, "and then there are no more"


def test_behind_proxies_requests_count_for_who_sent_them(tmp_path: Path) -> None:
    with running(tmp_path, most=2, proxies=1, threads=4) as one:
        waiting = [one.connect() for _ in range(2)]
        for connection in waiting:
            connection.sendall(get_for("6.6.6.6", path="/wait"))
        wait_for_connections(one, 2)
        refusals = [one.ask(get_for(f"1.1.1.{i}, 6.6.6.6")) for i in range(3)]  # an invented one
        for refusal in refusals:
            check_refusal(refusal, "your address has 2 requests on their way already")
        many = [one.connect() for _ in range(10)]  # of the proxy, which isn't limited
        for i, connection in enumerate(many):
            connection.sendall(get_for(f"7.7.7.{i}"))
            assert read_answer(connection)[0] == 200
        one.app.go.set()
        for connection in waiting:
            assert read_answer(connection)[0] == 200
            connection.sendall(get_for("6.6.6.6"))
            assert read_answer(connection)[0] == 200
        for connection in (*waiting, *many):
            connection.close()


@pytest.mark.parametrize(
    ("proxies", "values", "client"),
    [
        (1, ["1.1.1.1"], "1.1.1.1"),
        (1, ["9.9.9.9, 1.1.1.1"], "1.1.1.1"),
        (1, ["9.9.9.9", "1.1.1.1"], "1.1.1.1"),
        (2, ["9.9.9.9, 1.1.1.1", "2.2.2.2"], "1.1.1.1"),
        (2, ["1.1.1.1"], ""),
        (1, [], ""),
        (1, ["2001:db8::1"], "2001:db8::/64"),
        (0, ["1.1.1.1"], ""),
    ],
)
def test_the_outermost_trusted_proxy_says_who_the_client_is(
    proxies: int, values: list[str], client: str
) -> None:
    limit = ClientLimit(ClientTable(), 0, 5, proxies)
    assert limit.key_of_request([("X-FORWARDED-FOR", value) for value in values]) == client


@pytest.mark.parametrize(
    ("peer", "client"),
    [
        (("1.1.1.1", 9), "1.1.1.1"),
        (("::ffff:1.1.1.1", 9, 0, 0), "1.1.1.1"),
        (("2001:db8::1", 9, 0, 0), "2001:db8::/64"),
        ("", ""),  # a socket file
    ],
)
def test_an_ipv6_network_is_one_client(peer: object, client: str) -> None:
    assert ClientLimit(ClientTable(), 0, 5, 0).key_of_peer(peer) == client
    assert ClientLimit(ClientTable(), 0, 0, 0).key_of_peer(peer) == "", "0 is no limit"
    assert ClientLimit(ClientTable(), None, 5, 0).key_of_peer(peer) == "", (
        "nor is there without a row"
    )


def test_disk_space_is_bounded_and_shared(tmp_path: Path) -> None:
    budget = DiskBudget(tmp_path, most=100, each=60)
    budget.take("a", 60)
    with pytest.raises(NoRoomError):
        budget.take("a", 1)
    budget.take("b", 40)
    with pytest.raises(NoRoomError):
        budget.take("c", 1)
    budget.give_back("a", 60)
    budget.take("c", 60)


def test_without_room_a_body_is_refused_and_the_next_is_not(tmp_path: Path) -> None:
    with running(tmp_path) as one:
        wait_until(lambda: hasattr(one.worker, "_loop"), what="the worker's thread has begun")
        budget = one.worker._loop._budget
        budget.take("", budget._most)
        large = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 90000\r\n\r\n" + b"x" * 90_000
        answer = one.ask(large)
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"too many large bodies" in answer
        budget.give_back("", budget._most)
        with one.connect() as connection:
            connection.sendall(large)
            assert read_answer(connection)[0] == 200
