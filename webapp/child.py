"""Short processes of their own: for work that may hang, crash or eat memory.

Run as a module it is the child's side: ``python -m webapp.child MEGABYTES MODULE ARGUMENT…`` limits
itself and becomes MODULE.
"""

from __future__ import annotations

import os
import resource
import runpy
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

OUT_OF_MEMORY = 77  # exit status of a child that ran into its limit
_POLL = 0.05
_ROOT = Path(__file__).resolve().parents[1]  # where ``-m`` finds webapp, installed or not

# What a child may see of the environment: no token, key or database address is among it.
_KEPT = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "VIRTUAL_ENV",
    "SYSTEMROOT",
    "COVERAGE_PROCESS_START",
)
_SET = {
    "KERAS_BACKEND": "jax",
    "JAX_PLATFORMS": "cpu",
    "OMP_NUM_THREADS": "1",  # libraries reserve memory for every thread
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
    "PYTHONDONTWRITEBYTECODE": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}


@dataclass(frozen=True)
class ChildResult:
    """What became of a child: its output, or the reason why there is none."""

    output: bytes
    reason: str | None = None  # None: it ended well
    transient: bool = False  # a limit or a crash, which another day may not bring

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
    stdin: bytes = b"",
    stopped: Callable[[], bool] = lambda: False,
) -> ChildResult:
    """Run a module in a process of its own and wait for its end, or end it.

    ``seconds`` and ``megabytes`` (of address space) are its limits; ``stopped`` is asked now and
    then and ends it early. Its environment holds no secrets.
    """
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out:
        with tempfile.TemporaryFile() as err:
            given.write(stdin)
            given.seek(0)
            process = subprocess.Popen(
                [sys.executable, "-m", "webapp.child", str(megabytes), module, *arguments],
                stdin=given,
                stdout=out,
                stderr=err,
                cwd=_ROOT,
                env=_environment(),
                start_new_session=True,  # so that its own children end with it
            )
            reason = _wait(process, seconds, megabytes, stopped)
            if reason is not None:
                return ChildResult(b"", reason, transient=True)
            return _result(process.returncode, megabytes, _read(out), _read(err))


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in _KEPT if name in os.environ} | _SET


def _read(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()


def _wait(
    process: subprocess.Popen[bytes], seconds: float, megabytes: int, stopped: Callable[[], bool]
) -> str | None:
    """Wait for its end; the reason when it had to be ended."""
    end = time.monotonic() + seconds
    reason = None
    try:
        while process.poll() is None and reason is None:
            if time.monotonic() > end:
                reason = f"took longer than {seconds:g} s"
            elif stopped():
                reason = "was stopped"
            elif _resident_megabytes(process.pid) > megabytes:
                reason = f"needed more than {megabytes:,} MB of memory"
            else:
                time.sleep(_POLL)
    finally:
        _kill(process)
    return reason


def _resident_megabytes(pid: int) -> float:
    """Memory in use, where the limit on address space is not kept (macOS); 0 elsewhere."""
    if sys.platform != "darwin":
        return 0.0
    shown = subprocess.run(
        ["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.strip()
    return int(shown or 0) / 1024


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the child and all that it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # macOS says so of a group that has ended
        pass
    process.wait()


def _result(status: int, megabytes: int, output: bytes, errors: bytes) -> ChildResult:
    if status == 0:
        return ChildResult(output)
    if status == OUT_OF_MEMORY or b"MemoryError" in errors[-2000:]:
        return ChildResult(output, f"needed more than {megabytes:,} MB of memory", transient=True)
    if status < 0:
        name = signal.Signals(-status).name
        return ChildResult(output, f"crashed the interpreter ({name})", transient=True)
    lines = errors.decode("utf-8", "replace").strip().splitlines()
    return ChildResult(output, f"ended with: {lines[-1] if lines else f'status {status}'}")


def main(arguments: Sequence[str]) -> None:
    """The child's side: take the limits on and become the module."""
    megabytes, module, *rest = arguments
    if sys.platform != "darwin":
        limit = int(megabytes) << 20
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.argv = [module, *rest]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except MemoryError:
        os._exit(OUT_OF_MEMORY)


if __name__ == "__main__":
    main(sys.argv[1:])
