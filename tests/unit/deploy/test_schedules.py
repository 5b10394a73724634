"""What is shipped for schedulers calls the command, with options that it has."""

from __future__ import annotations

import re
import shlex

import pytest

from webapp.cli.retrain import retrain
from webapp.settings import ROOT

FILES = (
    "deploy/cron/crontab",
    "deploy/cron/everycase-retrain.service",
    "deploy/airflow/everycase_retrain.py",
    "docs/operations.md",
)


@pytest.mark.parametrize("file", FILES)
def test_its_command_is_one_that_there_is(file: str) -> None:
    text = re.sub(r'"\s*\n\s*"', "", (ROOT / file).read_text("utf-8"))
    text = text.replace("{os.environ.get('EVERYCASE', 'everycase')}", "everycase")
    found = re.findall(r"everycase retrain((?: --?[\w-]+(?: [\w,./%]+)?)+)", text)
    assert found, "it calls nothing"
    for options in found:
        words = [word for word in shlex.split(options) if word != "--help"]
        context = retrain.make_context("retrain", words, resilient_parsing=False)
        assert context.params
