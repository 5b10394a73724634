"""Builds the image and runs the container by the Dockerfile, without a container engine.

An overlay of this machine stands in for the base image; each instruction is carried out in it, in
a mount namespace of its own, and the command then runs as the image's user, without capabilities,
in a process namespace, on a root filesystem that is mounted read-only. Needs root on Linux. To
install the pinned packages takes a minute; unless ``INSTALL=1`` those of the tests are borrowed.

``python -m tests.support.container FOLDER NAME=VALUE… /VOLUME=FOLDER… -- COMMAND…`` is the side
within the namespaces.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path, PurePath
from string import Template

from tests.support.dockerfile import Instruction, parse, sent_files
from tests.support.serving import children_of, wait_until
from webapp.settings import ROOT

DOCKERFILE = ROOT / "deploy" / "docker" / "Dockerfile"
BORROWED = "opt/borrowed"
INSTALL = os.environ.get("INSTALL", "0")
LONGEST = 1200 if INSTALL == "1" else 240  # seconds that building may take
# All of it, its mounts too, ends with the first process, and that with the one that started it
NAMESPACES = (
    *("setpriv", "--pdeathsig=KILL"),
    *("unshare", "--mount", "--pid", "--fork", "--kill-child=SIGKILL"),
)
_PROBE = """
mount -t tmpfs probe /mnt
mkdir /mnt/files /mnt/work /mnt/root
mount -t overlay -o lowerdir=/,upperdir=/mnt/files,workdir=/mnt/work probe /mnt/root
mount --bind /dev /mnt/root/dev
mount -t proc proc /mnt/root/proc
"""


def missing() -> str:
    """Why containers can't be played here; empty when they can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "needs Linux and root"
    if shutil.which("unshare") is None or shutil.which("setpriv") is None:
        return "needs unshare and setpriv: apt-get install util-linux"
    probe = [*NAMESPACES, "/bin/sh", "-ec", _PROBE]
    probe_run = subprocess.run(probe, capture_output=True, text=True)
    return f"can't mount what it takes: {probe_run.stderr.strip()}" if probe_run.returncode else ""


@contextmanager
def running(
    folder: Path, *command: str, volumes: Mapping[str, Path] | None = None, **environ: str
) -> Iterator[int]:
    """The container, built and started: the number of its first process. Nothing of it stays.

    Folders of ``volumes`` stand where the container expects them; its other volumes are empty.
    """
    pairs = [f"{name}={value}" for name, value in (environ | {"INSTALL": INSTALL}).items()]
    pairs += [f"{path}={volume}" for path, volume in (volumes or {}).items()]
    inside = [sys.executable, "-m", "tests.support.container", str(folder), *pairs, "--", *command]
    with (folder / "log").open("wb") as log:
        outer = subprocess.Popen([*NAMESPACES, *inside], cwd=ROOT, stdout=log, stderr=log)
        try:
            wait_until(lambda: (folder / "ready").exists() or outer.poll() is not None, LONGEST)
            assert outer.poll() is None or command, (folder / "log").read_text()
            yield next(iter(children_of(outer.pid)), 0)
        finally:
            outer.kill()
            outer.wait(10)


@dataclass
class Stage:
    """A stage under way: where its files are, and what its instructions have set so far."""

    root: Path
    env: dict[str, str] = field(default_factory=dict)
    workdir: str = "/"
    user: str = "0:0"
    volumes: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)


class Builder:
    """Carries out the instructions of a Dockerfile, one after the other."""

    def __init__(self, folder: Path, install: bool) -> None:
        self._folder = folder
        self._install = install
        self._sent = sent_files(ROOT, DOCKERFILE.with_name("Dockerfile.dockerignore").read_text())
        self._arguments: dict[str, str] = {}
        self._stages: dict[str, Stage] = {}
        self._now: Stage | None = None
        mount("-t", "tmpfs", "-o", "mode=0755", "layers", str(folder))
        self._lower = _base(folder)

    def build(self) -> Stage:
        """The last stage."""
        for instruction in parse(DOCKERFILE.read_text("utf-8")):
            carry_out = getattr(self, f"_{instruction.name.lower()}", None)
            if carry_out is not None:  # the others say something to an engine alone
                carry_out(instruction)
        assert self._now is not None
        return self._now

    def _filled(self, text: str) -> str:
        variables = self._arguments | (self._now.env if self._now else {})
        return Template(text).substitute(variables)

    def _arg(self, at: Instruction) -> None:
        name, _, default = at.value.partition("=")
        self._arguments[name] = default

    def _from(self, at: Instruction) -> None:
        image, _, name = self._filled(at.value).partition(" AS ")
        assert image.startswith("python:"), image
        root = overlay(self._folder, name, self._lower)
        self._now = self._stages[name] = Stage(root, {"PATH": "/usr/local/bin:/usr/bin:/bin"})

    def _env(self, at: Instruction) -> None:
        assert self._now is not None
        self._now.env |= dict(word.split("=", 1) for word in map(self._filled, at.words))

    def _workdir(self, at: Instruction) -> None:
        assert self._now is not None
        self._now.workdir = at.value
        _in(self._now, at.value).mkdir(parents=True, exist_ok=True)

    def _user(self, at: Instruction) -> None:
        assert self._now is not None
        self._now.user = at.value

    def _volume(self, at: Instruction) -> None:
        assert self._now is not None
        self._now.volumes += at.words

    def _cmd(self, at: Instruction) -> None:
        assert self._now is not None
        self._now.command = at.words

    def _copy(self, at: Instruction) -> None:
        assert self._now is not None
        *sources, target = map(self._filled, at.words)
        place = _in(self._now, target)
        owner = at.flags.get("chown", "0:0")
        for source in sources:
            if "from" in at.flags:
                origin = _in(self._stages[at.flags["from"]], source)
                shutil.copytree(origin, place, symlinks=True, dirs_exist_ok=True)
            else:
                self._copy_sent(source, place, is_folder=target.endswith("/"))
        subprocess.run(["chown", "-R", owner, place], check=True)

    def _copy_sent(self, source: str, place: Path, *, is_folder: bool) -> None:
        is_pattern = "*" in source  # of the names in one folder
        folder, _, names = source.rpartition("/") if is_pattern else (source, "", "*")
        paths = [p for p in self._sent if p == source or p.startswith(f"{folder}/")]
        if is_pattern:
            paths = [p for p in paths if PurePath(p).parent == PurePath(folder)]
            paths = [p for p in paths if fnmatchcase(PurePath(p).name, names)]
        assert paths, f"the builder gets no {source}"
        for path in paths:
            name = path[len(folder) + 1 :] or (Path(path).name if is_folder else "")
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / path, place / name)

    def _run(self, at: Instruction) -> None:
        assert self._now is not None
        if "-r /tmp/requirements.txt" in at.value and not self._install:
            _borrow(self._now)
            return
        inside = ["/bin/sh", "-ec", f"cd {self._now.workdir}\n{at.value}"]
        index = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        subprocess.run(
            ["/usr/sbin/chroot", str(self._now.root), *inside],
            env=index | self._now.env,
            check=True,
        )


