"""Run work that may hang, crash or use too much memory in a short process with limits.

Run as a module, this is the child's side: it limits and confines itself and becomes MODULE.
``python -m webapp.limited_process PARENT MEGABYTES [--confined JSON] MODULE ARGUMENT…``
"""

from __future__ import annotations

import gc
import json
import os
import resource
import runpy
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from webapp.confinement.bubblewrap import status_of
from webapp.confinement.confine import Confinement, confine, find_wrapper, wrap_command
from webapp.confinement.endings import OUT_OF_MEMORY, reason_of
from webapp.confinement.linux import end_with_parent
from webapp.confinement.reaper import go_on_below, needs_reaper
from webapp.confinement.usage import UsageLimits

TOOK_LONGER = "took longer than"
STOPPED = "was stopped"
OUTPUT_MB = 128  # more than any child of ours prints; also the largest file that it may write
_POLL = 0.05
_CPU_GRACE = 5  # seconds after which a child ends that ignores the signal
_REAPER_SECONDS = 5  # that it has to end what is below it
_OPEN_FILES = 512
_CONFINED = "--confined"
_NEW_OBJECTS = 50_000  # until garbage is searched for, of which importing makes little
_ROOT = Path(__file__).resolve().parents[1]  # where ``-m`` finds webapp, installed or not
_TAIL_BYTES = 4_000  # of standard error that are read
_SYSTEM = os.uname().sysname

# The environment that a child inherits: no token, key or database address is in it.
_INHERITED = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "VIRTUAL_ENV",
    "PYTHONHOME",  # these three lead to the same Python and libraries
    "PYTHONPATH",
    "LD_LIBRARY_PATH",
    "COVERAGE_PROCESS_START",
)
_SET = {
    "KERAS_BACKEND": "jax",
    "JAX_PLATFORMS": "cpu",
    "OMP_NUM_THREADS": "1",  # libraries reserve memory for every thread
    "OPENBLAS_NUM_THREADS": "1",
    "JOBLIB_MULTIPROCESSING": "0",  # n_jobs would share one limit of memory among processes
    "MALLOC_ARENA_MAX": "2",
    "ARROW_DEFAULT_MEMORY_POOL": "system",  # its own reserves a gigabyte of addresses at once
    "PYTHONDONTWRITEBYTECODE": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}


@dataclass(frozen=True)
class ChildResult:
    """The output of a child, or the reason why there is none."""

    output: bytes
    reason: str | None = None  # None if it succeeded

    @property
    def ok(self) -> bool:
        """True if it succeeded."""
        return self.reason is None


def run_child(
    module: str,
    arguments: Sequence[str],
    *,
    seconds: float,
    megabytes: int,
    stdin: bytes | IO[bytes] = b"",
    is_stopped: Callable[[], bool] = lambda: False,
    on_output: Callable[[bytes], None] | None = None,
    confinement: Confinement | None = None,
) -> ChildResult:
    """Run a module in a process of its own and wait for its end, or end it.

    ``seconds`` and ``megabytes`` (of address space) are its limits, and ``confinement`` what it
    may use. ``is_stopped`` is polled and ends it early; ``on_output`` is called with its whole
    output so far whenever there is more. A file for ``stdin`` is read from its start. The child's
    environment has no secrets, and it ends with this process.
    """
    is_wrapped = find_wrapper(confinement) is not None
    parent = 1 if is_wrapped else os.getpid()  # the first in a namespace of its own
    command = _command(parent, megabytes, seconds, confinement, [module, *arguments])
    limits = UsageLimits(megabytes, confinement)
    with (
        _as_file(stdin) as input_file,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
    ):
        process = _start(command, input_file, out, err)
        reason = _wait(process, seconds, limits, _passing_on(is_stopped, out, on_output))
        if reason is None:
            status = status_of(process.returncode) if is_wrapped else process.returncode
            reason = reason_of(status, megabytes, _tail(err), seconds)
        return ChildResult(b"", reason) if reason else ChildResult(_whole(out))


def _command(
    parent: int,
    megabytes: int,
    seconds: float,
    confinement: Confinement | None,
    work: list[str],
) -> list[str]:
    """The command of the child's side, which becomes the work."""
    command = [sys.executable, "-m", "webapp.limited_process", str(parent), str(megabytes)]
    if confinement is None:
        return command + work
    command += [_CONFINED, json.dumps([seconds, confinement.as_dict()]), *work]
    return wrap_command(command, confinement, _ROOT)


