"""The app behind real gunicorn: every worker follows the folder of models, and stays light."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from tests.support import mlflow_models as foreign
from tests.support.model_folders import change_facts
from tests.support.serving import (
    alive,
    ask,
    ask_json,
    children_of,
    mapped_files,
    served,
    wait_until,
)
from webapp.settings import ROOT

pytestmark = pytest.mark.filterwarnings("ignore")

SHIPPED = ("hgb_games_v1", "keras_games_v1", "logit_games_v1", "logit_games_v2")
ROW = "&".join(f"G{i}={i % 2}" for i in range(1, 11))
HEAVY = {"mlflow", "sklearn", "pandas", "keras", "jax", "pyarrow", "scipy", "skops"}
HEAVY_FILES = re.compile(r"site-packages/(mlflow|sklearn|pandas|keras|jax|jaxlib|pyarrow|scipy)\b")


@pytest.fixture
def models(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "models", tmp_path / "models")
    return tmp_path / "models"


def supervisor_of(master: int) -> int | None:
    values = [
        pid for pid, command in children_of(master).items() if "webapp.server.supervisor" in command
    ]
    return values[0] if values else None


def workers_of(master: int) -> list[int]:
    return [pid for pid, command in children_of(master).items() if "gunicorn" in command]


def test_every_worker_serves_a_dropped_model(models: Path, tmp_path: Path) -> None:
    foreign.save_code(tmp_path / "m", signature=foreign.columns(("x", "y")))
    with served(models, tmp_path / "var", python=Path(sys.executable)) as (url, master):
        question = f"{url}/?x=1&y=1&version=dropped_v1"
        wait_until(lambda: len(workers_of(master.pid)) == 2, 10, "both workers are there")
        workers = workers_of(master.pid)
        assert ask(question)[0] == 404
        shutil.copytree(tmp_path / "m", models / "dropped_v1")
        wait_until(lambda: ask(question)[0] == 503, 5, "the version is being prepared")
        wait_until(lambda: ask(question)[0] == 200, 60, "the version is served")
        wait_until(lambda: all(ask(question)[0] == 200 for _ in range(40)), 2, "by all workers")
        for _ in range(40):
            status, values = ask_json(question)
            assert (status, float(values["response"])) == (200, pytest.approx(0.675, abs=1e-12))
        first = supervisor_of(master.pid)
        assert first is not None
        os.kill(first, 9)
        wait_until(lambda: supervisor_of(master.pid) not in (None, first), 10, "another one")
        shutil.rmtree(models / "dropped_v1")
        wait_until(lambda: ask(question)[0] == 404, 10, "the version is gone")
        wait_until(lambda: all(ask(question)[0] == 404 for _ in range(40)), 2, "from all workers")
        assert sorted(workers_of(master.pid)) == sorted(workers), "none was started anew"
        last = supervisor_of(master.pid)
        master.terminate()
        assert master.wait(40) == 0
        wait_until(lambda: not alive(int(last or 0)), 10, "the supervisor ends with gunicorn")
    log = (tmp_path / "var" / "gunicorn.log").read_text()
    assert f"Everycase is ready: {url}" in log
    assert "Traceback" not in log


def test_workers_stay_light(models: Path, tmp_path: Path) -> None:
    """After a request to each page and an upload, no worker has loaded what is heavy."""
    csv = (",".join(foreign.NAMES) + "\n" + "1,0,1,0,1,0,1,0,1,0\n" * 50).encode()
    versions: dict[int, set[str]] = {}
    with served(models, tmp_path / "var", target="tests.support.worker_probe:application") as (
        url,
        master,
    ):

        def use() -> bool:
            for path in ("/", "/nowhere", "/_dash-layout", "/_dash-dependencies"):
                assert ask(f"{url}{path}", "text/html")[0] in (200, 404), path
            for name in SHIPPED:
                assert ask(f"{url}/?{ROW}&version={name}")[0] == 200, name
            assert b'"rows": 50' in ask(f"{url}/_upload", data=csv)[1]
            _, worker = ask_json(f"{url}/_worker")
            versions[worker["pid"]] = set(worker["modules"])
            return len(versions) == 2

        wait_until(use, 60, "both workers answered")
        for _ in range(5):
            use()
        workers, supervisor = workers_of(master.pid), supervisor_of(master.pid)
        assert sorted(versions) == sorted(workers)
        for modules in versions.values():
            assert "webapp.app" in modules
            assert not HEAVY & {name.partition(".")[0] for name in modules}
        for pid in (*workers, master.pid, supervisor):
            maps = mapped_files(pid)
            assert maps is None or "numpy" in maps
            assert HEAVY_FILES.findall(maps or "") == [], pid


def without_keras(place: Path) -> Path:
    """A Python that has all that this one has, except for Keras and JAX."""
    venv.create(place, with_pip=False, symlinks=True)
    python = place / "bin" / "python"
    there = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    for path in Path(sysconfig.get_path("purelib")).iterdir():
        if not re.match(r"(keras|jax)", path.name, re.IGNORECASE):
            Path(there, path.name).symlink_to(path)
    return python


def test_keras_versions_are_served_where_keras_is_absent(models: Path, tmp_path: Path) -> None:
    python = without_keras(tmp_path / "venv")
    check = [str(python), "-c", "import sklearn, keras"]
    assert b"No module named 'keras'" in subprocess.run(check, capture_output=True).stderr
    (models / "late_v1").mkdir()
    with served(models, tmp_path / "var", python=python) as (url, _):
        for name in SHIPPED:
            assert ask(f"{url}/?{ROW}&version={name}")[0] == 200, name
        shutil.copytree(models / "keras_games_v1", tmp_path / "late")
        change_facts(tmp_path / "late" / "everycase", seconds=9.0)  # or its bytes are believed
        wait_until((tmp_path / "var" / "catalog" / "index.json").exists, 20, "the first look")
        shutil.copytree(tmp_path / "late", models / "keras_late_v1")
        question = f"{url}/?{ROW}&version=keras_late_v1"
        _, first = ask_json(f"{url}/?{ROW}&version=keras_games_v1")
        wait_until(  # by each answer: workers follow the index one by one, a moment apart
            lambda: ask_json(question)[1].get("response") == first["response"],
            60,
            "the late version is served, too",
        )
    process = subprocess.run(
        [str(python), "-m", "webapp.cli", "versions"],
        cwd=ROOT,
        env=os.environ | {"MODELS_URI": str(models), "VAR_DIR": str(tmp_path / "var")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert process.returncode == 0, process.stderr
    lines = {line.split()[0]: line for line in process.stdout.splitlines()}
    assert "Served from its stored table: keras isn't installed here." in lines["keras_games_v1"]
    assert "unchecked, as keras isn't installed here" in lines["keras_late_v1"]
    assert "MLmodel file is missing" in lines["late_v1"]


def test_gunicorn_says_which_setting_is_wrong(tmp_path: Path) -> None:
    process = subprocess.run(
        [sys.executable, "-m", "gunicorn", "webapp.wsgi:server"],
        cwd=ROOT,
        env=os.environ | {"VAR_DIR": str(tmp_path), "PORT": "eighty"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert process.returncode != 0
    assert (
        "everycase: PORT is 'eighty': it must be a whole number from 1 to 65535" in process.stderr
    )
