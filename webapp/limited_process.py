"""Short processes of their own: for work that may hang, crash or eat memory.

Run as a module it is the child's side: it limits itself and becomes MODULE.
``python -m webapp.limited_process PARENT MEGABYTES MODULE ARGUMENT…``
"""

from __future__ import annotations

import ctypes
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

TOOK_LONGER = "took longer than"
STOPPED = "was stopped"
OUT_OF_MEMORY = 77  # exit status of a child that ran into its limit
OUTPUT_MB = 128  # more than any child of ours has to say; also the largest file that it may write
_POLL = 0.05
_ROOT = Path(__file__).resolve().parents[1]  # where ``-m`` finds webapp, installed or not
_TAIL = 4_000  # bytes of standard error that are looked at
_SHOWN = 200  # characters of it that a reason holds
_SYSTEM = os.uname().sysname
_DIE_WITH_PARENT = 1  # Linux' name for it: PR_SET_PDEATHSIG

# What a child may see of the environment: no token, key or database address is among it.
_KEPT = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "VIRTUAL_ENV",
    "PYTHONHOME",  # these three: so that the child finds the same Python and libraries
    "PYTHONPATH",
    "LD_LIBRARY_PATH",
    "COVERAGE_PROCESS_START",
)
_SET = {
    "KERAS_BACKEND": "jax",
    "JAX_PLATFORMS": "cpu",
    "OMP_NUM_THREADS": "1",  # libraries reserve memory for every thread
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
    "ARROW_DEFAULT_MEMORY_POOL": "system",  # its own reserves a gigabyte of addresses at once
    "PYTHONDONTWRITEBYTECODE": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}


@dataclass(frozen=True)
class ChildResult:
    """What became of a child: its output, or the reason why there is none."""

    output: bytes
    reason: str | None = None  # None: it ended well

    @property
    def ok(self) -> bool:
        """Did it end well?"""
        return self.reason is None


def run_child(
    module: str,
    arguments: Sequence[str],
    *,
    seconds: float,
    megabytes: int,
    stdin: bytes | IO[bytes] = b"",
    stopped: Callable[[], bool] = lambda: False,
    heard: Callable[[bytes], None] | None = None,
) -> ChildResult:
    """Run a module in a process of its own and wait for its end, or end it.

    ``seconds`` and ``megabytes`` (of address space) are its limits; ``stopped`` is asked now and
    then and ends it early; ``heard`` gets what it has said so far, whenever that is more. A file
    for ``stdin`` is read from its start. Its environment holds no secrets, and it ends with this
    process.
    """
    side = [sys.executable, "-m", "webapp.limited_process", str(os.getpid()), str(megabytes)]
    with (
        _readable(stdin) as given,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
    ):
        process = _start([*side, module, *arguments], given, out, err)
        reason = _wait(process, seconds, megabytes, _asking(stopped, out, heard))
        if reason is None:
            reason = _reason(process.returncode, megabytes, _tail(err))
        return ChildResult(b"", reason) if reason else ChildResult(_whole(out))


@contextmanager
def _readable(stdin: bytes | IO[bytes]) -> Iterator[IO[bytes]]:
    if not isinstance(stdin, bytes):
        stdin.seek(0)
        yield stdin
        return
    with tempfile.TemporaryFile() as given:
        given.write(stdin)
        given.seek(0)
        yield given


def _asking(
    stopped: Callable[[], bool], out: IO[bytes], heard: Callable[[bytes], None] | None
) -> Callable[[], bool]:
    """``stopped``, which also passes on what has been said since it was asked last."""
    if heard is None:
        return stopped
    known = 0

    def ask() -> bool:
        nonlocal known
        said = os.pread(out.fileno(), OUTPUT_MB << 20, 0)  # the place is the child's, too
        if len(said) > known:
            known = len(said)
            heard(said)
        return stopped()

    return ask


def _start(
    command: list[str], given: IO[bytes], out: IO[bytes], err: IO[bytes]
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        stdin=given,
        stdout=out,
        stderr=err,
        cwd=_ROOT,
        env=_environment(),
        start_new_session=True,  # so that its own children end with it
    )


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in _KEPT if name in os.environ} | _SET


def _whole(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read(OUTPUT_MB << 20)


def _tail(file: IO[bytes]) -> bytes:
    """The end of a file: a child may have said more than fits in memory."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _TAIL))
    return file.read(_TAIL)


def _wait(
    process: subprocess.Popen[bytes], seconds: float, megabytes: int, stopped: Callable[[], bool]
) -> str | None:
    """Wait for its end; the reason when it had to be ended."""
    end = time.monotonic() + seconds
    reason = None
    try:
        while process.poll() is None and reason is None:
            if time.monotonic() > end:
                reason = f"{TOOK_LONGER} {seconds:g} s"
            elif stopped():
                reason = STOPPED
            elif _resident_megabytes(process.pid) > megabytes:
                reason = f"needed more than {megabytes:,} MB of memory"
            else:
                _pause(process)
    finally:
        _kill(process)
    return reason


def _pause(process: subprocess.Popen[bytes]) -> None:
    with suppress(subprocess.TimeoutExpired):
        process.wait(_POLL)  # unlike a sleep it is over soon after a short child's end


def _resident_megabytes(pid: int) -> float:
    """Memory in use, where the limit on address space is not kept (macOS); 0 elsewhere."""
    if _SYSTEM != "Darwin":
        return 0.0
    shown = subprocess.run(
        ["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.strip()
    return int(shown or 0) / 1024


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the child and all that it started."""
    with suppress(ProcessLookupError, PermissionError):  # macOS says so of a group that has ended
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _reason(status: int, megabytes: int, errors: bytes) -> str | None:
    if status == 0:
        return None
    if status == OUT_OF_MEMORY or b"MemoryError" in errors:
        return f"needed more than {megabytes:,} MB of memory"
    if status < 0:
        return f"crashed the interpreter ({_signal_name(-status)})"
    lines = errors.decode("utf-8", "replace").strip().splitlines()
    return f"ended with: {lines[-1][:_SHOWN] if lines else f'status {status}'}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # real-time signals have no names
        return f"signal {number}"


def main(arguments: Sequence[str]) -> None:
    """The child's side: take the limits on and become the module."""
    parent, megabytes, module, *rest = arguments
    _end_with(int(parent))
    if _SYSTEM != "Darwin":
        limit = int(megabytes) << 20
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (OUTPUT_MB << 20, OUTPUT_MB << 20))
    sys.argv = [module, *rest]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except MemoryError:
        os._exit(OUT_OF_MEMORY)


def _end_with(parent: int) -> None:
    """Have the system kill this process when its parent is killed and can't do so (Linux)."""
    if _SYSTEM == "Linux":
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
