"""How long scripts and styles are kept, and in which form they travel."""

from __future__ import annotations

import gc
import gzip
import warnings
from pathlib import Path

import brotli
import pytest
from flask.testing import FlaskClient

from tests.support.app_access import make_app, nobody
from webapp.components.document import ICON, asset
from webapp.settings import ROOT

SCRIPT = "js/10-cases.js"


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    return nobody(make_app(tmp_path))


def test_the_file_that_an_address_means_is_kept_for_good(client: FlaskClient) -> None:
    for address in (ICON, asset(SCRIPT)):
        with client.get(address) as response:
            caching = response.headers["Cache-Control"]
        assert caching == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("other", ["1", "1e999", "nan", "x", ""])
def test_the_file_of_another_build_is_not(client: FlaskClient, other: str) -> None:
    path = asset(SCRIPT).partition("?")[0]
    with client.get(f"{path}?m={other}") as response:
        assert (response.status_code, response.headers["Cache-Control"]) == (200, "no-cache")


def test_who_takes_gzip_alone_gets_it(client: FlaskClient) -> None:
    with client.get(asset(SCRIPT), headers={"Accept-Encoding": "gzip"}) as response:
        assert response.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(response.data) == (ROOT / "assets" / SCRIPT).read_bytes()


def test_brotli_is_made_once_and_not_sent_again_to_who_has_it(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = {"Accept-Encoding": "gzip, br"}
    with client.get(asset(SCRIPT), headers=headers) as first:
        assert first.headers["Content-Encoding"] == "br"
        assert first.headers["Vary"] == "Accept-Encoding"
        assert brotli.decompress(first.data) == (ROOT / "assets" / SCRIPT).read_bytes()
        assert first.content_length == len(first.data)
        again = {"If-None-Match": first.headers["ETag"]}
    monkeypatch.setattr(brotli, "compress", None)
    with client.get(asset(SCRIPT), headers=headers) as second:
        assert second.data == first.data
    with client.get(asset(SCRIPT), headers=headers | again) as third:
        assert (third.status_code, third.data) == (304, b"")


@pytest.mark.parametrize("accept", ["", "identity"])
def test_who_takes_nothing_gets_the_file_as_it_is(client: FlaskClient, accept: str) -> None:
    with client.get(asset(SCRIPT), headers={"Accept-Encoding": accept}) as response:
        assert "Content-Encoding" not in response.headers
        assert response.data == (ROOT / "assets" / SCRIPT).read_bytes()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_no_file_stays_open(client: FlaskClient, method: str) -> None:
    """Neither when its compressed form is sent, nor when no body is."""
    for address in (asset(SCRIPT), "/api/docs/rapidoc.js"):
        with warnings.catch_warnings(record=True) as leaks:
            warnings.simplefilter("always", ResourceWarning)
            client.open(address, method=method, headers={"Accept-Encoding": "gzip"}).close()
            gc.collect()
        assert not leaks
