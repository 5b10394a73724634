"""Lambda from the start of its process to the first answer, beside a handler that loads the model.

Both run under Amazon's own runtime client; the peer does what the docs of MLflow show: it imports
mlflow, loads the model, and asks it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.figures import Figure, alternate
from tests.support.function_runtimes import NAME, clean_environ, shipped, under_lambda
from tests.support.root_contract import ROW, Ask, version_2
from webapp.catalog import export
from webapp.settings import ROOT

ROUNDS = 5
WARM = 2_000
_PEER = f'''"""The seed's style."""

import json

import mlflow.sklearn
import pandas as pd

MODEL = mlflow.sklearn.load_model({str(ROOT / "models" / NAME)!r})


def lambda_handler(event, context):
    asked = dict(pair.split("=") for pair in event["rawQueryString"].split("&"))
    row = pd.DataFrame([{{name: int(value) for name, value in asked.items()}}])
    response = str(MODEL.predict_proba(row)[0][1])
    return {{"statusCode": 200, "body": json.dumps({{"success": True, "response": response}})}}
'''
_EVENT = version_2(Ask(urlencode(ROW)))


def measure() -> list[Figure]:
    """A round of each goes first and isn't counted: it fills the file system's cache."""
    with tempfile.TemporaryDirectory(prefix="everycase-bench-") as folder:
        ours, peer = Path(folder, "ours"), Path(folder, "peer")
        files = export.make_bundle(NAME, shipped(), "lambda")
        export.write_folder(ours, files)
        export.write_folder(peer, {"lambda_function.py": _PEER.encode()})
        alternate(1, lambda: _cold(ours), lambda: _cold(peer))
        fast, slow = alternate(ROUNDS, lambda: _cold(ours), lambda: _cold(peer))
        times = tuple(b / a for a, b in zip(fast, slow, strict=True))
        against = f"mlflow.sklearn.load_model: {min(slow):.1f} s"
        return [
            Figure("Lambda's cold start, how often as fast", against, times, at_least=20),
            Figure("Lambda's cold start", "", tuple(1000 * t for t in fast), "ms", digits=0),
            Figure(
                "import of the bundle", "processor time", _imports(ours), "ms", at_most=20, digits=1
            ),
            Figure("Lambda, warm", "one at a time", (_warm(ours),), "requests/s", digits=0),
            Figure("bundle for Lambda", "", (len(export.make_zip(files)) / 1024,), "KiB", digits=1),
        ]


def _cold(folder: Path) -> float:
    """Seconds from the start of the process to its first answer."""
    start = time.perf_counter()
    with under_lambda(folder, Path(os.devnull)) as api:
        answer = api.invoke(_EVENT)
        seconds = time.perf_counter() - start
    assert json.loads(answer["body"])["success"] is True, answer
    return seconds


def _warm(folder: Path) -> float:
    """Requests a second, one after the other, through the Runtime API."""
    with under_lambda(folder, Path(os.devnull)) as api:
        api.invoke(_EVENT)
        start = time.perf_counter()
        for _ in range(WARM):
            api.invoke(_EVENT)
        return WARM / (time.perf_counter() - start)


def _imports(folder: Path) -> tuple[float, ...]:
    """Milliseconds of the processor in a bare Python; nothing was compiled before, as on Lambda."""
    code = (
        "import sys, time; sys.path.insert(0, '.'); begun = time.process_time(); "
        "import lambda_function; print(time.process_time() - begun)"
    )
    command = [getattr(sys, "_base_executable", sys.executable), "-I", "-B", "-c", code]
    seconds = []
    for _ in range(2 * ROUNDS):
        output = subprocess.check_output(command, cwd=folder, env=clean_environ())
        seconds.append(1000 * float(output))
    return tuple(seconds)
