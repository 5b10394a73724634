"""Models that hang, eat memory or kill their interpreter, each in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import mlflow_models as foreign
from webapp.catalog.digest import model_digest
from webapp.catalog.environment import describe_rules
from webapp.catalog.limits import PrepareLimits
from webapp.catalog.prepared import Facts, read_facts, read_prepared
from webapp.catalog.preparer import prepare_in_child
from webapp.catalog.records import make_record
from webapp.catalog.scan import CatalogEntry
from webapp.limited_process import OUTPUT_MB, run_child
from webapp.settings import ROOT

pytestmark = pytest.mark.filterwarnings("ignore")
IS_LINUX = sys.platform == "linux"


def recorded(tmp_path: Path, limits: PrepareLimits | None = None) -> Facts:
    """What the record of the model in ``tmp_path / "m"`` says; its process is gone by then."""
    place = tmp_path / "records" / "key"
    entry = CatalogEntry("m", "preparing", key="key")
    assert make_record(tmp_path / "m", entry, place, prepare_in_child(limits or PrepareLimits()))
    assert [path.name for path in place.parent.iterdir()] == ["key"], "no draft is left"
    return read_facts(place)


HOSTILE = {
    "sleeps": ("import time; time.sleep(600)", "Preparing it took longer than 7 s"),
    "eats memory": (
        "held = bytearray(10 << 30)",
        "Preparing it needed more than 3,000 MB of memory",
    ),
    "eats arrays": (
        "import numpy; held = [numpy.zeros(1 << 27) for _ in range(10)]",
        "Preparing it needed more than 3,000 MB of memory",
    ),
    "SIGKILL": (
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
        "Preparing it crashed the interpreter (SIGKILL)",
    ),
    "SIGSEGV": (
        "import ctypes; ctypes.string_at(0)",
        "Preparing it crashed the interpreter (SIGSEGV)",
    ),
    "leaves": ("import os; os._exit(0)", "Preparing it ended without a result"),
    "pretends to have changed": (
        "import os; os._exit(79)",
        "Preparing it ended with status 79: sa",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_model_becomes_a_reason(tmp_path: Path, name: str) -> None:
    statements, reason = HOSTILE[name]
    foreign.save_running(tmp_path / "m", statements)
    limits = PrepareLimits(seconds=7 if "longer" in reason else 60, megabytes=3000)
    facts = recorded(tmp_path, limits)
    assert str(facts.reason).startswith(reason)
    assert facts.digest == model_digest(tmp_path / "m")
    assert facts.transient
    assert facts.rules == describe_rules(allow_pickle=False)


def test_an_honest_model_in_a_process_of_its_own(tmp_path: Path) -> None:
    foreign.save_code(tmp_path / "m")
    assert recorded(tmp_path).reason is None
    prepared = read_prepared(tmp_path / "records" / "key")
    answers = foreign.answer_of_code(foreign.all_cases(10))
    assert abs(prepared.scores - answers).max() <= 1e-12


def test_secrets_do_not_reach_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("SECRET_KEY", "API_TOKEN", "DATABASE_URL", "AWS_SECRET_ACCESS_KEY", "MLFLOW_TOKEN")
    for name in names:
        monkeypatch.setenv(name, "hunter2")
    foreign.save_running(
        tmp_path / "m",
        "import os\n"
        "if 'hunter2' in str(dict(os.environ)): raise RuntimeError('found it')\n"
        "raise RuntimeError('PATH' in os.environ)",
    )
    reason = str(recorded(tmp_path).reason)
    assert "Loading or scoring it failed" in reason
    assert "Error: True" in reason


# --- The processes themselves, with modules that need no mlflow -----------------------------------


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Write a module that a child process can run."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def make(code: str) -> str:
        (tmp_path / "work_of_a_child.py").write_text(code)
        return "work_of_a_child"

    return make


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"


def gone(pid: int, seconds: float = 5) -> bool:
    end = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < end:
        time.sleep(0.05)
    return not alive(pid)


def pid_in(file: Path, seconds: float = 20) -> int:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if file.exists() and file.read_text().strip():
            return int(file.read_text())
        time.sleep(0.05)
    raise AssertionError(f"{file} never came")


def test_input_output_and_arguments(module: Callable[[str], str]) -> None:
    code = "import sys; print(sys.argv[1:], sys.stdin.read().upper(), end='')"
    result = run_child(module(code), ["a", "-b"], seconds=20, megabytes=500, stdin=b"given")
    assert result.ok
    assert result.output == b"['a', '-b'] GIVEN"


def test_what_a_child_started_ends_with_it(module: Callable[[str], str], tmp_path: Path) -> None:
    note = tmp_path / "pid"
    code = (
        "import subprocess, pathlib\n"
        "started = subprocess.Popen(['sleep', '600'])\n"
        f"pathlib.Path({str(note)!r}).write_text(str(started.pid))\n"
    )
    assert run_child(module(code), [], seconds=20, megabytes=500).ok
    assert gone(pid_in(note))


def test_it_can_be_stopped(module: Callable[[str], str]) -> None:
    start = time.monotonic()
    result = run_child(
        module("import time; time.sleep(600)"),
        [],
        seconds=300,
        megabytes=500,
        is_stopped=lambda: time.monotonic() > start + 0.5,
    )
    assert result.reason == "was stopped"
    assert time.monotonic() - start < 10


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (
            "import signal\n"
            "for n in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM):\n"
            "    signal.signal(n, signal.SIG_IGN)\n"
            "while True: pass",
            "took longer than 1 s",
        ),
        ("held = bytearray(1 << 30)", "needed more than 500 MB of memory"),
        ("import os; os.abort()", "crashed the interpreter (SIGABRT)"),
        ("import os; os.kill(os.getpid(), 36)", "crashed the interpreter (signal 36)"),
        ("raise SystemExit(3)", "ended with: status 3"),
        (
            f"open(__file__ + '.large', 'wb').write(bytes({OUTPUT_MB + 1} << 20))",
            "ended with: OSError: [Errno 27] File too large",
        ),
    ],
    ids=["ignores signals", "memory", "aborts", "real-time signal", "status", "fills the disk"],
)
def test_the_end_of_a_child(module: Callable[[str], str], code: str, reason: str) -> None:
    seconds = 1 if "longer" in reason else 20
    result = run_child(module(code), [], seconds=seconds, megabytes=500)
    assert (result.ok, result.output, result.reason) == (False, b"", reason)


def test_a_torrent_of_words_is_cut(module: Callable[[str], str]) -> None:
    code = "import sys; sys.stderr.write('x' * 3_000_000 + 'the end'); sys.exit(3)"
    result = run_child(module(code), [], seconds=20, megabytes=500)
    assert str(result.reason).startswith("ended with: xxx")
    assert len(str(result.reason)) < 250


@pytest.mark.skipif(not IS_LINUX, reason="Linux' own way")
def test_a_child_ends_when_its_parent_is_killed(
    module: Callable[[str], str], tmp_path: Path
) -> None:
    note = tmp_path / "pid"
    name = module(
        "import os, pathlib, time\n"
        f"pathlib.Path({str(note)!r}).write_text(str(os.getpid()))\n"
        "time.sleep(600)"
    )
    call = f"run_child({name!r}, [], seconds=600, megabytes=500)"
    code = f"from webapp.limited_process import run_child; {call}"
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    try:
        child = pid_in(note)
        assert alive(child)
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait(10)
    assert gone(child)


def test_a_child_of_a_dead_parent_does_not_begin(tmp_path: Path) -> None:
    (tmp_path / "late.py").write_text("print('begun')")
    process = subprocess.run(
        [sys.executable, "-m", "webapp.limited_process", "1", "500", "late"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        timeout=30,
    )
    assert (process.returncode, process.stdout) == (1, b"")
