"""Run uv, which makes environments: limited in time and memory, with nothing secret but its own.

It gets the settings of package indexes (``UV_…``, proxies, certificates) and nothing else of this
process' environment. What it says is shown without addresses.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from webapp.confinement.usage import count_memory_megabytes
from webapp.grammar import cut

ABSENT = (
    "uv isn't installed here, which builds the environment that it was saved in: "
    "pip install -e '.[own]'"
)
STOPPED = "was stopped"
_POLL = 0.05
_LONGEST = 300  # characters of what uv says
_PASSED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "NETRC")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
_INDEXES = {"PIP_INDEX_URL": "UV_DEFAULT_INDEX", "PIP_EXTRA_INDEX_URL": "UV_INDEX"}
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)
_BEGINNING = re.compile(r"^\s*(error|cause|×|├─▶|╰─▶)[: ]\s*")
_OTHER = re.compile(r"^\s*(hint|warning|note)\b", re.IGNORECASE)


class UvError(Exception):
    """uv failed; the message is its last line."""


class StoppedError(Exception):
    """The run was stopped meanwhile."""


@dataclass(frozen=True)
class Uv:
    """How to run uv: ``program`` is its path, ``pythons`` the folder for those that it downloads.

    ``seconds`` and ``megabytes`` limit one run.
    """

    program: str
    pythons: Path
    seconds: float
    megabytes: int
    is_stopped: Callable[[], bool] = lambda: False

    def run(self, *arguments: str) -> None:
        """Run it. Raises UvError and StoppedError."""
        with tempfile.TemporaryFile() as log:
            process = subprocess.Popen(
                [self.program, *arguments, "--no-progress", "--color", "never"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",  # uv reads the settings of a project that it is started in
                env=self._environment(os.environ),
                start_new_session=True,
            )
            reason = self._wait(process)
            if reason is None and process.returncode:
                log.seek(0)
                reason = last_line(log.read().decode("utf-8", "replace"))
        if reason is not None:
            raise UvError(reason)

    def _wait(self, process: subprocess.Popen[bytes]) -> str | None:
        """Wait for its end; the reason if it had to be ended. Raises StoppedError."""
        end = time.monotonic() + self.seconds
        try:
            while process.poll() is None:
                if self.is_stopped():
                    raise StoppedError(STOPPED)
                if time.monotonic() > end:
                    return f"it took longer than {self.seconds:g} s"
                if count_memory_megabytes(process.pid) > self.megabytes:
                    return f"it needed more than {self.megabytes:,} MB of memory"
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_POLL)
            return None
        finally:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _environment(self, ours: Mapping[str, str]) -> dict[str, str]:
        names = [*_PASSED, *_PROXIES, *(name.lower() for name in _PROXIES)]
        names += [name for name in ours if name.startswith("UV_")]
        values = {theirs: ours[name] for name, theirs in _INDEXES.items() if name in ours}
        values |= {name: ours[name] for name in names if name in ours}
        return {"UV_HTTP_RETRIES": "1"} | values | {"UV_PYTHON_INSTALL_DIR": str(self.pythons)}


def find_uv() -> str | None:
    """Where uv is: beside this Python, or on PATH."""
    beside = Path(sys.executable).parent / "uv"
    return str(beside) if beside.is_file() else shutil.which("uv")


def last_line(output: str) -> str:
    """The last thing that uv said which isn't a hint, in one line without addresses."""
    blocks: list[str] = []
    for line in output.splitlines():
        if _BEGINNING.match(line) or _OTHER.match(line) or not blocks:
            blocks.append("")
        blocks[-1] += f" {_BEGINNING.sub('', line).strip()}"
    phrases = [block.strip() for block in blocks if block.strip() and not _OTHER.match(block)]
    text = _ADDRESS.sub("the package index", phrases[-1]) if phrases else "it said nothing"
    return cut(text, _LONGEST).rstrip(".")
