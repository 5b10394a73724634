"""Where there is nothing to show: what would be there, and a command that is true."""

from __future__ import annotations

import re
import shlex
import sys
from html import unescape
from pathlib import Path
from types import ModuleType

import click
import pytest

from tests.support.versions import HandCatalog, ready
from tests.unit.components.test_page_terms import html_of
from webapp.app import create_app
from webapp.cases import Features
from webapp.cli.main import main
from webapp.components import empty_state, ways
from webapp.components.filters import SOURCES
from webapp.components.markup import markup
from webapp.pages import load_pages
from webapp.settings import ROOT, Settings

INPUTS = Features(("late", "a b"))
PAGES = load_pages()
NAMES = [page.__name__.split(".")[2] for page in PAGES]


def copied(text: str) -> list[str]:
    return [unescape(each) for each in re.findall(r'data-copy="([^"]*)"', text)]


def parsed(words: list[str]) -> click.Context:
    """Arguments of the command ``everycase`` as it reads them, without running it."""
    command: click.Command = main
    context = click.Context(command)
    while isinstance(command, click.Group):
        child = command.get_command(context, words[0])
        assert child is not None, words
        command, words = child, words[1:]
    return command.make_context(command.name, words)


@pytest.mark.parametrize("source", [None, *SOURCES])
def test_every_source_has_a_way_that_exists(source: str | None) -> None:
    text = markup(ways.to_traffic(source, INPUTS))  # type: ignore[arg-type]
    if source in {"form", "edge"}:
        address = re.findall(r'href="([^"]+)"', text)
        assert address == ["/"] or (ROOT / address[0][1:]).with_suffix(".md").exists()
        return
    (line,) = copied(text)
    assert unescape(text).count(line) == 3  # it is read, copied, and named by its button
    words = shlex.split(line)
    if words[0] == "curl":
        assert "http://127.0.0.1:8050/" in line
        assert words[-1].endswith(("?late=0&a%20b=0", '{"rows": [{"late": 0, "a b": 0}]}'))
    else:
        assert parsed(words[1:]).params


def test_the_other_commands_are_read_by_the_program() -> None:
    (train,) = copied(markup(ways.to_versions("it's")))
    assert parsed(shlex.split(train)[1:]).params["name"] == "it's"
    (outcome,) = copied(markup(ways.to_outcomes(has_token=True)))
    assert shlex.split(outcome)[-1] == '[{"id": "ID", "label": 1}]'
    assert "Set API_TOKEN" in markup(ways.to_outcomes(has_token=False))


def test_programs_send_a_token_where_one_is_needed() -> None:
    assert "$API_TOKEN" not in markup(ways.to_traffic("api", INPUTS))
    assert "$API_TOKEN" in markup(ways.to_traffic("api", INPUTS, has_token=True))


def test_the_command_is_called_as_it_is_here(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(empty_state, "_ROOT", tmp_path)
    assert empty_state.program() == "everycase"  # such as in a container
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/everycase").touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path / ".venv"))
    assert empty_state.program() == ".venv/bin/everycase"  # as after make run


@pytest.mark.parametrize("versions", [0, 1])
@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_a_page_without_what_it_is_about_says_what_brings_it(
    page: ModuleType, versions: int, tmp_path: Path
) -> None:
    settings = Settings(models_uri=tmp_path / "models", var_dir=tmp_path / "var", demo=False)
    catalog = HandCatalog([ready("churn_v1", INPUTS, seed=1)][:versions])
    path = getattr(page, "PATH", "/")
    app = create_app(settings, catalog)
    with app.server.test_request_context(path):
        text = html_of(page.layout())
    app.services.close()
    lines = copied(text)
    if path == "/" and versions:
        assert lines == []
        return
    way = "demo" if versions and path in {"/drift", "/models"} else "train"
    assert shlex.split(lines[0])[1] == way
    assert "needs a second version" not in text
