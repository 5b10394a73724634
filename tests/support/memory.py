"""How much memory a tree of processes takes, and a limit that the kernel holds where it may."""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_GROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Limit:
    """A control group with a limit; without a folder there is none, and ``how`` says so."""

    how: str
    folder: Path | None = None

    @classmethod
    def make(cls, megabytes: int) -> Limit:
        """A group below this process' own, of version 1 or 2 of the kernel's interface."""
        places = ((_own("memory"), "memory.limit_in_bytes"), (_own(""), "memory.max"))
        for parent, setting in places:
            if parent is None:
                continue
            folder = parent / f"everycase-{os.getpid()}-{time.monotonic_ns()}"
            try:
                folder.mkdir()
                if not (folder / setting).exists():
                    raise OSError("no memory controller here")
                (folder / setting).write_text(str(megabytes << 20))
            except OSError:
                with suppress(OSError):
                    folder.rmdir()
                continue
            return cls(f"a control group of {megabytes} MB", folder)
        return cls("no control group can be made here, memory is watched only")

    def joining(self, command: str) -> str:
        """A shell's command that enters the group first."""
        if self.folder is None:
            return command
        return f"echo $$ > {self.folder / 'cgroup.procs'} && exec {command}"

    @property
    def killed(self) -> int:
        """How many processes the kernel killed for their memory."""
        if self.folder is None:
            return 0
        for name in ("memory.oom_control", "memory.events"):
            with suppress(OSError):
                words = (self.folder / name).read_text().split()
                return int(words[words.index("oom_kill") + 1])
        raise AssertionError(f"{self.folder} doesn't tell whom it killed")

    def remove(self) -> None:
        """The group is empty by now."""
        if self.folder is not None:
            self.folder.rmdir()


class Sampler:
    """Watches the proportional set size of a tree of processes, ten times a second.

    ``anonymous_mb`` is the part of it that is no file's: what Heroku calls ``memory_rss``.
    """

    def __init__(self, root: int) -> None:
        self.peak_mb = self.anonymous_mb = self._lap_mb = 0.0
        self.at_peak: dict[str, tuple[float, ...]] = {}  # by command line
        self._root = root
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Sampler:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def lap(self) -> float:
        """The peak since the last lap."""
        peak, self._lap_mb = self._lap_mb, 0.0
        return peak

    def _watch(self) -> None:
        while not self._over.wait(0.1):
            self._look()

    def _look(self) -> None:
        each = {pid: _pss(pid) for pid in tree_of(self._root)}
        if not each:  # it is over
            return
        now, anonymous = (sum(values) for values in zip(*each.values(), strict=True))
        if now > self.peak_mb:
            self.at_peak = {f"{pid} {_command(pid)}": values for pid, values in each.items()}
        self.peak_mb, self._lap_mb = max(self.peak_mb, now), max(self._lap_mb, now)
        self.anonymous_mb = max(self.anonymous_mb, anonymous)


def tree_of(root: int) -> list[int]:
    """A process and all below it, parents first."""
    children: dict[int, list[int]] = {}
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, IndexError):
            parent = int((place / "stat").read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(place.name))
    pids = [root] if Path(f"/proc/{root}").exists() else []
    for pid in pids:
        pids.extend(children.get(pid, ()))
    return pids


def _pss(pid: int) -> tuple[float, float]:
    """All of it and what is no file's, in MB; nothing for one that is gone.

    Of a process that root alone may look into, its own anonymous memory is taken for both.
    """
    sizes = {"Pss:": 0.0, "Pss_Anon:": 0.0}
    with suppress(FileNotFoundError, ProcessLookupError):
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except PermissionError:
            status = Path(f"/proc/{pid}/status").read_text()
            size = status.partition("RssAnon:")[2].partition("\n")[0]
            lines = [f"{name} {size}" for name in sizes] if size else []
        for line in lines:
            name, *rest = line.split()
            if name in sizes:
                sizes[name] = int(rest[0]) / 1024
    return sizes["Pss:"], sizes["Pss_Anon:"]


def _command(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").strip()
    return "(gone)"


def _own(controller: str) -> Path | None:
    """The folder of this process' group: of a controller of version 1, or "" for version 2."""
    with suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, names, path = line.split(":", 2)
            if controller in names.split(","):
                return _GROUPS / controller / path.lstrip("/")
    return None
