"""The real supervisor, a process of its own, over a folder of real models that changes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.support import mlflow_models as foreign
from tests.support.serving import alive, catches, children_of, pid_in, wait_until
from webapp.catalog.index import read_index
from webapp.catalog.prepared import Prepared, read_prepared
from webapp.catalog.scan import CatalogEntry
from webapp.settings import ROOT

pytestmark = pytest.mark.filterwarnings("ignore")

SEEN = 5  # seconds until a change is in the index
PREPARED = 60  # until a model is prepared, on a busy machine
NOSY = "p + ('hunter2' in str(dict(__import__('os').environ)))"
SLEEP = (
    "import os, pathlib, time\npathlib.Path('note').write_text(str(os.getpid()))\ntime.sleep(600)"
)


@dataclass(frozen=True)
class Sleeper:
    """A model that is being prepared; it leaves a note in its draft, where alone it may write."""

    var: Path

    def pid(self) -> int:
        """Its process."""
        wait_until(lambda: list(self.var.rglob("note")), 30, "the note")
        return pid_in(next(self.var.rglob("note")))


class WatchedFolder:
    """A folder of models and the supervisor's index of it."""

    def __init__(self, folder: Path) -> None:
        self.models, self.var = folder / "models", folder / "var"
        self.models.mkdir()
        self.var.mkdir()

    @property
    def environ(self) -> dict[str, str]:
        secrets = dict.fromkeys(("SECRET_KEY", "API_TOKEN"), "hunter2-hunter2-hunter2")
        secrets["DATABASE_URL"] = f"sqlite:///{self.var / 'hunter2.db'}"
        settings = {"MODELS_URI": str(self.models), "VAR_DIR": str(self.var)}
        return os.environ | settings | secrets

    def entry(self, name: str) -> CatalogEntry | None:
        entries = read_index(self.var, self.models) or ()
        return next((entry for entry in entries if entry.name == name), None)

    def status(self, name: str) -> str | None:
        entry = self.entry(name)
        return entry.status if entry else None

    def wait(self, name: str, status: str | None, seconds: float) -> None:
        wait_until(lambda: self.status(name) == status, seconds, f"{name} is {status}")

    def prepared(self, name: str) -> Prepared:
        entry = self.entry(name)
        assert entry is not None
        return read_prepared(Path(str(entry.place)))

    def add(self, model: Path, name: str) -> None:
        shutil.copytree(model, self.models / name)

    @contextmanager
    def supervised(self, log: str = "log") -> Iterator[subprocess.Popen[bytes]]:
        with (self.var / log).open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "webapp.server.supervisor"],
                cwd=ROOT,
                env=self.environ,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
            try:
                yield process
            finally:
                process.kill()
                process.wait(10)


@pytest.fixture
def watched_folder(tmp_path: Path) -> WatchedFolder:
    return WatchedFolder(tmp_path)


