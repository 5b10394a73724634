"""Lighthouse 12, mobile preset, on the landing page: ``make lighthouse``."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, status, table
from benchmarks.servers import serving
from tests.browser.conftest import FLAGS

RUNS = 3
BARS = {"performance": 0.80, "accessibility": 0.95, "best-practices": 1.0, "seo": 0.95}
LCP_SECONDS = 1.5
PEER = "benchmarks.peers:plain_dash()"


def main() -> int:
    """Run Lighthouse three times and compare the medians with the bars. Returns the exit status."""
    browser = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    if shutil.which("npx") is None or browser is None:
        print("Lighthouse needs Node (npx) and Chromium on the PATH.", file=sys.stderr)
        return 1
    with serving() as server, serving(PEER) as peer:
        pairs = [[_run(f"{s.url}/", browser) for s in (server, peer)] for _ in range(RUNS)]
    reports, peers = map(list, zip(*pairs, strict=True))
    _print_failing(reports[-1])
    figures = [*_figures(reports), _against(peers), _speed(reports)]
    print(table(figures))
    return status(figures)


def _run(url: str, browser: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as scratch:
        output = Path(scratch) / "report.json"
        command = ["npx", "--yes", "lighthouse@12", url, "--quiet", "--output=json"]
        command += [f"--output-path={output}", f"--chrome-flags={' '.join(FLAGS)}"]
        subprocess.run(command, cwd=scratch, env=os.environ | {"CHROME_PATH": browser}, check=True)
        report: dict[str, Any] = json.loads(output.read_text("utf-8"))
    if "runtimeError" in report:
        raise RuntimeError(report["runtimeError"]["message"])
    return report


def _figures(reports: list[dict[str, Any]]) -> list[Figure]:
    figures = [
        Figure(name, "", tuple(r["categories"][name]["score"] for r in reports), "", at_least=bar)
        for name, bar in BARS.items()
    ]
    seconds = tuple(_value(r, "largest-contentful-paint") / 1000 for r in reports)
    figures.append(Figure("largest contentful paint", "", seconds, "s", at_most=LCP_SECONDS))
    for name in ("first-contentful-paint", "speed-index", "total-blocking-time"):
        values = tuple(_value(r, name) / 1000 for r in reports)
        figures.append(Figure(name.replace("-", " "), "", values, "s"))
    shift = tuple(_value(r, "cumulative-layout-shift") for r in reports)
    return [*figures, Figure("cumulative layout shift", "", shift, "", digits=3)]


def _against(reports: list[dict[str, Any]]) -> Figure:
    """The score of an almost empty page on this machine."""
    scores = tuple(float(r["categories"]["performance"]["score"]) for r in reports)
    return Figure("the same, of a peer", "a plain Dash page", scores, "")


def _speed(reports: list[dict[str, Any]]) -> Figure:
    """Lighthouse's own benchmark of the machine; 1,500 and more is fast."""
    readings = tuple(float(r["environment"]["benchmarkIndex"]) for r in reports)
    return Figure("speed of this machine", "", readings, "", digits=0)


def _value(report: dict[str, Any], audit: str) -> float:
    return float(report["audits"][audit]["numericValue"])


def _print_failing(report: dict[str, Any]) -> None:
    for category in BARS:
        for reference in report["categories"][category]["auditRefs"]:
            audit = report["audits"][reference["id"]]
            if audit["score"] is not None and audit["score"] < 0.9:
                value = audit.get("displayValue", "")
                print(f"  {category}: {audit['id']} {audit['score']:.2f} {value}")


if __name__ == "__main__":
    sys.exit(main())
