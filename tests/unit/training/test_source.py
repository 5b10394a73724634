"""Files from paths and URLs, checked against the SHA-256 they should have."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from webapp.training import source
from webapp.training.errors import SourceError
from webapp.training.source import GAMES_SHA256, GAMES_URL, locate

BODY = b"G1,label\n" + b"1,0\n" * 50_000
SHA256 = hashlib.sha256(BODY).hexdigest()
OTHER = "0" * 64


class Handler(BaseHTTPRequestHandler):
    """A server with a good file, a cut-off one, one of unknown length, and a moved one."""

    requests: list[str]
    tokens: list[str | None]

    def do_GET(self) -> None:
        type(self).requests.append(self.path)
        type(self).tokens.append(self.headers["Authorization"])
        path = self.path.partition("?")[0]
        if path == "/moved.csv":
            self.send_response(302)
            self.send_header("Location", "/good.csv")
            self.end_headers()
            return
        if path not in ("/good.csv", "/cut.csv", "/stream.csv", "/odd.csv"):
            self.send_error(404)
            return
        self.send_response(200)
        if path != "/stream.csv":
            self.send_header("Content-Length", "x" if path == "/odd.csv" else str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY[:1000] if path == "/cut.csv" else BODY)

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def server() -> Iterator[str]:
    Handler.requests, Handler.tokens = [], []
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []


@pytest.mark.parametrize("name", ["good.csv", "stream.csv", "moved.csv"])
def test_a_url_is_downloaded_to_the_cache(server: str, tmp_path: Path, name: str) -> None:
    source = locate(f"{server}/{name}", SHA256, tmp_path / "cache")
    assert source.path.read_bytes() == BODY
    assert source.sha256 == SHA256
    assert source.public_name == f"{server}/{name}"
    assert files(tmp_path) == [source.path]


def test_a_checked_copy_is_not_downloaded_again(server: str, tmp_path: Path) -> None:
    source = locate(f"{server}/good.csv", SHA256, tmp_path)
    locate(f"{server}/good.csv", SHA256.upper(), tmp_path)
    assert Handler.requests == ["/good.csv"]
    source.path.write_bytes(b"changed")
    assert locate(f"{server}/good.csv", SHA256, tmp_path).path.read_bytes() == BODY
    locate(f"{server}/good.csv", None, tmp_path)  # nothing to check a copy against
    assert Handler.requests == ["/good.csv"] * 3


def test_progress_goes_to_stderr(
    server: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    locate(f"{server}/good.csv", None, tmp_path)
    output = capsys.readouterr()
    assert "Downloading" in output.err
    assert output.out == ""


def test_a_wrong_sha256_is_refused_and_the_file_deleted(server: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=f"SHA-256 {SHA256}, not {OTHER}, and was deleted"):
        locate(f"{server}/good.csv", OTHER, tmp_path)
    assert files(tmp_path) == []


def test_the_games_file_has_a_known_sha256(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "GAMES_URL", f"{server}/good.csv")
    with pytest.raises(SourceError, match=GAMES_SHA256):
        locate(f"{server}/good.csv", None, tmp_path)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("none.csv", "the server answered 404"),
        ("cut.csv", "cut off after 1,000 of 200,009 bytes"),
        ("odd.csv", "can't be downloaded"),
    ],
)
def test_failed_downloads_leave_nothing(
    server: str, tmp_path: Path, name: str, problem: str
) -> None:
    with pytest.raises(SourceError, match=problem):
        locate(f"{server}/{name}", None, tmp_path)
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/x.csv", "http://", "http://[x/y", "http://a b/"]
)
def test_unreachable_urls_are_an_error_with_a_way_out(tmp_path: Path, url: str) -> None:
    with pytest.raises(SourceError, match=r"can't be downloaded|isn't a URL"):
        locate(url, None, tmp_path)


def test_too_large_downloads_are_stopped(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "MAX_DOWNLOAD", 100_000)
    with pytest.raises(SourceError, match="larger than"):
        locate(f"{server}/stream.csv", None, tmp_path)
    assert files(tmp_path) == []


def test_secrets_in_a_url_are_not_kept(server: str, tmp_path: Path) -> None:
    locator = locate(f"{server}/good.csv?token=secret#x", None, tmp_path)
    assert "secret" not in locator.public_name
    assert source.public_url("https://me:secret@example.org/a.csv") == "https://example.org/a.csv"


def test_user_and_password_are_sent_to_the_server_that_was_named(
    server: str, tmp_path: Path
) -> None:
    address = server.replace("//", "//ann:qQ7%40zZ@")
    source = locate(f"{address}/moved.csv", None, tmp_path)
    assert "zZ" not in source.public_name
    assert Handler.tokens == ["Basic YW5uOnFRN0B6Wg==", None]  # ann:qQ7@zZ, then a redirect


def test_a_local_path_is_hashed_and_shown_by_its_name_only(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(BODY)
    source = locate(str(path), None, tmp_path / "cache")
    assert (source.path, source.sha256, source.public_name) == (path, SHA256, "rows.csv")
    assert not (tmp_path / "cache").exists()
    with pytest.raises(SourceError, match=f"is {SHA256}, not {OTHER}"):
        locate(str(path), OTHER, tmp_path)
    assert path.exists()


def test_the_games_file_is_shown_by_its_address_wherever_it_lies() -> None:
    assert source._public_name("copy.csv", GAMES_SHA256) == GAMES_URL


@pytest.mark.parametrize("text", ["", "abc", "g" * 64, "0" * 63])
def test_a_sha256_that_is_none_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="--sha256: use 64 hexadecimal digits"):
        locate("rows.csv", text, tmp_path)


@pytest.mark.parametrize("data", ["/no/such/file.csv", "ftp://example.org/a.csv", "s3://b/k", "."])
def test_bad_paths_name_the_option(data: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="--data"):
        locate(data, None, tmp_path)
