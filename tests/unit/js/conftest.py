"""The arithmetic of assets/js, run by Node."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from webapp.settings import ROOT

Evaluate = Callable[[str, list[tuple[Any, ...]]], list[Any]]


@pytest.fixture(scope="package")
def evaluate() -> Iterator[Evaluate]:
    """Call ``module.function`` once per tuple of arguments; the results in order."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("comparing the scripts' arithmetic with Python's needs Node")
    command = [node, str(ROOT / "tests" / "js" / "evaluate.js")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        send, receive = process.stdin, process.stdout

        def run(function: str, arguments: list[tuple[Any, ...]]) -> list[Any]:
            send.write(json.dumps([function, arguments]) + "\n")
            line = receive.readline()
            assert line, f"Node ended at {function}; its error is above"
            results: list[Any] = json.loads(line)
            return results

        yield run
        send.close()
