"""The real supervisor, a process of its own, over a folder of real models that changes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from tests.support import mlflow_models as foreign
from tests.support.serving import alive, catches, children_of, pid_in, wait_until
from webapp.catalog.index import read_index
from webapp.catalog.prepared import Prepared, read_prepared
from webapp.catalog.scan import Entry
from webapp.settings import ROOT

pytestmark = pytest.mark.filterwarnings("ignore")

SEEN = 5  # seconds until a change is in the index
PREPARED = 60  # until a model is prepared, on a busy machine
NOSY = "p + ('hunter2' in str(dict(__import__('os').environ)))"
SLEEP = (
    "import os, pathlib, time\npathlib.Path({note!r}).write_text(str(os.getpid()))\ntime.sleep(600)"
)


class House:
    """A folder of models and the supervisor's index of it."""

    def __init__(self, folder: Path) -> None:
        self.models, self.var = folder / "models", folder / "var"
        self.models.mkdir()
        self.var.mkdir()

    @property
    def environ(self) -> dict[str, str]:
        secrets = dict.fromkeys(("SECRET_KEY", "API_TOKEN"), "hunter2-hunter2-hunter2")
        secrets["DATABASE_URL"] = f"sqlite:///{self.var / 'hunter2.db'}"
        given = {"MODELS_URI": str(self.models), "VAR_DIR": str(self.var)}
        return os.environ | given | secrets

    def entry(self, name: str) -> Entry | None:
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
def house(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models to be dropped."""
    folder = tmp_path_factory.mktemp("built")
    names = ("small", "app user", "new")
    foreign.save_code(folder / "plain", NOSY, foreign.columns(names))
    foreign.save_code(folder / "other", "p / 2", foreign.columns(names))
    foreign.save_sklearn(foreign.logit(3), folder / "pickled", serialization_format="pickle")
    foreign.save_running(folder / "killer", "import os, signal; os.kill(os.getpid(), 9)")
    return folder


@pytest.fixture
def sleeper(house: House, tmp_path: Path) -> Path:
    """A model that sleeps for ever is being prepared; the file that holds its process number."""
    note = tmp_path / "note"
    foreign.save_running(tmp_path / "sleeper", SLEEP.format(note=str(note)))
    house.add(tmp_path / "sleeper", "sleeper_v1")
    return note


def test_folders_come_change_and_go(house: House, built: Path) -> None:
    shutil.copytree(ROOT / "models" / "logit_games_v1", house.models / "logit_games_v1")
    answers = foreign.answer_of_code(foreign.all_cases(3))
    with house.supervised() as process:
        house.wait("logit_games_v1", "ready", 20)
        house.add(built / "plain", "plain_v1")
        house.wait("plain_v1", "preparing", SEEN)
        house.wait("plain_v1", "ready", PREPARED)
        prepared = house.prepared("plain_v1")
        assert prepared.features.names == ("small", "app user", "new")
        assert np.abs(prepared.scores - answers).max() <= 1e-12, "or a secret reached the model"

        for name in ("killer", "pickled"):
            house.add(built / name, f"{name}_v1")
        shutil.rmtree(house.models / "plain_v1")
        house.add(built / "other", "plain_v1")
        house.wait("killer_v1", "preparing", SEEN)
        house.wait("plain_v1", "preparing", SEEN)
        assert house.status("logit_games_v1") == "ready"
        house.wait("killer_v1", "unavailable", PREPARED)
        house.wait("pickled_v1", "unavailable", PREPARED)
        house.wait("plain_v1", "ready", PREPARED)
        assert np.abs(house.prepared("plain_v1").scores - answers / 2).max() <= 1e-12
        killer, pickled = house.entry("killer_v1"), house.entry("pickled_v1")
        assert killer is not None
        assert pickled is not None
        assert killer.reason == "preparing it crashed the interpreter (SIGKILL)"
        assert "saved as pickle" in str(pickled.reason)

        shutil.rmtree(house.models / "plain_v1")
        house.wait("plain_v1", None, SEEN)
        assert house.status("logit_games_v1") == "ready"
        assert process.poll() is None
    log = (house.var / "log").read_text()
    assert "killer_v1: unavailable preparing it crashed" in log
    assert "Traceback" not in log


def test_a_signal_ends_it_and_the_model_that_it_prepares(house: House, sleeper: Path) -> None:
    with house.supervised() as process:
        model = pid_in(sleeper)
        assert alive(model)
        process.terminate()
        assert process.wait(10) == 0
        wait_until(lambda: not alive(model), 5)
    assert house.status("sleeper_v1") == "preparing", "it may be well another day"
    drafts = [p.name for p in (house.var / "catalog").iterdir() if p.name != "index.json"]
    assert drafts == []


def test_killed_it_leaves_no_model_behind(house: House, sleeper: Path) -> None:
    with house.supervised() as process:
        model = pid_in(sleeper)
        process.kill()
        process.wait(5)
        if sys.platform == "linux":
            wait_until(lambda: not alive(model), 5)


def test_it_ends_with_its_parent(house: House, sleeper: Path) -> None:
    code = (
        "import subprocess, sys, time\n"
        "subprocess.Popen([sys.executable, '-m', 'webapp.server.supervisor'])\n"
        "time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=house.environ)
    try:
        model = pid_in(sleeper)
        (supervisor,) = children_of(parent.pid)
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait(5)
    wait_until(lambda: not alive(supervisor), 15)
    wait_until(lambda: not alive(model), 5)


def test_a_second_one_waits_for_its_turn(house: House) -> None:
    def drop(name: str) -> None:
        shutil.copytree(ROOT / "models" / "logit_games_v1", house.models / name)
        shutil.rmtree(house.models / name / "everycase")
        (house.models / name / "MLmodel").write_text("broken")

    with house.supervised("first") as first:
        wait_until(lambda: (house.var / "catalog" / "index.json").exists(), 20)
        with house.supervised("second") as second, house.supervised("third") as third:
            drop("a_v1")
            house.wait("a_v1", "unavailable", PREPARED)
            assert (house.var / "second").read_text() == ""
            wait_until(lambda: catches(third.pid, signal.SIGTERM), 20, "it can be ended")
            third.terminate()
            assert third.wait(10) == 0, "one that waits can be ended, too"
            first.terminate()
            assert first.wait(10) == 0
            drop("b_v1")
            house.wait("b_v1", "unavailable", PREPARED)
            assert "b_v1: unavailable" in (house.var / "second").read_text()
            assert second.poll() is None


def test_a_setting_that_makes_no_sense_is_named(house: House) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "webapp.server.supervisor"],
        cwd=ROOT,
        env=house.environ | {"PREPARE_SECONDS": "soon"},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 1
    assert done.stderr == (
        "everycase: PREPARE_SECONDS is 'soon': it must be a whole number from 1 to 3600\n"
    )
