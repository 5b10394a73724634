"""Files for signing in, shared by all workers: the key, one-time links, ended sessions."""

from __future__ import annotations

import hmac
import logging
import os
import secrets
import tempfile
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

KEY_FILE = "secret_key"
FOLDER = "signing"
LINK_SECONDS = 3600
SESSION_SECONDS = 12 * 3600
_KEY_LENGTH = 64  # characters
_log = logging.getLogger("everycase")


def secret_key(var: Path) -> str:
    """The key in ``var``, made if there is none; one for this run if it can't be stored."""
    place = var / KEY_FILE
    try:
        var.mkdir(parents=True, exist_ok=True)
        for _ in range(2):
            if not place.exists():
                _write_first(place, secrets.token_hex(_KEY_LENGTH // 2))
            place.chmod(0o600)
            key = place.read_text("ascii")
            if len(key) == _KEY_LENGTH:
                return key
            place.unlink()  # torn by a full disk
    except (OSError, UnicodeDecodeError) as error:
        _log.warning("the key can't be stored, so a restart signs everybody out: %s", error)
    return secrets.token_hex(_KEY_LENGTH // 2)


def _write_first(place: Path, text: str) -> None:
    """Write a file whole, unless another process was first."""
    descriptor, name = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}-")  # mode 0600
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        os.link(name, place)
    except FileExistsError:
        pass
    finally:
        Path(name).unlink()


class SessionFiles:
    """One-time links and ended sessions as files, so that all workers have the same.

    The files are named by what only the key makes of a secret: a listing of the folder is of no
    use to anybody, and neither is a file of one's own in it. ``key`` is by default that of ``var``.
    """

    def __init__(self, var: Path, clock: Callable[[], float] = time.time, *, key: str = "") -> None:
        self._folder = var / FOLDER
        self._clock = clock
        self._var = var
        self._given_key = key

    def make_link(self) -> str:
        """A new secret for a one-time link. Raises OSError."""
        self._remove_stale()
        secret = secrets.token_urlsafe(24)
        self._mark("once", secret)
        return secret

    def use_link(self, secret: str) -> bool:
        """True for the first use of a link within an hour, False for every other."""
        place = self._place("once", secret)
        try:
            created_at = place.stat().st_mtime
            place.unlink()  # raises for the second of two uses at once
        except OSError:
            return False
        return self._clock() < created_at + LINK_SECONDS

    def end_session(self, session: str) -> None:
        """End a session, also for copies of its cookie. Raises OSError."""
        self._remove_stale()
        self._mark("ended", session)

    def has_ended(self, session: str) -> bool:
        """True if the session was signed out."""
        return self._place("ended", session).exists()

    @cached_property
    def _key(self) -> bytes:
        return (self._given_key or secret_key(self._var)).encode()

    def _place(self, kind: str, secret: str) -> Path:
        code = hmac.digest(self._key, f"{kind} {secret}".encode(), "sha256")
        return self._folder / f"{kind}-{code.hex()}"

    def _mark(self, kind: str, secret: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        place = self._place(kind, secret)
        place.touch(mode=0o600)
        os.utime(place, (self._clock(), self._clock()))

    def _remove_stale(self) -> None:
        """Remove files of links and sessions that have expired."""
        for kind, seconds in (("once", LINK_SECONDS), ("ended", SESSION_SECONDS)):
            for place in self._folder.glob(f"{kind}-*"):
                try:
                    if place.stat().st_mtime + seconds < self._clock():
                        place.unlink()
                except OSError:  # another process was first
                    continue
