"""A hostile model's attacks: on secrets, files, other processes and the network."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import attacks
from tests.support import mlflow_models as foreign
from tests.support.serving import ask_json, free_port, served, wait_until
from webapp.confinement import confine
from webapp.confinement.bubblewrap import find_bubblewrap
from webapp.confinement.confine import (
    BUBBLEWRAP,
    CAPABILITIES,
    LANDLOCK,
    PARTS,
    SECCOMP,
    Confinement,
)
from webapp.confinement.landlock import landlock_version
from webapp.confinement.linux import IS_LINUX
from webapp.confinement.seccomp import can_filter
from webapp.limited_process import run_child
from webapp.settings import ROOT

pytestmark = pytest.mark.filterwarnings("ignore")
# With mounts of its own: a home that holds nothing but Python, the process above it in its
# namespace, and links and pipes in its draft, for which the draft is refused
OF_ITS_OWN = {"read_home", "read_memory_of_parent", "make_link", "make_pipe"}
SECRET = "hunter2-of-nobody-else"
HAS_LANDLOCK, HAS_SECCOMP = landlock_version() > 0, can_filter()


def attacked(targets: dict[str, Any], home: Path, names: str, parts: tuple[str, ...]) -> list[str]:
    """The attacks that worked, in a process with these parts of a confinement."""
    result = run_child(
        "attacks",
        [json.dumps(targets), names],
        seconds=60,
        megabytes=1000,
        confinement=Confinement((), str(home), parts),
    )
    assert result.ok, result.reason
    return list(json.loads(result.output))


@pytest.fixture
def targets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Files and a port as a server has them, and ``attacks`` as a module of a child."""
    for name in ("code", "home", "var/signing", "var/catalog", "models"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("secret_key", "everycase.db", "catalog/index.json"):
        (tmp_path / "var" / name).write_text("secret")
        (tmp_path / "var" / name).chmod(0o600)
    (tmp_path / "models" / "other_v1").mkdir()
    source = Path(attacks.__file__).read_text("utf-8")
    (tmp_path / "code" / "attacks.py").write_text(source)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "code"))
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield {
            "var": str(tmp_path / "var"),
            "models": str(tmp_path / "models"),
            "port": server.getsockname()[1],
            "secret": SECRET,
        }


def test_nothing_works_where_everything_holds(targets: dict[str, Any], tmp_path: Path) -> None:
    names = "ALL" if HAS_LANDLOCK and HAS_SECCOMP else "SECRETS"
    assert attacked(targets, tmp_path / "home", names, PARTS) == []


def test_landlock_keeps_files(targets: dict[str, Any], tmp_path: Path) -> None:
    names = "FILES" if HAS_LANDLOCK else "SECRETS"
    assert attacked(targets, tmp_path / "home", names, (LANDLOCK, CAPABILITIES)) == []


@pytest.mark.skipif(find_bubblewrap() is None, reason="there is no bubblewrap that may work here")
@pytest.mark.parametrize("parts", [(BUBBLEWRAP,), (BUBBLEWRAP, SECCOMP, CAPABILITIES)])
def test_bubblewrap_keeps_files_processes_and_the_network(
    targets: dict[str, Any], tmp_path: Path, parts: tuple[str, ...]
) -> None:
    names = "ALL" if SECCOMP in parts else "FILES"
    assert set(attacked(targets, tmp_path / "home", names, parts)) <= OF_ITS_OWN


def test_bubblewrap_takes_the_place_of_landlock_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confine, "find_bubblewrap", lambda: "bwrap")
    monkeypatch.setattr(confine, "IS_LINUX", True)
    wrappers = []
    for version in (0, 7):
        monkeypatch.setattr(confine, "landlock_version", lambda version=version: version)
        wrappers.append(confine.find_wrapper(Confinement()))
        assert confine.describe_confinement().startswith("Landlock 7" if version else "bubblewrap")
    assert wrappers == ["bwrap", None]
    assert confine.find_wrapper(None) is None, "what runs our own code isn't confined"


def test_the_filter_keeps_processes_and_the_network(
    targets: dict[str, Any], tmp_path: Path
) -> None:
    names = "PROCESSES" if HAS_SECCOMP else "SECRETS"
    assert attacked(targets, tmp_path / "home", names, (SECCOMP,)) == []


def test_the_attacks_are_real(targets: dict[str, Any], tmp_path: Path) -> None:
    names = set(attacked(targets, tmp_path / "home", "HARMLESS", ()))
    assert names >= {"read_key", "plant_file", "remove_index", "connect", "change_mode_of_key"}
    assert names >= {"make_link", "make_pipe", "read_other_models", "signal_parents"}


def test_a_hostile_model_of_a_server_with_secrets(tmp_path: Path) -> None:
    targets = {"var": str(tmp_path / "var"), "models": str(tmp_path / "models"), "secret": SECRET}
    targets["port"] = port = free_port()  # type: ignore[assignment]
    code = Path(attacks.__file__).read_text("utf-8").partition("if __name__")[0]
    names = "ALL" if HAS_LANDLOCK and HAS_SECCOMP else "SECRETS"
    code += f"raise RuntimeError('worked: ' + str(succeeded({targets!r}, {names})))"
    (tmp_path / "models").mkdir()
    foreign.save_running(tmp_path / "models" / "hostile_v1", code)
    environ = {"ADMIN_TOKEN": SECRET, "AWS_SECRET_ACCESS_KEY": SECRET, "PORT": str(port)}
    with served(tmp_path / "models", tmp_path / "var", **environ, WEB_CONCURRENCY="1") as (url, _):
        wait_until(lambda: reason(url), 90, "the model is refused")
        assert "worked: []" in reason(url)
        if IS_LINUX:
            # What it starts can be read until it has read its settings
            wait_until(lambda: not environments_of_others(), 20, "nobody's secrets can be read")


@pytest.mark.parametrize("line", ["pass", "settings.Settings.read()"])
def test_who_reads_settings_is_hidden(line: str) -> None:
    """Root's rights are given up first, which alone would keep others from looking."""
    code = (
        "import time; from webapp import settings; from webapp.confinement import linux\n"
        f"linux.drop_capabilities(keep_reading=False); {line}; print('ready', flush=True)\n"
        "time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {"ADMIN_TOKEN": SECRET},
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        names = environments_of_others()
        process.kill()
    assert bool(names) is (line == "pass" and IS_LINUX)


def reason(url: str) -> str:
    _, listing = ask_json(f"{url}/api/v1/versions")
    [version] = [one for one in listing["versions"] if one["version"] == "hostile_v1"]
    return str(version.get("reason") or "")


def environments_of_others() -> list[str]:
    """Where there is neither Landlock nor a filter, by a process without root's rights."""
    result = run_child(
        "tests.support.attacks",
        [json.dumps({"secret": SECRET}), "SECRETS"],
        seconds=60,
        megabytes=1000,
        confinement=Confinement(parts=(CAPABILITIES,)),
    )
    assert result.ok, result.reason
    return list(json.loads(result.output))