@pytest.fixture(scope="module")
def models_built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models to be dropped."""
    folder = tmp_path_factory.mktemp("built")
    names = ("small", "app user", "new")
    foreign.save_code(folder / "plain", NOSY, foreign.columns(names))
    foreign.save_code(folder / "other", "p / 2", foreign.columns(names))
    foreign.save_sklearn(foreign.logit(3), folder / "pickled", serialization_format="pickle")
    foreign.save_running(folder / "killer", "import os, signal; os.kill(os.getpid(), 9)")
    return folder


@pytest.fixture
def sleeper(watched_folder: WatchedFolder, tmp_path: Path) -> Sleeper:
    """A model whose loading never ends."""
    foreign.save_running(tmp_path / "sleeper", SLEEP)
    watched_folder.add(tmp_path / "sleeper", "sleeper_v1")
    return Sleeper(watched_folder.var)


def test_folders_come_change_and_go(watched_folder: WatchedFolder, models_built: Path) -> None:
    shutil.copytree(ROOT / "models" / "logit_games_v1", watched_folder.models / "logit_games_v1")
    answers = foreign.answer_of_code(foreign.all_cases(3))
    with watched_folder.supervised() as process:
        watched_folder.wait("logit_games_v1", "ready", 20)
        watched_folder.add(models_built / "plain", "plain_v1")
        watched_folder.wait("plain_v1", "preparing", SEEN)
        watched_folder.wait("plain_v1", "ready", PREPARED)
        prepared = watched_folder.prepared("plain_v1")
        assert prepared.features.names == ("small", "app user", "new")
        assert np.abs(prepared.scores - answers).max() <= 1e-12, "or a secret reached the model"

        for name in ("killer", "pickled"):
            watched_folder.add(models_built / name, f"{name}_v1")
        shutil.rmtree(watched_folder.models / "plain_v1")
        watched_folder.add(models_built / "other", "plain_v1")
        watched_folder.wait("killer_v1", "preparing", SEEN)
        watched_folder.wait("plain_v1", "preparing", SEEN)
        assert watched_folder.status("logit_games_v1") == "ready"
        watched_folder.wait("killer_v1", "unavailable", PREPARED)
        watched_folder.wait("pickled_v1", "unavailable", PREPARED)
        watched_folder.wait("plain_v1", "ready", PREPARED)
        assert np.abs(watched_folder.prepared("plain_v1").scores - answers / 2).max() <= 1e-12
        killer, pickle_entry = watched_folder.entry("killer_v1"), watched_folder.entry("pickled_v1")
        assert killer is not None
        assert pickle_entry is not None
        assert killer.reason == "Preparing it crashed the interpreter (SIGKILL)"
        assert "saved as pickle" in str(pickle_entry.reason)

        shutil.rmtree(watched_folder.models / "plain_v1")
        watched_folder.wait("plain_v1", None, SEEN)
        assert watched_folder.status("logit_games_v1") == "ready"
        assert process.poll() is None
    log = (watched_folder.var / "log").read_text()
    assert "killer_v1: unavailable Preparing it crashed" in log
    assert "Traceback" not in log


def test_a_signal_ends_it_and_the_model_that_it_prepares(
    watched_folder: WatchedFolder, sleeper: Sleeper
) -> None:
    with watched_folder.supervised() as process:
        model = sleeper.pid()
        assert alive(model)
        process.terminate()
        assert process.wait(10) == 0
        wait_until(lambda: not alive(model), 5)
    assert watched_folder.status("sleeper_v1") == "preparing", "it may be well another day"
    drafts = [p.name for p in (watched_folder.var / "catalog").iterdir() if p.name != "index.json"]
    assert drafts == []


def test_killed_it_leaves_no_model_behind(watched_folder: WatchedFolder, sleeper: Sleeper) -> None:
    with watched_folder.supervised() as process:
        model = sleeper.pid()
        process.kill()
        process.wait(5)
        if sys.platform == "linux":
            wait_until(lambda: not alive(model), 5)


def test_it_ends_with_its_parent(watched_folder: WatchedFolder, sleeper: Sleeper) -> None:
    code = (
        "import subprocess, sys, time\n"
        "subprocess.Popen([sys.executable, '-m', 'webapp.server.supervisor'])\n"
        "time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=watched_folder.environ)
    try:
        model = sleeper.pid()
        (supervisor,) = children_of(parent.pid)
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait(5)
    wait_until(lambda: not alive(supervisor), 15)
    wait_until(lambda: not alive(model), 5)


def test_a_second_one_waits_for_its_turn(watched_folder: WatchedFolder) -> None:
    def drop(name: str) -> None:
        shutil.copytree(ROOT / "models" / "logit_games_v1", watched_folder.models / name)
        shutil.rmtree(watched_folder.models / name / "everycase")
        (watched_folder.models / name / "MLmodel").write_text("broken")

    with watched_folder.supervised("first") as first:
        wait_until(lambda: (watched_folder.var / "catalog" / "index.json").exists(), 20)
        with (
            watched_folder.supervised("second") as second,
            watched_folder.supervised("third") as third,
        ):
            drop("a_v1")
            watched_folder.wait("a_v1", "unavailable", PREPARED)
            assert (watched_folder.var / "second").read_text() == ""
            wait_until(lambda: catches(third.pid, signal.SIGTERM), 20, "it can be ended")
            third.terminate()
            assert third.wait(10) == 0, "one that waits can be ended, too"
            first.terminate()
            assert first.wait(10) == 0
            drop("b_v1")
            watched_folder.wait("b_v1", "unavailable", PREPARED)
            assert "b_v1: unavailable" in (watched_folder.var / "second").read_text()
            assert second.poll() is None


def test_a_setting_that_makes_no_sense_is_named(watched_folder: WatchedFolder) -> None:
    process = subprocess.run(
        [sys.executable, "-m", "webapp.server.supervisor"],
        cwd=ROOT,
        env=watched_folder.environ | {"PREPARE_SECONDS": "soon"},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert process.returncode == 1
    assert process.stderr == (
        "everycase: PREPARE_SECONDS is 'soon': it must be a whole number from 1 to 3600\n"
    )
