"""Every code block of the README does what it says, as a newcomer runs it: one after another."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.serving import ask_json, served, wait_until
from tests.support.synthetic_rows import labelled_rows, write_csv
from webapp.settings import ROOT

README = (ROOT / "README.md").read_text("utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$|^ {4}(\S[^\n]*)$", re.M | re.S)
ADDRESS = "http://127.0.0.1:8050"
# What the README leaves to the reader: a fitted classifier of yes/no inputs
MODEL = """
import pandas
from sklearn.ensemble import RandomForestClassifier

inputs = pandas.DataFrame({"late": [0, 1, 0, 1] * 9, "loud": [0, 0, 1, 1] * 9})
model = RandomForestClassifier(5).fit(inputs, [0, 1, 1, 1] * 9)
"""


@dataclass(frozen=True)
class Newcomer:
    """A clone's folder with a file of players, and a running app with its own models and log."""

    folder: Path
    url: str

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        environ = {"VAR_DIR": str(self.folder / "var"), "MODELS_URI": str(self.folder / "models")}
        process = subprocess.run(
            [sys.executable, *words],
            cwd=self.folder,
            env=os.environ | environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert "Traceback" not in process.stderr, process.stderr
        return process

    def everycase(self, line: str) -> subprocess.CompletedProcess[str]:
        program, *words = shlex.split(line)
        assert program == ".venv/bin/everycase"  # where `make run` installs it
        return self.run("-m", "webapp.cli", *words)

    def versions(self) -> list[str]:
        versions = answer_of(f"{self.url}/api/v1/versions")["versions"]
        return [each["version"] for each in versions if each["status"] == "ready"]


def answer_of(url: str) -> dict[str, Any]:
    status, answer = ask_json(url)
    assert status == 200
    return dict(answer)


@pytest.fixture
def newcomer(tmp_path: Path) -> Iterator[Newcomer]:
    write_csv(tmp_path / "players.csv", labelled_rows(4200))
    shutil.copytree(ROOT / "models/logit_games_v1", tmp_path / "models/logit_games_v1")
    with served(tmp_path / "models", tmp_path / "var", WEB_CONCURRENCY="1") as (url, _):
        yield Newcomer(tmp_path, url)


def make(_: Newcomer, line: str) -> None:
    """Both targets exist and do what the rest of these tests do; none is run within the other."""
    command, comment = re.split(r"\s+# ", line)
    words = command.split()
    assert words in (["make", "run"], ["make", "test"])
    assert "PORT=9000 make run" in comment or words[1] == "test"
    recipe = subprocess.run(
        ["make", "-n", "-o", ".venv/.run", "-o", ".venv/.dev", words[1]],
        cwd=ROOT,
        env=os.environ | {"PORT": "9000"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    pattern_of = {
        "run": r"PORT=9000 .*gunicorn webapp\.wsgi:server",
        "test": r"scripts/run_tests\.sh",
    }
    assert re.search(pattern_of[words[1]], recipe)


def ask_from_a_program(newcomer: Newcomer, code: str) -> None:
    assert ADDRESS in code
    output = newcomer.run("-c", code.replace(ADDRESS, newcomer.url)).stdout
    assert f"    {output}" in README.partition(code)[2][:100]  # as the README says right after it


def read_an_answer(newcomer: Newcomer, line: str) -> None:
    float(line)  # the answer above; and what the README says of the whole of it and of errors
    games = "&".join(f"G{i}={int(i > 8)}" for i in range(1, 11))
    answer = answer_of(f"{newcomer.url}/?{games}")
    whole_answer = re.search(r"The whole answer is `({.*?})`", README, re.S)
    assert whole_answer
    assert re.findall(r'"(\w+)":', whole_answer[1]) == list(answer)
    assert f'"version": "{answer["version"]}"' in whole_answer[1]
    assert str(answer["case"]) in whole_answer[1]


def save_a_model(newcomer: Newcomer, code: str) -> None:
    assert newcomer.run("-c", MODEL + code).returncode == 0
    assert "churn_v1" not in newcomer.versions()


def add_it(newcomer: Newcomer, line: str) -> None:
    process = newcomer.everycase(line)
    assert process.returncode == 0, process.stderr
    assert process.stdout.startswith(f"Added {newcomer.folder}/models/churn_v1\n")
    assert "2 yes/no: late, loud" in process.stdout
    wait_until(lambda: "churn_v1" in newcomer.versions(), 90, "it appears, nothing is restarted")
    assert answer_of(f"{newcomer.url}/?late=1&loud=0&version=churn_v1")["success"] is True


def train(newcomer: Newcomer, line: str) -> None:
    assert newcomer.everycase(line).returncode == 0
    wait_until(lambda: "churn_v2" in newcomer.versions(), 60)


def judge_drift(newcomer: Newcomer, line: str) -> None:
    assert newcomer.everycase(
        ".venv/bin/everycase replay --data players.csv --rows 1:1500 --days 20"
    ).stdout.startswith("The log has 1,500 replayed events")
    verdict = answer_of(f"{newcomer.url}/api/v1/drift")["verdict"]
    process = newcomer.everycase(line)
    assert process.returncode == (verdict == "drifted")
    assert "logit_games_v1" in process.stdout


def retrain(newcomer: Newcomer, line: str) -> None:
    process = newcomer.everycase(line)
    assert process.returncode in {0, 4}, process.stderr  # 4: the champion is kept
    assert answer_of(f"{newcomer.url}/api/v1/retrain")["policy"] == "on_gain"
    promotion = re.search(r"(\w+) is champion now", process.stdout)
    champion = promotion[1] if promotion else "logit_games_v1"
    wait_until(lambda: answer_of(f"{newcomer.url}/api/v1/champion")["version"] == champion, 20)


HOW: dict[str, Callable[[Newcomer, str], None]] = {
    "make ": make,
    "import requests": ask_from_a_program,
    "0.": read_an_answer,
    "import mlflow": save_a_model,
    ".venv/bin/everycase add": add_it,
    ".venv/bin/everycase train": train,
    ".venv/bin/everycase drift": judge_drift,
    ".venv/bin/everycase retrain": retrain,
}


def test_every_block_of_the_readme_does_what_it_says(newcomer: Newcomer) -> None:
    blocks = [match[2] or match[3] for match in BLOCK.finditer(README)]
    assert len(blocks) == 9
    for block in blocks:
        (run,) = (run for begin, run in HOW.items() if block.startswith(begin))
        run(newcomer, block)
