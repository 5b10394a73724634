"""Fail when the lines of any of the given files or folders are covered less than asked.

Usage: check_coverage.py PERCENT PATH... (after a run that left .coverage)
"""

import json
import sys
import tempfile
from pathlib import Path

import coverage


def main(least: float, places: list[str]) -> int:
    """Print a line a place; 1 when one falls short."""
    data = coverage.Coverage()
    data.load()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "coverage.json"
        data.json_report(outfile=str(report), show_contexts=False)
        files = json.loads(report.read_text())["files"]
    is_short = False
    for place in places:
        summaries = [f["summary"] for name, f in files.items() if name.startswith(place)]
        lines = sum(s["num_statements"] for s in summaries)
        share = 100 * sum(s["covered_lines"] for s in summaries) / lines if lines else 0.0
        is_short |= share < least
        print(f"{place}: {share:.1f} % of {lines} lines are covered, {least:g} % are asked")
    return int(is_short)


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), sys.argv[2:]))
