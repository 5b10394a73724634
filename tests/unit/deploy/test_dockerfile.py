"""The tests' reading of Dockerfiles, and what ours says."""

from __future__ import annotations

import re

import pytest

from tests.support.container import DOCKERFILE
from tests.support.dockerfile import ignored, is_sent, parse, sent_files
from tests.support.locks import read_pins
from webapp.settings import ROOT

OURS = parse(DOCKERFILE.read_text("utf-8"))
IGNORE = DOCKERFILE.with_name("Dockerfile.dockerignore").read_text("utf-8")


def values(name: str) -> list[str]:
    return [instruction.value for instruction in OURS if instruction.name == name]


def test_an_instruction_may_go_over_several_lines() -> None:
    first, second = parse('# a comment\nRUN --mount=type=cache a && \\\n    b\nCMD ["c", "d e"]\n')
    assert (first.flags, first.value) == ({"mount": "type=cache"}, "a && b")
    assert second.words == ["c", "d e"]


def test_an_unknown_instruction_is_refused() -> None:
    with pytest.raises(AssertionError, match="ADD"):
        parse("ADD a b\n")


@pytest.mark.parametrize(
    ("path", "goes_along"),
    [
        ("a/b.py", True),
        ("a/c/b.py", True),
        ("a/__pycache__/b.pyc", False),
        ("other", False),
        ("deploy/in", True),
        ("deploy/out", False),
        ("ab", False),
    ],
)
def test_the_last_pattern_that_fits_decides(path: str, goes_along: bool) -> None:
    assert is_sent(path, ignored("# of ours\n*\n!a\n!deploy/in\n**/__pycache__\n")) is goes_along


def test_python_is_that_of_heroku_and_pinned_to_its_patch() -> None:
    minor = (ROOT / "runtime.txt").read_text("utf-8").strip().removeprefix("python-")
    assert re.fullmatch(
        rf"PYTHON_IMAGE=python:{re.escape(minor)}\.\d+-slim-[a-z]+", values("ARG")[0]
    )
    assert [value.split()[0] for value in values("FROM")] == ["${PYTHON_IMAGE}"] * 2


def test_it_starts_what_the_procfile_starts() -> None:
    procfile = (ROOT / "Procfile").read_text("utf-8")
    command = next(i.words for i in OURS if i.name == "CMD")
    assert f"web: {' '.join(command)}\n" in procfile


def test_its_user_is_a_number_other_than_root() -> None:
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", values("USER")[-1])


def test_the_image_has_the_pins_of_the_app_and_more() -> None:
    pins = read_pins(ROOT / "requirements.txt")
    image_pins = read_pins(ROOT / "requirements-server.txt")
    assert pins.items() <= image_pins.items()
    assert {pin.split("==")[0] for pin in image_pins.keys() - pins.keys()} == {
        "boto3",
        "botocore",
        "confluent-kafka",
        "jmespath",
        "s3transfer",
    }


def test_the_builder_gets_what_runs_and_nothing_of_ours() -> None:
    files = sent_files(ROOT, IGNORE)
    assert {"webapp/wsgi.py", "models/logit_games_v1/MLmodel", "gunicorn.conf.py"} <= set(files)
    pattern = r"(webapp|assets|models)/.+|docs/\w+\.md|deploy/docker/healthcheck\.py|[^/]+"
    assert [path for path in files if not re.fullmatch(pattern, path)] == []
    assert [path for path in files if "__pycache__" in path or path.startswith(".")] == []
