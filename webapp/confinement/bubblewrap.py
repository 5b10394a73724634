"""bubblewrap: a root folder of its own for a process, where the kernel has no Landlock.

It is a program that many systems have (``bwrap``), and works where users may make namespaces. What
isn't mounted isn't there: other files, other processes, the network.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

_OWN = ("--unshare-all", "--die-with-parent", "--proc", "/proc", "--dev", "/dev")
_TRY_SECONDS = 10
_SIGNAL = 128  # it ends with this and the number of the signal that its process got


@cache
def find_bubblewrap() -> str | None:
    """Where the program is; None if there is none, or if it may not do its work here."""
    program = shutil.which("bwrap")
    if program is None:
        return None
    attempt = [program, "--ro-bind", "/", "/", *_OWN, "--", "true"]
    try:
        result = subprocess.run(attempt, capture_output=True, timeout=_TRY_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return program if result.returncode == 0 else None


def wrap(
    program: str,
    command: Sequence[str],
    readable: Iterable[Path],
    writable: Sequence[Path],
    folder: Path,
) -> list[str]:
    """The command in a root folder of its own, begun in ``folder``, as its process 1's child."""
    words = [program]
    for path in sorted({*readable}):  # outer folders first
        words += ["--ro-bind-try", str(path), str(path)]
    words += _OWN
    for path in writable:
        words += ["--bind", str(path), str(path)]
    return [*words, "--chdir", str(folder), "--", *command]


def status_of(status: int) -> int:
    """A wrapped process' exit status as ``subprocess`` would give it, negative for a signal."""
    return _SIGNAL - status if status > _SIGNAL else status
