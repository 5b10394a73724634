"""The app's own commands, run as a user runs them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from webapp.settings import ROOT


def run_command(var: Path, *words: str) -> str:
    """Run ``everycase`` on the data in ``var``; returns what it prints."""
    process = subprocess.run(
        [sys.executable, "-m", "webapp.cli", *words],
        cwd=ROOT,
        env=os.environ | {"VAR_DIR": str(var)},
        capture_output=True,
        text=True,
        check=True,
    )
    return process.stdout
