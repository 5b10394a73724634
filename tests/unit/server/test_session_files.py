"""The key, one-time links and ended sessions, as several processes share them."""

from __future__ import annotations

import hmac
import stat
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest

from webapp.server.session_files import (
    FOLDER,
    KEY_FILE,
    LINK_SECONDS,
    SESSION_SECONDS,
    SessionFiles,
    secret_key,
)


def mode(place: Path) -> int:
    return stat.S_IMODE(place.stat().st_mode)


def test_the_key_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    var = tmp_path / "var"
    key = secret_key(var)
    assert len(key) == 64
    assert secret_key(var) == key
    assert mode(var / KEY_FILE) == 0o600
    assert [place.name for place in var.iterdir()] == [KEY_FILE]
    assert secret_key(tmp_path / "other") != key


def test_processes_that_start_at_once_agree(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(secret_key, [tmp_path] * 32))) == 1


def test_a_key_that_others_could_read_is_hidden_again(tmp_path: Path) -> None:
    key = secret_key(tmp_path)
    (tmp_path / KEY_FILE).chmod(0o644)
    assert secret_key(tmp_path) == key
    assert mode(tmp_path / KEY_FILE) == 0o600


@pytest.mark.parametrize("content", [b"", b"abc", b"\xff" * 64])
def test_a_torn_key_is_never_used(tmp_path: Path, content: bytes) -> None:
    (tmp_path / KEY_FILE).write_bytes(content)
    assert len(secret_key(tmp_path)) == 64


def test_a_folder_that_takes_no_key(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "var").write_text("a file where the folder should be")
    first, second = secret_key(tmp_path / "var"), secret_key(tmp_path / "var")
    assert len(first) == 64
    assert first != second
    assert "a restart signs everybody out" in caplog.text
    assert first not in caplog.text


def test_a_link_works_once(tmp_path: Path) -> None:
    link = SessionFiles(tmp_path).make_link()
    assert not SessionFiles(tmp_path).use_link("another")
    assert SessionFiles(tmp_path).use_link(link)
    assert not SessionFiles(tmp_path).use_link(link)


def test_of_many_who_use_a_link_at_once_one_succeeds(tmp_path: Path) -> None:
    link = SessionFiles(tmp_path).make_link()
    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(lambda _: SessionFiles(tmp_path).use_link(link), range(64))) == 1


def test_the_folder_does_not_tell_the_link(tmp_path: Path) -> None:
    link = SessionFiles(tmp_path).make_link()
    places = list((tmp_path / FOLDER).iterdir())
    assert len(places) == 1
    assert link not in places[0].name
    assert places[0].read_bytes() == b""
    assert (mode(tmp_path / FOLDER), mode(places[0])) == (0o700, 0o600)


def test_a_file_of_ones_own_is_no_link(tmp_path: Path) -> None:
    files = SessionFiles(tmp_path, key="k" * 64)
    files.make_link()
    for name in (sha256(b"mine").hexdigest(), hmac.digest(b"", b"once mine", "sha256").hex()):
        (tmp_path / FOLDER / f"once-{name}").touch()
    assert not files.use_link("mine")
    files.end_session("mine")  # what the key makes of it is another name for each use
    assert not files.use_link("mine")
    assert not SessionFiles(tmp_path, key="l" * 64).has_ended("mine")


@pytest.mark.parametrize(("age", "works"), [(LINK_SECONDS - 1, True), (LINK_SECONDS, False)])
def test_a_link_expires(tmp_path: Path, age: float, works: bool) -> None:
    link = SessionFiles(tmp_path, lambda: 1e9).make_link()
    assert SessionFiles(tmp_path, lambda: 1e9 + age).use_link(link) is works


def test_an_ended_session_is_remembered_as_long_as_its_cookie_lasts(tmp_path: Path) -> None:
    now = [1e9]
    files = SessionFiles(tmp_path, lambda: now[0])
    files.end_session("a")
    link = files.make_link()
    now[0] += SESSION_SECONDS - 1
    files.end_session("b")
    assert files.has_ended("a")
    assert not files.use_link(link)
    now[0] += 2
    files.end_session("c")
    assert [files.has_ended(name) for name in "abcd"] == [False, True, True, False]
