"""Confine this process: to a few folders, to itself, and to the rights of nobody in particular."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from webapp.confinement.bubblewrap import find_bubblewrap, wrap
from webapp.confinement.elf import with_interpreter
from webapp.confinement.landlock import landlock_version, restrict
from webapp.confinement.linux import IS_LINUX, drop_capabilities, refuse_privileges
from webapp.confinement.seccomp import can_filter, filter_calls

LANDLOCK, SECCOMP, CAPABILITIES = "Landlock", "seccomp", "capabilities"
BUBBLEWRAP = "bubblewrap"
PARTS = (LANDLOCK, BUBBLEWRAP, SECCOMP, CAPABILITIES)
_ROOT = Path(__file__).resolve().parents[2]  # where the package webapp is
# Below a Python's own folder, which may also be /usr or a home: there, others' files are beside
_OF_PYTHON = ("lib", "lib32", "lib64", "libx32", "share", "include", "bin", "etc")
# What libraries read of a system: themselves, time zones, the processor. No passwords, no keys.
_OF_SYSTEM = (
    *("/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libexec"),
    *("/usr/share", "/usr/local/lib", "/usr/local/share", "/opt/homebrew/lib", "/nix/store"),
    *("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/ld-musl-x86_64.path"),
    *("/etc/localtime", "/etc/timezone", "/etc/mime.types", "/etc/os-release", "/etc/fonts"),
    *("/etc/ssl/openssl.cnf", "/etc/ssl/certs", "/etc/pki/tls/openssl.cnf", "/etc/nsswitch.conf"),
    *("/etc/crypto-policies", "/etc/debian_version", "/etc/magic"),
    *("/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/filesystems"),
    *("/proc/sys/vm", "/proc/version", "/sys/devices/system", "/sys/fs/cgroup"),
    *("/dev/urandom", "/dev/random", "/dev/zero"),
)
_DEVICES = (Path("/dev/null"),)


@dataclass(frozen=True)
class Confinement:
    """What a confined process may use beside Python, its libraries and this package.

    ``parts`` are the means; a machine may lack some.
    """

    readable: tuple[str, ...] = ()  # files and folders
    writable: str = ""  # the one folder that it may change; its home, too
    parts: tuple[str, ...] = PARTS
    starts: str = ""  # the one program that it becomes, and which filters its system calls itself

    def as_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return asdict(self)


def confine(confinement: Confinement) -> tuple[str, ...]:
    """Confine this process, which must have one thread, for good. Returns the parts that hold."""
    home = Path(confinement.writable or os.devnull)
    writable = [home] if confinement.writable else []
    readable = [Path(path).resolve() for path in confinement.readable]
    if IS_LINUX:
        refuse_privileges()
    parts_in_force = []
    if LANDLOCK in confinement.parts and restrict(
        [*_python_folders(home), *map(Path, _OF_SYSTEM), *readable],
        [*writable, *_DEVICES],
        with_interpreter(Path(confinement.starts)) if confinement.starts else (),
    ):
        parts_in_force.append(LANDLOCK)
    has_folders = LANDLOCK in parts_in_force
    if CAPABILITIES in confinement.parts and drop_capabilities(keep_reading=has_folders):
        parts_in_force.append(CAPABILITIES)
    if SECCOMP in confinement.parts and not confinement.starts and filter_calls():
        parts_in_force.append(SECCOMP)
    return tuple(parts_in_force)


def wrap_command(command: Sequence[str], confinement: Confinement, folder: Path) -> list[str]:
    """The command in a root folder of its own, where only that keeps files; else as it is."""
    program = find_wrapper(confinement)
    if program is None:
        return list(command)
    home = Path(confinement.writable or os.devnull)
    readable = [Path(path).resolve() for path in confinement.readable]
    folders = [*_python_folders(home), *_system_folders(), *readable]
    return wrap(program, command, folders, [home] if confinement.writable else [], folder)


def find_wrapper(confinement: Confinement | None) -> str | None:
    """bubblewrap's program, where it is allowed and Landlock isn't there."""
    if confinement is None or not IS_LINUX or BUBBLEWRAP not in confinement.parts:
        return None
    if LANDLOCK in confinement.parts and landlock_version():
        return None
    return find_bubblewrap()


def _system_folders() -> Iterator[Path]:
    """What libraries read, but for what a root folder of its own has anew."""
    return (path for path in map(Path, _OF_SYSTEM) if path.parts[1] not in ("proc", "dev"))


def describe_confinement() -> str:
    """What confines the code of models on this machine, in a few words for people."""
    version = landlock_version()
    words = [f"Landlock {version}"] if version else []
    words += [BUBBLEWRAP] if find_wrapper(Confinement()) else []
    words += ["seccomp"] if can_filter() else []
    return " and ".join(words) or "nothing"


def _python_folders(home: Path) -> Iterator[Path]:
    """The folders of Python, its libraries and this package."""
    yield _ROOT / "webapp"
    prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    yield from (Path(prefix) / name for prefix in prefixes for name in _OF_PYTHON)
    yield from (Path(prefix) / "pyvenv.cfg" for prefix in prefixes)
    yield from _linked_packages()
    is_library = next(_ROOT.glob("*.dist-info"), None) is not None  # not the app's own folder
    entries = [*sys.path, *os.environ.get("PYTHONPATH", "").split(os.pathsep)]  # also of a child
    yield from _import_folders(entries, (home, _ROOT.parent if is_library else _ROOT))


def _linked_packages() -> Iterator[Path]:
    """Packages that lie elsewhere, and have only a link where Python looks for them."""
    for entry in sys.path:
        with suppress(OSError), os.scandir(entry or os.devnull) as listing:
            yield from (Path(one.path).resolve() for one in listing if one.is_symlink())


def _import_folders(entries: Iterable[str], inner: tuple[Path, ...]) -> Iterator[Path]:
    """Entries of Python's path, without those around one of the inner folders."""
    for entry in entries:
        path = Path(entry)
        if entry and path.exists() and not any(one.is_relative_to(path.resolve()) for one in inner):
            yield path
