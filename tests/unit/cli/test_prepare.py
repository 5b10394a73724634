"""``everycase prepare``: what is asked where, and what is remembered of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.support.model_folders import answering, make_model, refusing
from webapp.catalog.index import RECORDS
from webapp.catalog.preparer import Preparer
from webapp.catalog.scan import Scanner
from webapp.catalog.venvs.wishes import has_wish
from webapp.cli.main import main
from webapp.server.preparation import ENVIRONMENTS, create_preparer
from webapp.settings import Settings

REASON = "Its environment couldn't be built: boom"


@pytest.fixture
def everycase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs the command, with answers here and a refusal in own environments."""

    def create(settings: Settings, env: str | None = None) -> Preparer:
        genuine = create_preparer(settings, env=env)
        if genuine.own is None:  # one place for all
            return replace(genuine, run=refusing(REASON) if env == "own" else answering)
        own = replace(genuine.own, run=refusing(REASON))
        return replace(genuine, run=answering, own=own)

    monkeypatch.setattr("webapp.server.preparation.create_preparer", create)
    environ = {"MODELS_URI": str(tmp_path / "models"), "VAR_DIR": str(tmp_path / "var")}
    return lambda *words: CliRunner().invoke(main, ["prepare", *words], env=environ)


def test_where_a_version_is_asked_is_remembered(
    everycase: Callable[..., Result], tmp_path: Path
) -> None:
    make_model(tmp_path / "models", "a_v1")
    (entry,) = Scanner(tmp_path / "models", tmp_path / "var" / RECORDS).scan()
    wishes = tmp_path / "var" / ENVIRONMENTS

    assert "a_v1                     ready" in everycase("a_v1").output
    result = everycase("a_v1", "--env", "own")
    assert (result.exit_code, REASON in result.output) == (1, True)
    assert has_wish(wishes, entry.digest)
    assert REASON in everycase("a_v1").output  # PREPARE_ENV is here, and the wish counts
    result = everycase("a_v1", "--env", "here")
    assert (result.exit_code, "ready" in result.output) == (0, True)
    assert not has_wish(wishes, entry.digest)


def test_a_version_that_is_not_there(everycase: Callable[..., Result]) -> None:
    result = everycase("b_v1")
    assert (result.exit_code, result.output) == (
        1,
        "Error: no version b_v1: see everycase versions\n",
    )


def test_records_of_own_environments_are_kept_here(tmp_path: Path) -> None:
    settings = Settings(var_dir=tmp_path)
    here, own = create_preparer(settings), create_preparer(replace(settings, prepare_env="own"))
    assert own.rules in here.all_rules
    assert here.rules not in own.all_rules
    assert create_preparer(settings, env="here").all_rules == (here.rules,)
