"""What is pushed to Heroku: the files that its buildpack and its Deploy button read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.support.heroku import LOCKS, app_json, processes, pushed, runtime
from tests.support.locks import read_pins


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pushed(tmp_path_factory.mktemp("push"))


def test_the_build_root_is_what_the_buildpack_takes(code: Path) -> None:
    assert [name for name in LOCKS if (code / name).exists()] == ["requirements.txt"]
    loose = [pin for pin in read_pins(code / "requirements.txt") if "*" in pin]
    assert loose == []
    assert not (code / ".python-version").exists(), "two files would say which Python"
    assert (code / "bin" / "post_compile").read_text().startswith("#!")
    for left_out in (".git", "var", ".venv"):
        assert not (code / left_out).exists()


def test_the_runtime_is_the_python_of_every_shipped_model(code: Path) -> None:
    places = sorted((code / "models").glob("*/MLmodel"))
    assert len(places) == 4
    for place in places:
        flavor = yaml.safe_load(place.read_text())["flavors"]["python_function"]
        of_env = yaml.safe_load((place.parent / "python_env.yaml").read_text())["python"]
        conda = yaml.safe_load((place.parent / "conda.yaml").read_text())["dependencies"]
        of_conda = next(d for d in conda if str(d).startswith("python=")).partition("=")[2]
        pythons = {flavor["python_version"], of_env, of_conda.lstrip("=")}
        assert {version.rpartition(".")[0] for version in pythons} == {runtime(code)}, place


def test_app_json_makes_a_whole_app(code: Path) -> None:
    values = app_json(code)
    keys = {"name", "description", "keywords", "logo", "success_url", "stack", "buildpacks"}
    assert set(values) <= keys | {"website", "repository", "env", "formation", "addons"}
    assert len(values["description"]) <= 140
    assert values["stack"] == "heroku-24"
    assert values["buildpacks"] == [{"url": "heroku/python"}]
    assert values["addons"] == ["heroku-postgresql:essential-0"]
    known_types = processes(code)
    running = {name: process["quantity"] for name, process in values["formation"].items()}
    assert set(running) <= set(known_types), "there is no such process type"
    assert {name: n for name, n in running.items() if n} == {"web": 1}
    for name, how in values["env"].items():
        assert re.fullmatch(r"[A-Z][A-Z0-9_]*", name)
        assert set(how) <= {"description", "value", "required", "generator"}
        assert how["description"].endswith("."), name
        assert isinstance(how.get("value", ""), str)
    secrets = {n for n, how in values["env"].items() if how.get("generator") == "secret"}
    assert secrets == {"SECRET_KEY", "ADMIN_TOKEN"}  # a demo link is open to the README's client
    settings = (code / "docs" / "settings.md").read_text()
    assert all(f"| `{name}` |" in settings for name in values["env"])
