"""Find or download a file of labelled rows and check its SHA-256."""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import sys
import tempfile
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

import click

from webapp.addresses import check_credentials
from webapp.cases import shorten
from webapp.training.errors import SourceError

# The public data set behind the shipped versions (used in the book Data Science in Production).
GAMES_URL = "https://github.com/bgweber/Twitch/raw/master/Recommendations/games-expand.csv"
GAMES_SHA256 = "c8472047c284dd8cddadddab82462e779609213a3c31d497769a52b64ae31fe3"

TIMEOUT_SECONDS = 30
MAX_DOWNLOAD = 2 << 30
_BLOCK = 1 << 16
_DOWNLOAD_ERRORS = (OSError, http.client.HTTPException, ValueError)


@dataclass(frozen=True)
class DataSource:
    """A local file, its SHA-256, and its name in training facts and messages."""

    path: Path
    sha256: str
    public_name: str


def is_url(data: str) -> bool:
    """True if ``data`` has to be downloaded."""
    return data.lower().startswith(("http://", "https://"))


def locate(data: str, required_digest: str | None, cache: Path) -> DataSource:
    """The file behind a path or URL, with ``required_digest`` as its SHA-256 if given.

    The games file under its public address must always have its own. Raises SourceError.
    """
    if required_digest is not None:
        required_digest = _check_digest(required_digest)
    if data == GAMES_URL:
        required_digest = required_digest or GAMES_SHA256
    if is_url(data):
        try:
            check_credentials(data)
        except ValueError as error:
            raise SourceError(f"--data can't be used: it must be {error}") from None
        return _locate_download(data, required_digest, cache)
    if "://" in data:
        raise SourceError(f"--data {data}: use a path, http:// or https://")
    return _locate_file(Path(data), required_digest)


def _check_digest(text: str) -> str:
    text = text.strip().lower()
    if len(text) != 64 or set(text) - set("0123456789abcdef"):
        raise SourceError("--sha256: use 64 hexadecimal digits")
    return text


def _locate_file(path: Path, required_digest: str | None) -> DataSource:
    try:
        actual = _file_digest(path)
    except OSError as error:
        raise SourceError(f"--data {path}: {error.strerror or error}") from error
    if required_digest is not None and actual != required_digest:
        raise SourceError(f"--data {path}: its SHA-256 is {actual}, not {required_digest}")
    return DataSource(path, actual, _public_name(path.name, actual))


def _public_name(name: str, sha256: str) -> str:
    """The games file's address wherever the file is, else ``name``: facts hold no local paths."""
    return GAMES_URL if sha256 == GAMES_SHA256 else name


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _locate_download(url: str, required_digest: str | None, cache: Path) -> DataSource:
    """The cached copy if it has the required SHA-256, else a new download."""
    try:
        name = urlsplit(url).path.rpartition("/")[2]
    except ValueError as error:
        raise SourceError(f"--data {shorten(url)} isn't a URL: {error}") from None
    key = hashlib.sha256(url.encode()).hexdigest()[:12]
    place = cache / f"{key}-{re.sub(r'[^A-Za-z0-9._-]', '_', name)[-80:]}"
    if required_digest is not None and place.is_file() and _file_digest(place) == required_digest:
        return DataSource(place, required_digest, _public_name(public_url(url), required_digest))
    actual = _download(url, place, required_digest)
    return DataSource(place, actual, _public_name(public_url(url), actual))


def public_url(url: str) -> str:
    """A URL without its possibly secret parts: user, password, query and fragment."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _download(url: str, place: Path, required_digest: str | None) -> str:
    """Download to ``place`` and return the SHA-256. A failure leaves nothing behind."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".download-", dir=place.parent)
    except OSError as error:
        raise SourceError(f"{place.parent} can't be written: {error.strerror}") from error
    os.close(handle)
    draft = Path(name)
    try:
        actual = _fetch(url, draft)
        if required_digest is not None and actual != required_digest:
            raise SourceError(
                f"{public_url(url)}: the downloaded file has the SHA-256 {actual}, not "
                f"{required_digest}, and was deleted. If it was replaced on purpose, pass the new "
                "digest as --sha256"
            )
        draft.replace(place)
    finally:
        draft.unlink(missing_ok=True)
    return actual


def _fetch(url: str, draft: Path) -> str:
    """Download the URL to ``draft`` and return its SHA-256. Raises SourceError."""
    try:
        return _copy_response(url, draft)
    except urllib.error.HTTPError as error:
        error.close()
        raise SourceError(f"{public_url(url)}: the server answered {error.code}") from error
    except _DOWNLOAD_ERRORS as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        if isinstance(error, http.client.InvalidURL):  # its text is the address
            reason = "the address has characters to escape, such as a space as %20"
        raise SourceError(
            f"{public_url(url)} can't be downloaded: {reason}. "
            "Try again, or download it another way and pass its path as --data PATH"
        ) from error


def _copy_response(url: str, draft: Path) -> str:
    """Copy the response to ``draft`` under a progress bar and return its SHA-256."""
    total = hashlib.sha256()
    with (
        urllib.request.urlopen(_request(url), timeout=TIMEOUT_SECONDS) as answer,
        draft.open("wb") as file,
    ):
        length = int(answer.headers.get("Content-Length") or 0)
        got = 0
        with _progress_bar(length) as bar:
            while block := answer.read(_BLOCK):
                got += len(block)
                if got > MAX_DOWNLOAD:
                    raise ValueError(f"it is larger than {MAX_DOWNLOAD >> 30} GB")
                file.write(block)
                total.update(block)
                bar.update(len(block))
    if got < length:
        raise ValueError(f"it was cut off after {got:,} of {length:,} bytes")
    return total.hexdigest()


def _request(url: str) -> urllib.request.Request:
    """The request of a URL. Its user and password are a header, which redirects don't carry on."""
    parts = urlsplit(url)
    user_and_password, at, host = parts.netloc.rpartition("@")
    address = urlunsplit(parts._replace(netloc=host))
    request = urllib.request.Request(address, headers={"User-Agent": "everycase"})
    if at:
        token = b64encode(unquote(user_and_password).encode("utf-8", "replace")).decode()
        request.add_unredirected_header("Authorization", f"Basic {token}")
    return request


def _progress_bar(length: int) -> Any:
    """A progress bar on stderr. Without a length it only shows that something is arriving."""
    options: dict[str, Any] = {"label": "Downloading", "file": sys.stderr}
    if length:
        return click.progressbar(length=length, **options)
    nothing: Iterator[None] = (None for _ in range(0))  # a generator has no length
    return click.progressbar(nothing, **options)
