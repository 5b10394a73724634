"""Several dynos for tests: app processes with a disk of their own each, behind one nginx."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.support import nginx as proxies
from tests.support import postgres, redis
from tests.support.app_access import ADMIN_TOKEN, API_TOKEN
from tests.support.memory import tree_of
from tests.support.nginx import Nginx
from tests.support.serving import ask, children_of, free_port, wait_until
from webapp.settings import ROOT

BOOTED = 90.0  # seconds until a dyno answers, on a busy machine


@dataclass
class Dyno:
    """One process of a formation, and all that it starts."""

    name: str
    port: int
    var: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """Where it answers, past nginx."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """What it said."""
        return (self.var / "log").read_text()

    def wait(self) -> None:
        """Until its champion and the database can answer."""
        wait_until(lambda: ask(f"{self.url}/readyz")[0] == 200, BOOTED, f"{self.name} is ready")

    def kill(self) -> None:
        """End it as a machine that loses its power does."""
        for child in children_of(self.process.pid):
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(20)

    def end_all(self) -> None:
        """SIGTERM to all of its processes at once, as Heroku does, and wait for the last."""
        pids = tree_of(self.process.pid)
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        self.process.wait(30)
        wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), 30, "all ended")

    def stop(self) -> None:
        """End it tidily, if it is there."""
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(40)


@dataclass
class Cluster:
    """Dynos on one PostgreSQL and one Redis. Nginx knows ``ports``, whether or not one is there."""

    folder: Path
    environ: Mapping[str, str]
    ports: tuple[int, ...]
    dynos: dict[str, Dyno] = field(default_factory=dict)

    def webs(self, count: int) -> list[Dyno]:
        """Start as many at once, and wait until all are ready."""
        dynos = [self.web(number, wait=False) for number in range(count)]
        for dyno in dynos:
            dyno.wait()
        return dynos

    def web(self, number: int, *, wait: bool = True) -> Dyno:
        """Start the app at one of the ports, with a disk of its own."""
        port = self.ports[number]
        settings = {"PORT": str(port), "HOST": "127.0.0.1", "TRUSTED_PROXIES": "1", "JOBS": "0"}
        dyno = self._start(f"web.{number}", port, settings, ["gunicorn", "webapp.wsgi:server"])
        if wait:
            dyno.wait()
        return dyno

    def worker(self) -> Dyno:
        """Start what runs the jobs of all."""
        return self._start("worker.1", 0, {}, ["webapp.cli", "work"])

    def everycase(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command beside them, to its end."""
        environ = os.environ | dict(self.environ) | {"VAR_DIR": str(self.folder / "command")}
        command = [sys.executable, "-m", "webapp.cli", *words]
        return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True)

    def stop(self) -> None:
        """End all of them."""
        for dyno in self.dynos.values():
            if dyno.process.poll() is None:
                dyno.process.terminate()
        for dyno in self.dynos.values():
            dyno.stop()

    def _start(self, name: str, port: int, settings: dict[str, str], words: list[str]) -> Dyno:
        var = self.folder / f"{name}-{len(self.dynos)}"  # empty, also after a restart
        var.mkdir(parents=True)
        with (var / "log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *words],
                cwd=ROOT,
                env=os.environ | dict(self.environ) | settings | {"VAR_DIR": str(var)},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that all of it can be killed at once
            )
        dyno = Dyno(name, port, var, process)
        self.dynos[f"{name}-{len(self.dynos)}"] = dyno
        return dyno


@contextmanager
def running(
    folder: Path, slots: int, database: str | None = None, **settings: str
) -> Iterator[tuple[Cluster, Nginx]]:
    """PostgreSQL, Redis and nginx in front of ``slots`` ports; no dyno yet."""
    with ExitStack() as until:
        if database is None:
            server = until.enter_context(postgres.running())
            database = until.enter_context(server.fresh())
        (folder / "redis").mkdir(parents=True)
        environ = {
            "DATABASE_URL": database,
            "REDIS_URL": until.enter_context(redis.running(folder / "redis")),
            "SECRET_KEY": "secret-key-0123456789",
            "API_TOKEN": API_TOKEN,
            "ADMIN_TOKEN": ADMIN_TOKEN,
            "WEB_CONCURRENCY": "1",
            **settings,
        }
        cluster = Cluster(folder, environ, tuple(free_port() for _ in range(slots)))
        migration = cluster.everycase("migrate")
        assert migration.returncode == 0, migration.stderr
        nginx = until.enter_context(proxies.running(folder / "nginx", cluster.ports))
        until.callback(cluster.stop)
        yield cluster, nginx
