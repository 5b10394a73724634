"""Heroku on this machine, as far as it goes: a build, its process types, and dynos of 512 MB.

A dyno's disk is a fresh copy of the build, its environment has nothing of this machine's, all its
processes get SIGTERM at once, and its memory is limited by a control group where one can be made.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.memory import Limit, Sampler, tree_of
from tests.support.serving import free_port, wait_until
from webapp.settings import ROOT

MEMORY_MB = 512  # of an eco, basic or standard-1x dyno
LOCKS = ("requirements.txt", "uv.lock", "poetry.lock", "Pipfile", "Pipfile.lock")
_MINOR = re.compile(r"\s*python-(\d+\.\d+)(\.\d+)?\s*")  # what the buildpack takes
_TYPE = re.compile(r"^([A-Za-z0-9_-]+):\s*(\S.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Slug:
    """What a build leaves: the code, and the programs of a Python with its libraries."""

    code: Path
    programs: Path
    seconds: float  # that pip took

    @property
    def installed_mb(self) -> float:
        """How much pip installed, uncompressed."""
        files = (self.programs.parent / "lib").rglob("*")
        return sum(f.lstat().st_size for f in files if not f.is_dir()) / (1 << 20)


def processes(code: Path) -> dict[str, str]:
    """The Procfile: commands by process type."""
    return dict(_TYPE.findall((code / "Procfile").read_text()))


def runtime(code: Path) -> str:
    """The Python that runtime.txt asks for, such as 3.11."""
    match = _MINOR.fullmatch((code / "runtime.txt").read_text())
    assert match, "the buildpack would refuse runtime.txt"
    return match[1]


def app_json(code: Path) -> dict[str, Any]:
    """What the Deploy button makes."""
    values: dict[str, Any] = json.loads((code / "app.json").read_text())
    return values


def config_vars(code: Path, database: str) -> dict[str, str]:
    """What the add-on and app.json set, as the Deploy button does."""
    variables = {"DATABASE_URL": database.replace("postgresql://", "postgres://")}
    for number, (name, how) in enumerate(app_json(code)["env"].items()):
        if how.get("generator") == "secret":
            variables[name] = f"{number}{os.urandom(31).hex()}"
        elif "value" in how:
            variables[name] = how["value"]
        else:
            assert how["required"] is False, f"whoever deploys is asked for {name}"
    return variables


def pushed(place: Path) -> Path:
    """What git would push from this working tree: nothing that .gitignore names, and no .git."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("this is no git checkout, which is what is pushed to Heroku")
    words = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listing.split("\0")):
        if (ROOT / name).is_file():  # one that is deleted is listed until that is committed
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, place / name)
    return place


def build(code: Path, python: Path) -> Slug:
    """As the buildpack does: a Python of its own, the lock file from the root, then the hook.

    That Python is kept, as in the buildpack's cache, until the lock file is another.
    """
    start = time.monotonic()
    lock, marker = (code / "requirements.txt").read_text(), python / "installed.txt"
    if not marker.exists() or marker.read_text() != lock:
        shutil.rmtree(python, ignore_errors=True)
        _run([sys.executable, "-m", "venv", str(python)], code)
        _install(python, code)
        marker.write_text(lock)
    path = f"{python / 'bin'}:{os.environ['PATH']}"
    _run([str(code / "bin" / "post_compile")], code, os.environ | {"PATH": path})
    return Slug(code, python / "bin", time.monotonic() - start)


def _install(python: Path, code: Path) -> None:
    """What the lock file names, nothing compiled: by uv, or by pip where uv can't, in minutes."""
    words = ["pip", "install", "--quiet", "-r", "requirements.txt"]
    uv = [sys.executable, "-m", "uv", *words, "--python", str(python / "bin" / "python")]
    if subprocess.run(uv, cwd=code, capture_output=True).returncode != 0:
        quick = ["--disable-pip-version-check", "--no-input", "--no-compile"]
        _run([str(python / "bin" / "python"), "-m", *words, *quick], code)


def _run(words: list[str], folder: Path, environ: Mapping[str, str] | None = None) -> None:
    process = subprocess.run(words, cwd=folder, env=environ, capture_output=True, text=True)
    assert process.returncode == 0, f"{' '.join(words)}\n{process.stdout}\n{process.stderr}"


class Dyno:
    """A disk of its own, and the config vars of the app."""

    def __init__(self, slug: Slug, disk: Path, config: Mapping[str, str]) -> None:
        shutil.copytree(slug.code, disk)
        self.disk = disk
        self._slug = slug
        self._config = config
        self.port = free_port()

    @property
    def url(self) -> str:
        """Where the router would find it."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def said(self) -> str:
        """What `heroku logs` would show."""
        return (self.disk / "log").read_text()

    def environ(self, name: str) -> dict[str, str]:
        """Config vars, what Heroku adds, and what the buildpack's .profile.d sets."""
        return {
            "PATH": f"{self._slug.programs}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.disk),
            "LANG": "en_US.UTF-8",
            "PYTHONUNBUFFERED": "true",
            "PYTHONHASHSEED": "random",
            "PYTHONPATH": str(self.disk),
            "FORWARDED_ALLOW_IPS": "*",
            "GUNICORN_CMD_ARGS": "--access-logfile -",
            "DYNO": name,
            "PORT": str(self.port),
            **self._config,
        }

    def run(self, command: str, name: str = "run.1") -> subprocess.CompletedProcess[str]:
        """A process type that ends, or `heroku run`."""
        return subprocess.run(
            ["bash", "-c", command],
            cwd=self.disk,
            env=self.environ(name),
            capture_output=True,
            text=True,
            timeout=120,
        )

    @contextmanager
    def web(self) -> Iterator[Web]:
        """Its web process, from before the first answer; ended by force if it still runs."""
        limit = Limit.make(MEMORY_MB)
        with (self.disk / "log").open("wb") as log:
            process = subprocess.Popen(
                ["bash", "-c", limit.joining(processes(self._slug.code)["web"])],
                cwd=self.disk,
                env=self.environ("web.1"),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            with Sampler(process.pid) as memory:
                try:
                    yield Web(process, limit, memory)
                finally:
                    for pid in tree_of(process.pid):
                        os.kill(pid, signal.SIGKILL)
                    process.wait(10)
        limit.remove()


@dataclass(frozen=True)
class Web:
    """A web process at work."""

    process: subprocess.Popen[bytes]
    limit: Limit
    memory: Sampler

    def stop(self) -> float:
        """SIGTERM to all its processes, as a restart begins: seconds until the last is gone."""
        start = time.monotonic()
        pids = tree_of(self.process.pid)
        for pid in pids:
            try:
                os.kill(pid, signal.SIGTERM)
            except ProcessLookupError:  # it ended by itself meanwhile
                continue
        self.process.wait(30)
        wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), 30, "all gone")
        return time.monotonic() - start