@contextmanager
def _as_file(stdin: bytes | IO[bytes]) -> Iterator[IO[bytes]]:
    if not isinstance(stdin, bytes):
        stdin.seek(0)
        yield stdin
        return
    with tempfile.TemporaryFile() as file:
        file.write(stdin)
        file.seek(0)
        yield file


def _passing_on(
    is_stopped: Callable[[], bool], out: IO[bytes], on_output: Callable[[bytes], None] | None
) -> Callable[[], bool]:
    """``is_stopped``, which also calls ``on_output`` if there is more output than last time."""
    if on_output is None:
        return is_stopped
    length = 0

    def poll() -> bool:
        nonlocal length
        output = os.pread(out.fileno(), OUTPUT_MB << 20, 0)  # the file's position is the child's
        if len(output) > length:
            length = len(output)
            on_output(output)
        return is_stopped()

    return poll


def _start(
    command: list[str], stdin: IO[bytes], out: IO[bytes], err: IO[bytes]
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        stdin=stdin,
        stdout=out,
        stderr=err,
        cwd=_ROOT,
        env=_environment(),
        start_new_session=True,  # so that its own children end with it
    )


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in _INHERITED if name in os.environ} | _SET


def _whole(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read(OUTPUT_MB << 20)


def _tail(file: IO[bytes]) -> bytes:
    """The end of a file, which may be larger than memory."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _TAIL_BYTES))
    return file.read(_TAIL_BYTES)


def _wait(
    process: subprocess.Popen[bytes],
    seconds: float,
    limits: UsageLimits,
    is_stopped: Callable[[], bool],
) -> str | None:
    """Wait for the end of the process; the reason if it had to be ended."""
    end = time.monotonic() + seconds
    reason = None
    try:
        while process.poll() is None and reason is None:
            if time.monotonic() > end:
                reason = f"{TOOK_LONGER} {seconds:g} s"
            elif is_stopped():
                reason = STOPPED
            else:
                reason = limits.find_excess(process.pid)
            if reason is None:
                _pause(process)
    finally:
        _kill(process, has_reaper=needs_reaper(limits.confinement))
    return reason


def _pause(process: subprocess.Popen[bytes]) -> None:
    with suppress(subprocess.TimeoutExpired):
        process.wait(_POLL)  # returns at once when a short child ends


def _kill(process: subprocess.Popen[bytes], *, has_reaper: bool) -> None:
    """Kill the child and all processes that it started: its group, and its reaper's all."""
    if has_reaper and process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_REAPER_SECONDS)
    with suppress(ProcessLookupError, PermissionError):  # the latter on macOS, after its end
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def main(arguments: Sequence[str]) -> None:
    """The child's side: set the limits and become the module."""
    parent, megabytes, *rest = arguments
    _end_with(int(parent))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    confinement = None
    if rest[0] == _CONFINED:
        seconds, values = json.loads(rest[1])
        confinement = Confinement(**values)
        rest = rest[2:]
    if needs_reaper(confinement):
        go_on_below()
    if _SYSTEM != "Darwin":
        limit = int(megabytes) << 20
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_FSIZE, (OUTPUT_MB << 20, OUTPUT_MB << 20))
    if confinement is not None:
        _confine(seconds, confinement)
    gc.set_threshold(_NEW_OBJECTS)
    module = rest[0]
    sys.argv = rest
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except MemoryError:
        os._exit(OUT_OF_MEMORY)


def _confine(seconds: float, confinement: Confinement) -> None:
    """Limit the processor time of all threads together, and what this process may use."""
    processor = max(1, round(seconds))
    resource.setrlimit(resource.RLIMIT_CPU, (processor, processor + _CPU_GRACE))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, _OPEN_FILES))
    if confinement.writable:
        os.environ["HOME"] = confinement.writable
        os.environ["TMPDIR"] = confinement.writable
        os.chdir(confinement.writable)
    confine(confinement)


def _end_with(parent: int) -> None:
    """Have Linux kill this process when its parent dies."""
    end_with_parent(signal.SIGKILL)  # on Linux alone
    if os.getppid() != parent:
        os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
