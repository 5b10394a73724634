"""The address of the database: read, checked, and never shown with a part of its password."""

from __future__ import annotations

import re

import psycopg
from sqlalchemy import make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError

_USER_AT_SERVER = re.compile(r"[^:/@]*@[^:/@]*:[^@]*@[^@]*$")
_LOOPBACK = ("", "localhost", "127.0.0.1", "::1")


class DatabaseUrlError(ValueError):
    """The address of the database can't be used; the message says how to fix it."""


def read_url(text: str) -> URL:
    """The address as SQLAlchemy's URL. Raises DatabaseUrlError."""
    if text.startswith("postgres://"):  # as Heroku writes it
        text = "postgresql://" + text.removeprefix("postgres://")
    try:
        url = make_url(text)
        backend = url.get_backend_name()
    except (ArgumentError, ValueError):
        raise DatabaseUrlError(
            "is not a database address: sqlite:///FILE or postgresql://…"
        ) from None
    if backend == "sqlite":
        return _read_sqlite(url)
    if backend != "postgresql":
        raise DatabaseUrlError(f"names {backend}: only sqlite and postgresql are supported")
    _check_at_signs(text)
    _check_options(url)
    url = url.set(drivername="postgresql+psycopg")
    if "sslmode" not in url.query and not all(map(_is_here, _hosts(url))):
        url = url.update_query_dict({"sslmode": "require"})
    return url


def _check_at_signs(text: str) -> None:
    """Refuse an address in which a password's own @ ended it: its rest would be shown as a host.

    Two are fine in ``USER@SERVER:PASSWORD@HOST``, and one more before the name of a socket.
    """
    address, _, query = text.partition("://")[2].partition("?")
    sockets = len(re.findall(r"(?:^|&)host=@", query))
    most = (2 if _USER_AT_SERVER.match(address) else 1) if "@" in address else 0
    if text.count("@") > most + sockets:
        raise DatabaseUrlError(
            "has an @ too many: write @ and ? in user and password as %40 and %3F"
        )


def _check_options(url: URL) -> None:
    """Refuse options that the driver refuses: its message would show a rest of a password."""
    options = {option.keyword.decode() for option in psycopg.pq.Conninfo.get_defaults()}
    if not options.issuperset(url.query):
        raise DatabaseUrlError(
            "has an option that PostgreSQL doesn't know: write & in user and password as %26"
        )


def _read_sqlite(url: URL) -> URL:
    if url.database in (None, "", ":memory:"):
        raise DatabaseUrlError("names no file, and data in memory is lost: use sqlite:///FILE")
    return url.set(drivername="sqlite")


def _hosts(url: URL) -> list[str]:
    """Every host that the driver may connect to; the query string can name several."""
    hosts = [url.host or ""]
    for key in ("host", "hostaddr"):
        value = url.query.get(key, ())
        for part in (value,) if isinstance(value, str) else value:
            hosts += part.split(",")
    return hosts


def _is_here(host: str) -> bool:
    return host in _LOOPBACK or host.startswith(("/", "@"))  # sockets
