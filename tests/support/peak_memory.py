"""The peak memory of requests, above that of the idle app: run as a process of its own.

``python -m tests.support.peak_memory FOLDER URL ADDRESS…`` prints a line of JSON per address:
the address, its status, and by how many MB the process grew at most while it was answered.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.support.versions import HandCatalog
from webapp.app import create_app, warm_up
from webapp.catalog.digest import OWN_FOLDER
from webapp.catalog.prepared import read_prepared
from webapp.catalog.versions import Version
from webapp.settings import Settings


def main(folder: Path, url: str, addresses: list[str]) -> None:
    """Ask for one address after the other."""
    models = sorted((folder / "models").iterdir())
    versions = [Version(m.name, "ready", prepared=read_prepared(m / OWN_FOLDER)) for m in models]
    app = create_app(Settings(database_url=url, var_dir=folder / "var"), HandCatalog(versions))
    warm_up(app)
    client = app.server.test_client()
    client.get(f"/api/v1/drift?days=1&version={versions[0].name}")  # whose code is loaded once
    idle = _megabytes("VmRSS")
    for address in addresses:
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
        with client.get(address) as response:
            response.get_data()
            row = address, response.status_code, round(_megabytes("VmHWM") - idle)
        print(json.dumps(row), flush=True)


def _megabytes(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1]) / 1024


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
