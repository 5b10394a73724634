"""What preparing a model may take: memory, processor time, processes and disk, as a whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import mlflow_models as foreign
from tests.support.serving import alive, wait_until
from webapp.catalog.limits import PrepareLimits
from webapp.catalog.prepared import Facts, Prepared
from webapp.catalog.preparer import prepare_in_child
from webapp.catalog.records import run_once
from webapp.confinement import usage
from webapp.confinement.confine import CAPABILITIES, LANDLOCK, PARTS, Confinement
from webapp.confinement.endings import reason_of
from webapp.confinement.linux import IS_LINUX
from webapp.limited_process import STOPPED, ChildResult, run_child
from webapp.settings import ROOT

pytestmark = pytest.mark.filterwarnings("ignore")
Running = Callable[..., ChildResult]


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Running:
    """Run code in a confined process whose home is ``tmp_path / "home"``."""
    (tmp_path / "code").mkdir()
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "code"))

    def run(
        code: str,
        parts: tuple[str, ...] = PARTS,
        megabytes: int = 1000,
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> ChildResult:
        (tmp_path / "code" / "work_of_a_model.py").write_text(code)
        return run_child(
            "work_of_a_model",
            [],
            seconds=30,
            megabytes=megabytes,
            is_stopped=is_stopped,
            confinement=Confinement((), str(tmp_path / "home"), parts),
        )

    return run


def test_many_jobs_share_one_limit_of_memory(tmp_path: Path) -> None:
    from sklearn.ensemble import RandomForestClassifier, VotingClassifier

    rows, label = foreign.rows_of(4)
    forest = RandomForestClassifier(4, random_state=1)
    voting = VotingClassifier([("a", forest), ("b", foreign.logit(4))], voting="soft")
    voting.fit(rows, label)
    for model in (voting, *voting.estimators_):
        model.n_jobs = 12
    types = ["sklearn.tree._tree.Tree", "sklearn.utils._bunch.Bunch"]
    foreign.save_sklearn(voting, tmp_path / "m", skops_trusted_types=types)
    draft = tmp_path / "home" / "prepared"
    draft.parent.mkdir()
    outcome = run_once(tmp_path / "m", draft, prepare_in_child(PrepareLimits(megabytes=1024)).run)
    assert isinstance(outcome, Prepared), outcome.reason if isinstance(outcome, Facts) else outcome
    voting.n_jobs = None
    answers = voting.predict_proba(foreign.all_cases(4))[:, 1]
    assert abs(outcome.scores - answers).max() <= 1e-12


def test_memory_of_all_processes_counts_where_there_may_be_several(running: Running) -> None:
    code = (
        "import os, time\n"
        "for _ in range(3):\n"
        "    if os.fork() == 0: os.setsid(); break\n"
        "memory = b'x' * (200 << 20)\n"
        "time.sleep(20)\n"
    )
    result = running(code, (LANDLOCK, CAPABILITIES), 500)
    assert result.reason == "needed more than 500 MB of memory"


def test_processor_time_and_open_files_are_limited(running: Running) -> None:
    code = (
        "import resource\n"
        "print(resource.getrlimit(resource.RLIMIT_CPU), resource.getrlimit(resource.RLIMIT_NOFILE))"
    )
    assert running(code).output == b"(30, 35) (512, 512)\n"
    reason = reason_of(-signal.SIGXCPU, 500, b"", 30)
    assert reason == "needed more than 30 s of processor time"


@pytest.mark.parametrize(
    "code",
    [
        "open('large', 'wb').write(bytes(9 << 20))",
        "import os; file = open('large', 'wb'); os.unlink('large'); file.write(bytes(9 << 20))",
        "for i in range(300): open(str(i), 'w').close()",
    ],
    ids=["a file", "a deleted file", "many files"],
)
def test_disk_is_limited(running: Running, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    monkeypatch.setattr(usage, "DISK_MB", 8)
    monkeypatch.setattr(usage, "_MOST_ENTRIES", 200)
    result = running(code + "\nimport time; time.sleep(20)")
    assert result.reason == "wrote more than 8 MB of files"


LEAVING = """
import os, signal, time
from pathlib import Path
if os.fork() == 0:
    os.setsid()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if os.fork() == 0:
        Path("new").write_text(str(os.getpid()))
        os.rename("new", "orphan")
        time.sleep(600)
    os._exit(0)
while not Path("orphan").exists():
    time.sleep(0.01)
"""


@pytest.mark.skipif(not IS_LINUX, reason="only Linux gives orphans to a reaper")
@pytest.mark.parametrize(
    ("end", "reason"),
    [
        ("print('done')", None),
        ("os._exit(3)", "ended with: status 3"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "crashed the interpreter (SIGSEGV)"),
        ("time.sleep(600)", STOPPED),
    ],
)
def test_nobody_is_left_behind_where_processes_may_be_started(
    running: Running, tmp_path: Path, end: str, reason: str | None
) -> None:
    orphan = tmp_path / "home" / "orphan"
    stop = orphan.exists if reason == STOPPED else lambda: False
    result = running(LEAVING + end, (LANDLOCK, CAPABILITIES), is_stopped=stop)
    assert (result.reason, result.output) == (reason, b"" if reason else b"done\n")
    assert not alive(int(orphan.read_text()))


@pytest.mark.skipif(not IS_LINUX, reason="only Linux gives orphans to a reaper")
def test_nobody_outlives_a_killed_server(tmp_path: Path) -> None:
    (tmp_path / "work_of_a_model.py").write_text(f"{LEAVING}time.sleep(600)")
    call = (
        "from webapp.limited_process import run_child; "
        "from webapp.confinement.confine import Confinement; "
        "run_child('work_of_a_model', [], seconds=600, megabytes=500, "
        f"confinement=Confinement((), {str(tmp_path)!r}, ()))"
    )
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    server = subprocess.Popen([sys.executable, "-c", call], env=os.environ | {"PYTHONPATH": path})
    orphan = tmp_path / "orphan"
    wait_until(orphan.exists, 60, "there is an orphan")
    server.kill()
    server.wait()
    wait_until(lambda: not alive(int(orphan.read_text())), 60, "nobody is left")


def test_an_odd_request_gets_an_error_that_a_model_can_handle(running: Running) -> None:
    code = (
        "import os, pathlib, shutil, tempfile, threading\n"
        "pathlib.Path('touched').touch()\n"
        "pathlib.Path('a').write_text('x'); shutil.copy2('a', 'b'); os.chmod('b', 0o600)\n"
        "with tempfile.TemporaryDirectory() as place: (pathlib.Path(place) / 'c').touch()\n"
        "thread = threading.Thread(target=print, args=('thread',)); thread.start(); thread.join()\n"
        "os.rename('a', 'd')\n"
        "print(sorted(os.listdir('.')), os.path.expanduser('~') == os.getcwd())"
    )
    assert running(code).output == b"thread\n['b', 'd', 'touched'] True\n"
