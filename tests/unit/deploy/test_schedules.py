"""What is shipped for schedulers calls the command, with options that it has."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from webapp.cli.retrain import retrain
from webapp.settings import ROOT


def text_of(path: Path) -> str:
    """A file's text, with split strings joined and the command by its usual name."""
    text = re.sub(r'"\s*\n\s*"', "", path.read_text("utf-8"))
    return text.replace("{os.environ.get('EVERYCASE', 'everycase')}", "everycase")


# Every file of deploy/ that calls it, so that a new place is held to it without a change here
FILES = [
    str(path.relative_to(ROOT))
    for path in sorted((ROOT / "deploy").rglob("*"))
    if path.is_file() and "everycase retrain --" in text_of(path)
] + ["docs/operations.md"]


@pytest.mark.parametrize("file", FILES)
def test_its_command_is_one_that_there_is(file: str) -> None:
    pattern = r"everycase retrain((?: --?[\w-]+(?: [\w,./%]+)?)+)"
    calls = re.findall(pattern, text_of(ROOT / file))
    assert calls, "it calls nothing"
    for options in calls:
        words = [word for word in shlex.split(options) if word != "--help"]
        context = retrain.make_context("retrain", words, resilient_parsing=False)
        assert context.params