def _base(folder: Path) -> str:
    """This machine with the tests' Python where the base image has its own."""
    root = overlay(folder, "base", "/")
    home = Path(sys.base_prefix)
    for parent in [home, *home.parents]:
        inside = root / parent.relative_to("/")
        inside.chmod(inside.stat().st_mode | 0o755)
    minor = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for path in (f"lib/{minor}", f"include/{minor}", "bin/python"):
        place = root / "usr/local" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        place.unlink(missing_ok=True)
        place.symlink_to(home / (f"bin/{minor}" if path == "bin/python" else path))
    return f"{folder / 'base-files'}:/"


def overlay(folder: Path, name: str, lower: str) -> Path:
    """A folder over others: what is written goes into a layer of its own."""
    for part in ("files", "work", "root"):
        (folder / f"{name}-{part}").mkdir(mode=0o755)
    options = f"lowerdir={lower},upperdir={folder}/{name}-files,workdir={folder}/{name}-work"
    root = folder / f"{name}-root"
    mount("-t", "overlay", "-o", options, "overlay", str(root))
    mount("--bind", "/dev", str(root / "dev"))
    mount("-t", "proc", "proc", str(root / "proc"))
    return root


def _borrow(stage: Stage) -> None:
    """Have the stage's virtual environment find the packages that the tests run with."""
    (stage.root / BORROWED).mkdir(parents=True)
    environment = stage.root / "opt/venv"
    site = next(environment.glob("lib/python*/site-packages"))
    (site / "borrowed.pth").write_text(f"/{BORROWED}\n")
    script = environment / "bin/gunicorn"
    script.write_text("#!/opt/venv/bin/python\nfrom gunicorn.app.wsgiapp import run\nrun()\n")
    script.chmod(0o755)
    _lend(stage)


def _lend(stage: Stage) -> None:
    place = stage.root / BORROWED
    place.mkdir(parents=True, exist_ok=True)
    mount("--bind", sysconfig.get_path("purelib"), str(place))
    mount("-o", "remount,bind,ro", str(place))


def _in(stage: Stage, path: str) -> Path:
    inside = os.path.normpath(Path("/") / stage.workdir / path)
    return stage.root / inside.lstrip("/")


def mount(*words: str) -> None:
    """Mount something, in this namespace."""
    subprocess.run(["mount", *words], check=True)


def start(stage: Stage, command: Sequence[str], environ: dict[str, str]) -> None:
    """Become the command, as an engine would start it with a read-only root filesystem."""
    volumes = {name: environ.pop(name) for name in list(environ) if name.startswith("/")}
    for path in {*stage.volumes, *volumes}:
        place = stage.root / path.lstrip("/")
        status = place.stat()  # an empty volume is its owner's
        mode = f"mode={status.st_mode & 0o7777:o},uid={status.st_uid},gid={status.st_gid}"
        empty = ("-t", "tmpfs", "-o", mode, "volume")
        mount(*(("--bind", volumes[path]) if path in volumes else empty), str(place))
    mount("-t", "tmpfs", "-o", "size=64m,mode=1777", "shm", str(stage.root / "dev/shm"))
    mount("-o", "remount,ro", str(stage.root))
    user, _, group = stage.user.partition(":")
    os.chroot(stage.root)
    os.chdir(stage.workdir)
    drop = ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "--no-new-privs"]
    words = [*drop, "--bounding-set=-all", "--inh-caps=-all", *(command or stage.command)]
    os.execvpe(words[0], words, stage.env | environ)


def main(arguments: Sequence[str]) -> None:
    """Build, and become the container."""
    split = arguments.index("--")
    folder, environ = Path(arguments[0]), dict(word.split("=", 1) for word in arguments[1:split])
    layers = folder / "layers"
    layers.mkdir()
    install = environ.pop("INSTALL", "") == "1"
    stage = Builder(layers, install).build()
    if not install:
        _lend(stage)
    (folder / "ready").write_text(shlex.join(stage.command))
    start(stage, arguments[split + 1 :], environ)


if __name__ == "__main__":
    main(sys.argv[1:])
