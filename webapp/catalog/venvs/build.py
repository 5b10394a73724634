"""Environments for models: built once by uv, and kept in a folder by what was asked for.

``VAR_DIR/environments/DIGEST`` holds one, with ``environment.json`` about it. It is built beside
its place, under a lock, and moved there when it is whole. One that no version was prepared in for
30 days is removed when the next one is built.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from webapp.catalog.scratch import remove_folder
from webapp.catalog.venvs.requirements import Requirements
from webapp.catalog.venvs.uv import ABSENT, StoppedError, Uv, UvError, find_uv

FORMAT = 1
KEPT_DAYS = 30
MOST_MB = 6144  # that one environment may take
_FILE, _LOCK, _PYTHONS, _DRAFT = "environment.json", "lock", "pythons", ".draft-"
_FIRST_MINOR, _LAST_MINOR = 8, 20
_POLL = 0.1
_NO_WHEEL = ("no usable wheels", "no wheels", "building from source is disabled")
_BUILD_MEND = (
    ". ALLOW_SOURCE=1 builds packages that come as source alone, which runs their code with network"
)


class BuildError(Exception):
    """An environment couldn't be built; the message is the reason, for a person to read."""


@dataclass(frozen=True)
class Environment:
    """An environment that is ready: its Python, the folder of its packages, and their versions."""

    python: str  # the program
    packages: str
    prefix: str  # the folder that its Python lies in
    versions: dict[str, str] = field(default_factory=dict)  # by package, and of Python
    seconds: float = 0.0  # that building it took
    megabytes: float = 0.0


@dataclass(frozen=True)
class Environments:
    """The folder of environments, and the limits on building one."""

    folder: Path
    seconds: float = 120
    megabytes: int = 4096
    allow_source: bool = False  # build packages that come as source alone

    def get(
        self, requirements: Requirements, is_stopped: Callable[[], bool] = lambda: False
    ) -> Environment:
        """The environment that was asked for, built if it isn't there.

        Raises BuildError, StoppedError, and OSError.
        """
        place = self.folder / self.key(requirements)
        environment = _read(place)
        if environment is None:
            program = find_uv()
            if program is None:
                raise BuildError(ABSENT)
            uv = Uv(program, self.folder / _PYTHONS, self.seconds, self.megabytes, is_stopped)
            with self._lock(is_stopped):
                # somebody else may have built it meanwhile
                environment = _read(place) or self._build(requirements, place, uv)
        with suppress(OSError):
            (place / _FILE).touch()
        return environment

    def key(self, requirements: Requirements) -> str:
        """A digest of everything that decides what is built."""
        values = [
            FORMAT,
            self.allow_source,
            platform.machine(),
            requirements.python,
            *requirements.packages,
        ]
        return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:32]

    def _build(self, requirements: Requirements, place: Path, uv: Uv) -> Environment:
        """Raises BuildError and StoppedError; then nothing is left."""
        self._remove_old()
        start = time.monotonic()
        draft = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=self.folder))
        try:
            _make_venv(uv, draft / "venv", requirements.python)
            (draft / "requirements.txt").write_text(
                "\n".join(requirements.packages) + "\n", "utf-8"
            )
            only = () if self.allow_source else ("--only-binary", ":all:")
            python = draft / "venv" / "bin" / "python"
            options = ("--python", str(python), *only, "-r", str(draft / "requirements.txt"))
            uv.run("pip", "install", "--compile-bytecode", *options)
            environment = _describe(draft, place, time.monotonic() - start)
            (draft / _FILE).write_text(json.dumps(asdict(environment), indent=1), "utf-8")
            _remove(place)  # if its Python was removed from this machine
            draft.replace(place)
        except UvError as error:
            raise BuildError(f"Its environment couldn't be built: {_with_mend(error)}") from error
        except OSError as error:  # a full disk, say
            problem = error.strerror or error
            raise BuildError(f"Its environment couldn't be built: {problem}") from error
        finally:
            _remove(draft)
        return environment

    def _remove_old(self) -> None:
        """Remove what nobody used for long, and half-built ones: nobody else builds meanwhile."""
        oldest = time.time() - KEPT_DAYS * 86_400
        for place in self.folder.iterdir():
            file = place / _FILE
            is_old = file.is_file() and file.stat().st_mtime < oldest
            if is_old or place.name.startswith(_DRAFT):
                _remove(place)

    @contextmanager
    def _lock(self, is_stopped: Callable[[], bool]) -> Iterator[None]:
        """One build at a time, of all processes. Raises StoppedError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / _LOCK).open("w") as lock:
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if is_stopped():
                        raise StoppedError from None
                    time.sleep(_POLL)
            yield


def _remove(folder: Path) -> None:
    if folder.is_dir():
        remove_folder(folder)


def _with_mend(error: UvError) -> str:
    text = str(error)
    return text + (_BUILD_MEND if any(words in text for words in _NO_WHEEL) else "")


def _make_venv(uv: Uv, place: Path, python: str) -> None:
    """With the exact Python if uv can get it, else the nearest minor that is here."""
    for arguments in _pythons(python):
        try:
            uv.run("venv", str(place), "--clear", *arguments)
        except UvError as error:
            problem = error
        else:
            return
    raise problem


def _pythons(python: str) -> Iterator[Sequence[str]]:
    """Ways to ask for a Python, the best first. 3.7 and older can't run our program."""
    here = sys.version_info[:2]
    minor = int(python.split(".")[1]) if python.startswith("3.") else here[1]
    if python.startswith("3.") and minor >= _FIRST_MINOR:
        yield ("--python", python)
    others = sorted(range(_FIRST_MINOR, _LAST_MINOR), key=lambda n: (abs(n - minor), -n))
    for other in others:
        name = sys.executable if other == here[1] else f"3.{other}"
        yield ("--no-python-downloads", "--python", name)


def _describe(draft: Path, place: Path, seconds: float) -> Environment:
    """What was built. Raises UvError if it is too large."""
    python = (draft / "venv" / "bin" / "python").resolve()
    packages = next((draft / "venv" / "lib").glob("python*/site-packages"))
    megabytes = sum(f.lstat().st_size for f in draft.rglob("*") if f.is_file()) / 2**20
    if megabytes > MOST_MB:
        raise UvError(f"it takes {megabytes:,.0f} MB, more than {MOST_MB:,} MB")
    versions = {
        str(one.metadata["Name"]).lower(): one.version
        for one in metadata.distributions(path=[str(packages)])
    }
    config = (draft / "venv" / "pyvenv.cfg").read_text("utf-8")
    pairs = dict(line.split(" = ", 1) for line in config.splitlines() if " = " in line)
    versions["python"] = pairs.get("version_info", "").strip()
    return Environment(
        str(python),
        str(place.absolute() / packages.relative_to(draft)),
        str(python.parent.parent),
        versions,
        round(seconds, 1),
        round(megabytes, 1),
    )


def _read(place: Path) -> Environment | None:
    """The environment at a place; None if there is none, or its Python is gone by now."""
    try:
        values: Any = json.loads((place / _FILE).read_text("utf-8"))
        environment = Environment(**values)
    except (OSError, ValueError, TypeError):
        return None
    is_whole = Path(environment.packages).is_dir() and Path(environment.python).is_file()
    return environment if is_whole else None
