"""What signing in keeps in a folder for all workers: a key, one-time links, ended sessions."""

from __future__ import annotations

import logging
import os
import secrets
import tempfile
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

KEY_FILE = "secret_key"
FOLDER = "signing"
LINK_SECONDS = 3600
SESSION_SECONDS = 12 * 3600
_KEY_LENGTH = 64  # characters
_log = logging.getLogger("everycase")


def secret_key(var: Path) -> str:
    """The key in ``var``, made when there is none. Not kept, with a warning, when it can't be."""
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
        _log.warning("no key can be kept, so a restart signs everybody out: %s", error)
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
    """One-time links and ended sessions, as files: what one worker does, all know.

    The files are named by digests, so whoever can list the folder can't use what it holds.
    """

    def __init__(self, var: Path, clock: Callable[[], float] = time.time) -> None:
        self._folder = var / FOLDER
        self._clock = clock

    def make_link(self) -> str:
        """A new secret for a one-time link. Raises OSError."""
        self._forget()
        secret = secrets.token_urlsafe(24)
        self._mark("once", secret)
        return secret

    def use_link(self, secret: str) -> bool:
        """Use a link up: True for the first who asks within its time, and for nobody else."""
        place = self._place("once", secret)
        try:
            made = place.stat().st_mtime
            place.unlink()  # of two who ask at once, one finds it gone
        except OSError:
            return False
        return self._clock() < made + LINK_SECONDS

    def end_session(self, session: str) -> None:
        """Let a session work no more, whoever kept its cookie. Raises OSError."""
        self._forget()
        self._mark("ended", session)

    def has_ended(self, session: str) -> bool:
        """Was the session signed out?"""
        return self._place("ended", session).exists()

    def _place(self, kind: str, secret: str) -> Path:
        return self._folder / f"{kind}-{sha256(secret.encode()).hexdigest()}"

    def _mark(self, kind: str, secret: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        place = self._place(kind, secret)
        place.touch(mode=0o600)
        os.utime(place, (self._clock(), self._clock()))

    def _forget(self) -> None:
        """Remove what expired anyhow."""
        for kind, seconds in (("once", LINK_SECONDS), ("ended", SESSION_SECONDS)):
            for place in self._folder.glob(f"{kind}-*"):
                try:
                    if place.stat().st_mtime + seconds < self._clock():
                        place.unlink()
                except OSError:  # another process was first
                    continue
